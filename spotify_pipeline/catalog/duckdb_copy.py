"""A DuckDB database with the rows of all tables in it, which needs no other file."""

import glob
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from spotify_pipeline.catalog.duckdb_sql import comments, quoted, shown_value, stored_type
from spotify_pipeline.errors import StorageError
from spotify_pipeline.tables.declarations import TABLES, VIEWS
from spotify_pipeline.tables.months import with_days
from spotify_pipeline.tables.partition import PARTITION_COLUMN
from spotify_pipeline.tables.schema import ColumnType, Table

_MEMORY = "1GB"  # for what DuckDB keeps of the file; the rest it reads and writes as it needs it
_MOST_ROWS_WITH_KEY = 2_000_000  # DuckDB holds the whole index in memory while it makes it: 250 bytes for each row


class DuckDBCopy:
    """The database while it is made. A table has its rows in the order in which they are added."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Create the tables, without rows."""
        self._connection = connection
        self._tables = {name: with_days(table) for name, table in TABLES.items()}
        for name, table in self._tables.items():
            columns = ", ".join(f'"{column.name}" {column.type.duckdb}' for column in table.columns)
            connection.execute(f"CREATE TABLE {name} ({columns})")

    def add(self, name: str, file: Path) -> int:
        """Add the rows of a Parquet file, which has the day as a column too, to a table; gives how many."""
        columns = ", ".join(map(shown_value, self._tables[name].columns))
        rows = self._connection.execute(
            f"INSERT INTO {name} SELECT {columns} FROM read_parquet($file, hive_partitioning = false)",
            {"file": glob.escape(str(file))},
        ).fetchone()
        return rows[0] if rows else 0

    def describe(self) -> None:
        """Add keys, views and descriptions; a key only to tables that are not too large for one."""
        for name, table in self._tables.items():
            (rows,) = self._connection.execute(f"SELECT count(*) FROM {name}").fetchone() or (0,)
            if rows <= _MOST_ROWS_WITH_KEY:
                self._connection.execute(f"ALTER TABLE {name} ADD PRIMARY KEY ({', '.join(_key(table))})")
            self._connection.execute("".join(comments("TABLE", table)))
        for view in VIEWS.values():
            self._connection.execute(f"CREATE VIEW {view.name} AS {view.sql}")
            self._connection.execute("".join(comments("VIEW", view)))

    def write_parquet(self, name: str, file: Path) -> None:
        """Write the rows of a table into a Parquet file, with the types that the published ones have."""
        times = [column for column in self._tables[name].columns if column.type is ColumnType.TIMESTAMP]
        changed = ", ".join(f'"{column.name}"::{stored_type(column)} AS "{column.name}"' for column in times)
        columns = f"* REPLACE ({changed})" if changed else "*"
        self._connection.execute(
            f"COPY (SELECT {columns} FROM {name}) TO {quoted(str(file))} (FORMAT parquet, COMPRESSION zstd)"
        )


@contextmanager
def new_copy(file: Path, scratch: Path) -> Iterator[DuckDBCopy]:
    """Make such a database in a new file; `scratch` is a folder for what DuckDB does not keep in memory.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        with duckdb.connect(file) as connection:
            connection.execute(f"SET memory_limit = '{_MEMORY}'")
            connection.execute(f"SET temp_directory = {quoted(str(scratch))}")
            connection.execute("SET TimeZone = 'UTC'")  # so that casts of times do not go by this machine's
            yield DuckDBCopy(connection)
    except duckdb.Error as error:
        raise StorageError(f"Cannot write the copy {file}: {error}.") from None


def _key(table: Table) -> tuple[str, ...]:
    """The day first: the order in which the rows are."""
    return PARTITION_COLUMN, *(name for name in table.primary_key if name != PARTITION_COLUMN)
