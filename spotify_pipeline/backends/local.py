"""The warehouse of a laptop: files, and DuckDB over them."""

from functools import cached_property

from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.catalog.duckdb import DuckDBCatalog
from spotify_pipeline.catalog.publication import Catalog
from spotify_pipeline.query.duckdb import DuckDBEngine
from spotify_pipeline.query.engine import Engine


class LocalWarehouse(Warehouse):
    """Tables in the data folder."""

    @cached_property
    def catalog(self) -> Catalog:
        """DuckDB's views."""
        return DuckDBCatalog(self.duckdb_file, self.tables, self.months)

    @cached_property
    def engine(self) -> Engine:
        """DuckDB, asked in Athena's dialect."""
        return DuckDBEngine(self.duckdb_file)
