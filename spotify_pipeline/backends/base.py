"""What every part of the work needs: the settings, the time, and the raw documents."""

from collections.abc import Callable
from functools import cached_property

from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.patience import Clock, Patience, Tell
from spotify_pipeline.storage.objects import SharedStore, open_store
from spotify_pipeline.storage.raw import RawStore


class Base:
    """The settings of a process and its raw documents.

    Attributes:
        is_invented: whether the history is a demo's.
    """

    is_invented = False

    def __init__(
        self,
        settings: Settings,
        *,
        new_patience: Callable[[Tell], Patience] = lambda tell: Patience(tell=tell),
    ) -> None:
        """Use the folders or buckets in `settings`."""
        self.settings = settings
        self.new_patience = new_patience

    @cached_property
    def raw(self) -> RawStore:
        """The raw documents."""
        return RawStore(self.raw_objects)

    @property
    def clock(self) -> Clock:
        """The time, by which consents and quotas end."""
        return self.new_patience(lambda _: None).clock

    @cached_property
    def raw_objects(self) -> SharedStore:
        """The objects in which raw documents are kept."""
        return self._objects("raw", self.settings.raw_bucket)

    def _objects(self, folder: str, bucket: str | None) -> SharedStore:
        is_local = self.settings.target == "local"
        return open_store(str(self.settings.data_dir / folder) if is_local else f"s3://{bucket}")
