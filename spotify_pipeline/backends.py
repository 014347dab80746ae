"""What the settings choose: the stores, the catalog and the Spotify client that a process works with."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cached_property

from spotify_pipeline.catalog.duckdb import DuckDBCatalog
from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.client import SpotifyClient
from spotify_pipeline.spotify.patience import Clock, Patience, Tell
from spotify_pipeline.spotify.quota import Quota
from spotify_pipeline.spotify.token_store import TokenStore
from spotify_pipeline.storage.objects import ObjectStore, open_store
from spotify_pipeline.storage.raw import RawStore
from spotify_pipeline.storage.state import StoredState
from spotify_pipeline.storage.tables import TableStore


class Backends:
    """Each part is made when first used: loading Dagster's definitions touches neither files nor network."""

    def __init__(
        self,
        settings: Settings,
        *,
        raw_location: str = "",
        tables_location: str = "",
        new_patience: Callable[[Tell], Patience] = lambda tell: Patience(tell=tell),
    ) -> None:
        """Use the folders in `settings`, or other locations: paths or `s3://bucket/prefix` addresses."""
        self.settings = settings
        self.new_patience = new_patience
        self._raw_location = raw_location or str(settings.data_dir / "raw")
        self._tables_location = tables_location or str(settings.data_dir / "tables")

    @cached_property
    def raw(self) -> RawStore:
        """The raw documents."""
        return RawStore(open_store(self._raw_location))

    @cached_property
    def tables(self) -> TableStore:
        """The table partitions."""
        return TableStore(open_store(self._tables_location))

    @cached_property
    def catalog(self) -> DuckDBCatalog:
        """The catalog of published partitions."""
        return DuckDBCatalog(self.settings.data_dir / "catalog.duckdb", self.tables)

    @property
    def clock(self) -> Clock:
        """The time, by which consents and quotas end."""
        return self.new_patience(lambda _: None).clock

    @property
    def object_stores(self) -> dict[str, ObjectStore]:
        """What lies under the stores, by what is kept in it."""
        return {"raw documents": open_store(self._raw_location), "tables": open_store(self._tables_location)}

    @property
    def tokens(self) -> TokenStore:
        """The tokens that `login` and renewals have stored."""
        return TokenStore(self.settings.data_dir / "spotify_token.json")

    def quota(self, day: date) -> Quota:
        """What the app may still ask on a day, as it is remembered now."""
        app = hashlib.sha256((self.settings.client_id or "").encode()).hexdigest()[:12]
        memory = StoredState(open_store(self._raw_location), f"quota-{app}")
        return Quota(memory, self.clock, day, self.settings.request_budget)

    @contextmanager
    def spotify(self, tell: Tell = lambda _: None) -> Iterator[SpotifyClient]:
        """A Spotify client, closed in the end. `tell` hears what it waits for.

        Raises:
            LoginError: there are no credentials.
        """
        patience = self.new_patience(tell)
        quota = self.quota(self.settings.today())
        with SpotifyClient.from_settings(self.settings, patience, quota, self.tokens) as client:
            yield client
