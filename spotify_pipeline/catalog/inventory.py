"""What the local catalog remembers of the files that its views name, in a schema of its own: `inventory`.

Which columns a Parquet file has stands in the file alone, and to open thousands of files for each publication takes
seconds: so each is looked at once, and again only when it was replaced.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb

from spotify_pipeline.catalog.duckdb_sql import quoted
from spotify_pipeline.tables.schema import Table


class File(NamedTuple):
    """What is known of a file: which version of it, and the columns that this has, with commas between."""

    version: str
    columns: str


class Inventory:
    """The files of a catalog, and the days that its months hold."""

    def __init__(self, known: Mapping[str, File]) -> None:
        """Files that were looked at before, by address."""
        self._known = known
        self._files: dict[str, File] = {}

    @classmethod
    def of(cls, catalog: Path, connection: duckdb.DuckDBPyConnection) -> "Inventory":
        """That of an existing catalog, read over a connection to another one.

        Where there is none, or another process is writing to it, nothing is known.
        """
        rows = []
        if catalog.exists():
            with suppress(duckdb.Error):
                connection.execute(f"ATTACH {quoted(str(catalog))} AS earlier (READ_ONLY)")
                rows = connection.execute("SELECT address, version, columns FROM earlier.inventory.files").fetchall()
            connection.execute("DETACH DATABASE IF EXISTS earlier")
        return cls({address: File(version, columns) for address, version, columns in rows})

    def lacking(
        self, connection: duckdb.DuckDBPyConnection, table: Table, versions: Mapping[str, str]
    ) -> frozenset[str]:
        """Those of a table's files, by address, which an earlier version wrote: they lack declared columns.

        Raises:
            duckdb.Error: a file that was not looked at before is none, or damaged.
        """
        new = [address for address, version in versions.items() if self._version(address) != version]
        if new:
            found = connection.execute(_COLUMNS, {"files": new}).fetchall()
            self._files.update({address: File(versions[address], columns) for address, columns in found})
        self._files.update({address: self._known[address] for address in versions.keys() - set(new)})
        declared = {column.name for column in table.columns}
        return frozenset(
            address for address in versions if not declared <= set(self._files[address].columns.split(","))
        )

    def write(self, connection: duckdb.DuckDBPyConnection, days_in_months: Iterable[tuple[str, date]]) -> None:
        """Put it into a new catalog, with the days of each table that its months hold."""
        connection.execute("CREATE SCHEMA inventory")
        connection.execute("CREATE TABLE inventory.files (address VARCHAR, version VARCHAR, columns VARCHAR)")
        connection.execute("CREATE TABLE inventory.days_in_months (table_name VARCHAR, snapshot_date DATE)")
        files = [(address, *file) for address, file in self._files.items()]
        _insert(connection, "inventory.files", files)
        _insert(connection, "inventory.days_in_months", list(days_in_months))

    def _version(self, address: str) -> str | None:
        known = self._known.get(address)
        return known.version if known else None


_COLUMNS = """
SELECT file_name, string_agg(name, ',' ORDER BY name) FROM parquet_schema($files) WHERE duckdb_type IS NOT NULL
GROUP BY file_name
"""


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        columns = list(map(list, zip(*rows, strict=True)))
        unnested = ", ".join(f"unnest(${number})" for number in range(1, len(columns) + 1))
        connection.execute(f"INSERT INTO {table} SELECT {unnested}", columns)
