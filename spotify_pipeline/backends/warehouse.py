"""What audit, publication and verification need besides the stores: a catalog, and SQL over it."""

from abc import ABC, abstractmethod
from pathlib import Path

from spotify_pipeline.backends.stores import Stores
from spotify_pipeline.catalog.publication import Catalog
from spotify_pipeline.query.engine import Engine


class Warehouse(Stores, ABC):
    """Raw documents and tables; what shows them and answers SQL is the target's."""

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
