"""The local catalog: one DuckDB file with a view for each table over exactly the published partitions, and the views.

The file is built anew and renamed over the old one, so that publishing works while a client has it open; the client
keeps the old catalog until it opens the file again. The views name Parquet files by absolute path: any DuckDB client
can read them, and a moved data folder needs to be published again.
"""

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
from filelock import FileLock

from spotify_pipeline.catalog.publication import Partitions, Publication
from spotify_pipeline.errors import StorageError
from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.storage.tables import TableStore
from spotify_pipeline.tables.declarations import TABLES, VIEWS
from spotify_pipeline.tables.partition import PARTITION_COLUMN, PARTITION_DESCRIPTION
from spotify_pipeline.tables.schema import Column, ColumnType, Table, View

_DAY_IN_PATH = re.compile(rf"/{PARTITION_COLUMN}=(\d{{4}}-\d\d-\d\d)/")
_WORKSHOP = ".catalog-"  # how the names of folders begin in which the new file is built
_LOCK_SECONDS = 60  # publishing takes less than one, so whoever still holds the lock has been stopped in it


class DuckDBCatalog:
    """The catalog in a file."""

    def __init__(self, path: Path, tables: TableStore) -> None:
        """A catalog in `path` over the partitions in `tables`."""
        self.path, self._tables = path, tables

    @property
    def location(self) -> str:
        """The path of the file."""
        return str(self.path)

    def publish(self, progress: Progress = SILENT) -> Publication:
        """Make the catalog show all published days.

        Raises:
            StorageError: the file cannot be written; the old catalog stays.
        """
        del progress  # it takes less than a second
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_suffix(".lock"), timeout=_LOCK_SECONDS), self._workshop() as folder:
                days = self._tables.published_days()
                new = folder / self.path.name
                with duckdb.connect(new) as connection:
                    for table in TABLES.values():
                        connection.execute(self._view(table, days))
                        connection.execute("".join(_comments(table, PARTITION_DESCRIPTION)))
                    for view in VIEWS.values():
                        connection.execute(f"CREATE VIEW {view.name} AS {view.sql}")
                        connection.execute("".join(_comments(view)))
                # A client that wrote into the old file may have left its log, and DuckDB opens no file whose log is of
                # another one.
                self.path.with_name(f"{self.path.name}.wal").unlink(missing_ok=True)
                new.chmod(0o600)  # as the files that it shows
                new.replace(self.path)
        except (OSError, duckdb.Error) as error:
            raise StorageError(f"Cannot write the catalog {self.path}: {error}.") from None
        return Publication(days, self.location)

    def partitions(self) -> Partitions:
        """The days whose files the views name, by table."""
        views = self._ask("SELECT view_name, sql FROM duckdb_views() WHERE NOT internal")
        return {name: set(map(date.fromisoformat, _DAY_IN_PATH.findall(sql))) for name, sql in views if name in TABLES}

    def differences(self) -> Iterator[str]:
        """In what the views are not as declared."""
        found: dict[str, dict[str, str]] = {}
        for name, column, kind in self._ask("SELECT table_name, column_name, data_type FROM duckdb_columns()"):
            found.setdefault(name, {})[column] = kind
        for name, one in (TABLES | VIEWS).items():
            declared = {column.name: column.type.duckdb for column in one.columns}
            if name in TABLES:
                declared[PARTITION_COLUMN] = "DATE"
            if found.get(name) != declared:
                yield f"{name} has the columns {found.get(name, {})} instead of {declared}"

    def _ask(self, sql: str) -> list[tuple[str, ...]]:
        if not self.path.exists():
            return []
        try:
            with duckdb.connect(self.path, read_only=True) as connection:
                return connection.execute(sql).fetchall()
        except duckdb.Error as error:
            raise StorageError(
                f"Cannot read the catalog {self.path} ({error}): `spotify-pipeline run --from publish` makes it anew."
            ) from None

    @contextmanager
    def _workshop(self) -> Iterator[Path]:
        """A folder in which to build the new file; those that killed processes have left are cleared away."""
        for left in self.path.parent.glob(f"{_WORKSHOP}*"):
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=_WORKSHOP, dir=self.path.parent) as folder:
            yield Path(folder)

    def _view(self, table: Table, days: Iterable[date]) -> str:
        columns = [f'{_value(column)} AS "{column.name}"' for column in table.columns]
        files_of = self._tables.files(table.name)
        files = ", ".join(_text(file) for day in days for file in files_of.get(day, ()))
        if not files:
            empty = [f'NULL::{column.type.duckdb} AS "{column.name}"' for column in table.columns]
            return (
                f"CREATE VIEW {table.name} AS SELECT {', '.join(empty)}, NULL::DATE AS {PARTITION_COLUMN} WHERE false"
            )
        return (
            f"CREATE VIEW {table.name} AS SELECT {', '.join(columns)}, {PARTITION_COLUMN} FROM read_parquet([{files}], "
            f"hive_partitioning = true, hive_types = {{'{PARTITION_COLUMN}': DATE}}, union_by_name = true)"
        )


def _value(column: Column) -> str:
    if column.type is ColumnType.TIMESTAMP:
        # As in Athena: a time without zone, in UTC. A cast would go by the client's time zone.
        return f'make_timestamp(epoch_us("{column.name}"))'
    return f'"{column.name}"::{column.type.duckdb}'


def _comments(described: Table | View, partition: str | None = None) -> Iterable[str]:
    yield f"COMMENT ON VIEW {described.name} IS {_text(described.description)};"
    columns = {column.name: column.description for column in described.columns}
    if partition:
        columns[PARTITION_COLUMN] = partition
    for name, description in columns.items():
        yield f'COMMENT ON COLUMN {described.name}."{name}" IS {_text(description)};'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
