"""All parts together, as the settings choose them: what Dagster and the command line work with."""

from collections.abc import Callable, Mapping

from spotify_pipeline.backends.aws import AwsWarehouse
from spotify_pipeline.backends.local import LocalWarehouse
from spotify_pipeline.backends.source import Source
from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.patience import Patience, Tell
from spotify_pipeline.storage.objects import ObjectStore


class Backends(Source, Warehouse):
    """Everything between Spotify and SQL."""

    @property
    def object_stores(self) -> Mapping[str, ObjectStore]:
        """What lies under the stores, by what is kept in it."""
        return {"raw documents": self.raw_objects, "tables": self.table_objects}


class LocalBackends(Backends, LocalWarehouse):
    """Everything on a laptop."""


class AwsBackends(Backends, AwsWarehouse):
    """Everything in AWS."""


def choose_backends(
    settings: Settings,
    *,
    new_patience: Callable[[Tell], Patience] = lambda tell: Patience(tell=tell),
) -> Backends:
    """The backends of the target that the settings name."""
    backends = LocalBackends if settings.target == "local" else AwsBackends
    return backends(settings, new_patience=new_patience)
