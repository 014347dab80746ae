"""What the settings choose: the stores, the catalog and the Spotify client that a process works with."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from spotify_pipeline.catalog.duckdb import DuckDBCatalog
from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.client import SpotifyClient
from spotify_pipeline.storage.objects import open_store
from spotify_pipeline.storage.raw import RawStore
from spotify_pipeline.storage.tables import TableStore


class Backends:
    """Each part is made when first used: loading Dagster's definitions touches neither files nor network."""

    def __init__(self, settings: Settings, *, raw_location: str = "", tables_location: str = "") -> None:
        """Use the folders in `settings`, or other locations: paths or `s3://bucket/prefix` addresses."""
        self.settings = settings
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

    @contextmanager
    def spotify(self) -> Iterator[SpotifyClient]:
        """A Spotify client, closed in the end.

        Raises:
            LoginError: there are no credentials.
        """
        with SpotifyClient.from_settings(self.settings) as client:
            yield client
