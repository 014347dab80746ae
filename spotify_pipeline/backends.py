"""What the settings choose: the stores, the catalog, the SQL engine and the Spotify client of a process."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from pathlib import Path

from spotify_pipeline import aws
from spotify_pipeline.catalog.crawler import CrawledCatalog
from spotify_pipeline.catalog.duckdb import DuckDBCatalog
from spotify_pipeline.catalog.glue import GlueCatalog
from spotify_pipeline.catalog.glue_database import GlueDatabase
from spotify_pipeline.catalog.publication import Catalog
from spotify_pipeline.query.athena import AthenaEngine
from spotify_pipeline.query.duckdb import DuckDBEngine
from spotify_pipeline.query.engine import Engine
from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.client import SpotifyClient
from spotify_pipeline.spotify.patience import Clock, Patience, Tell
from spotify_pipeline.spotify.quota import Quota
from spotify_pipeline.spotify.token_store import TokenFile, TokenStore
from spotify_pipeline.storage.objects import ObjectStore, open_store
from spotify_pipeline.storage.raw import RawStore
from spotify_pipeline.storage.secret import SpotifySecret
from spotify_pipeline.storage.state import StoredState
from spotify_pipeline.storage.tables import TableStore


class Backends:
    """Each part is made when first used: loading Dagster's definitions touches neither files nor network."""

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
        return RawStore(self._raw_objects)

    @cached_property
    def tables(self) -> TableStore:
        """The table partitions."""
        return TableStore(self._table_objects)

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog of published partitions."""
        settings = self.settings
        if settings.target == "local":
            return DuckDBCatalog(self.duckdb_file, self.tables)
        client = aws.client("glue")
        database = GlueDatabase(client, settings.glue_database, self.tables)
        if settings.catalog_mode == "crawler":
            return CrawledCatalog(client, database, self.tables, settings.crawler_role, self.clock)
        return GlueCatalog(database, self.tables)

    @cached_property
    def engine(self) -> Engine:
        """What answers SQL over the catalog."""
        if self.settings.target == "local":
            return DuckDBEngine(self.duckdb_file)
        return AthenaEngine(
            aws.client("athena"), self.settings.athena_workgroup, self.settings.glue_database, self.clock
        )

    @property
    def duckdb_file(self) -> Path:
        """The catalog of the local target, for any DuckDB client."""
        return self.settings.data_dir / "catalog.duckdb"

    @property
    def clock(self) -> Clock:
        """The time, by which consents and quotas end."""
        return self.new_patience(lambda _: None).clock

    @property
    def object_stores(self) -> dict[str, ObjectStore]:
        """What lies under the stores, by what is kept in it."""
        return {"raw documents": self._raw_objects, "tables": self._table_objects}

    @property
    def logins(self) -> TokenStore:
        """Where `login` stores the tokens that it gets: in the secret, if there is one."""
        return self._secret or self._token_file

    @property
    def tokens(self) -> TokenStore:
        """Where the tokens of a run are: with the logins, but on this machine if the environment gives a token."""
        return self._token_file if self.settings.refresh_token else self.logins

    @cached_property
    def app_settings(self) -> Settings:
        """The settings with the Spotify app, which is the secret's unless the environment names one.

        Raises:
            StorageError: the secret cannot be read.
        """
        if self._secret is None or self.settings.client_id:
            return self.settings
        return self.settings.model_copy(update=self._secret.app()._asdict())

    def quota(self, day: date) -> Quota:
        """What the app may still ask on a day, as it is remembered now."""
        app = hashlib.sha256((self.app_settings.client_id or "").encode()).hexdigest()[:12]
        memory = StoredState(self._raw_objects, f"quota-{app}")
        return Quota(memory, self.clock, day, self.settings.request_budget)

    @contextmanager
    def spotify(self, tell: Tell = lambda _: None) -> Iterator[SpotifyClient]:
        """A Spotify client, closed in the end. `tell` hears what it waits for.

        Raises:
            LoginError: there are no credentials.
            StorageError: they cannot be read.
        """
        patience = self.new_patience(tell)
        quota = self.quota(self.settings.today())
        with SpotifyClient.from_settings(self.app_settings, patience, quota, self.tokens) as client:
            yield client

    @cached_property
    def _raw_objects(self) -> ObjectStore:
        return self._objects("raw", self.settings.raw_bucket)

    @cached_property
    def _table_objects(self) -> ObjectStore:
        return self._objects("tables", self.settings.tables_bucket)

    def _objects(self, folder: str, bucket: str | None) -> ObjectStore:
        is_local = self.settings.target == "local"
        return open_store(str(self.settings.data_dir / folder) if is_local else f"s3://{bucket}")

    @property
    def _token_file(self) -> TokenFile:
        return TokenFile(self.settings.data_dir / "spotify_token.json")

    @cached_property
    def _secret(self) -> SpotifySecret | None:
        settings = self.settings
        if settings.target == "local" or not settings.secret_id:
            return None
        return SpotifySecret(aws.client("secretsmanager"), settings.secret_id, str(settings.accounts_url))
