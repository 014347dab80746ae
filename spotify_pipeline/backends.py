"""What the settings choose: the stores, the catalog and the Spotify client that a process works with."""

from dataclasses import dataclass, field
from functools import cached_property

from spotify_pipeline.catalog.duckdb import DuckDBCatalog
from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.client import SpotifyClient
from spotify_pipeline.storage.objects import open_store
from spotify_pipeline.storage.raw import RawStore
from spotify_pipeline.storage.tables import TableStore


@dataclass(frozen=True)
class Backends:
    """Made when first used: loading Dagster's definitions touches neither files nor network."""

    settings: Settings
    locations: tuple[str, str] | None = field(default=None)
    """Where raw documents and tables are, instead of the settings' folders: paths or `s3://` addresses."""

    @cached_property
    def raw(self) -> RawStore:
        """The raw documents."""
        return RawStore(open_store(self._locations[0]))

    @cached_property
    def tables(self) -> TableStore:
        """The table partitions."""
        return TableStore(open_store(self._locations[1]))

    @cached_property
    def catalog(self) -> DuckDBCatalog:
        """The catalog of published partitions."""
        return DuckDBCatalog(self.settings.data_dir / "catalog.duckdb", self.tables)

    def client(self) -> SpotifyClient:
        """A Spotify client, which counts its own requests.

        Raises:
            LoginError: there are no credentials.
        """
        return SpotifyClient.from_settings(self.settings)

    @property
    def _locations(self) -> tuple[str, str]:
        folder = self.settings.data_dir
        return self.locations or (str(folder / "raw"), str(folder / "tables"))
