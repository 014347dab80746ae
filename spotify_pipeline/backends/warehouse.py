"""What transformation, audit, publication and verification need: raw documents, tables, a catalog and SQL."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from spotify_pipeline.backends.base import Base
from spotify_pipeline.catalog.publication import Catalog
from spotify_pipeline.query.engine import Engine
from spotify_pipeline.storage.due import DueDays
from spotify_pipeline.storage.objects import SharedStore
from spotify_pipeline.storage.spans import Spans
from spotify_pipeline.storage.tables import TableStore


class Warehouse(Base, ABC):
    """Raw documents and tables; what shows them and answers SQL is the target's."""

    @cached_property
    def tables(self) -> TableStore:
        """The table partitions."""
        return TableStore(self.table_objects)

    @cached_property
    def due(self) -> DueDays:
        """The days whose tables have to be made again."""
        return DueDays(self.table_objects)

    @cached_property
    def spans(self) -> Spans:
        """From when to when SQL shows each playlist."""
        return Spans(self.table_objects)

    @abstractmethod
    def opener(self) -> Callable[[], "Warehouse"]:
        """What opens this warehouse in another process."""

    @property
    @abstractmethod
    def catalog(self) -> Catalog:
        """The catalog of published partitions."""

    @property
    @abstractmethod
    def engine(self) -> Engine:
        """What answers SQL over the catalog."""

    @property
    def duckdb_file(self) -> Path:
        """The catalog of the local target, for any DuckDB client."""
        return self.settings.data_dir / "catalog.duckdb"

    @cached_property
    def table_objects(self) -> SharedStore:
        """The objects in which tables are kept."""
        return self._objects("tables", self.settings.tables_bucket)
