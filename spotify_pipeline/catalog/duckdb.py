"""The local catalog: one DuckDB file with a view for each table over exactly the published partitions, and the views.

The file is built anew and renamed over the old one, so that publishing works while a client has it open; the client
keeps the old catalog until it opens the file again. The views name Parquet files by absolute path: any DuckDB client
can read them, and a moved data folder needs to be published again. Where a month holds what is published, they name its
files instead of those of its days.
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

from spotify_pipeline.catalog.duckdb_sql import comments, quoted, shown_value, stored_type
from spotify_pipeline.catalog.inventory import Inventory
from spotify_pipeline.catalog.publication import Partitions, Publication, published_files
from spotify_pipeline.errors import StorageError
from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.storage.months import Months, PublishedFiles
from spotify_pipeline.storage.tables import TableStore
from spotify_pipeline.tables.declarations import COVERAGE, TABLES, VIEWS
from spotify_pipeline.tables.partition import MONTH_COLUMN, PARTITION_COLUMN, PARTITION_DESCRIPTION
from spotify_pipeline.tables.schema import Table

_DAY_IN_PATH = re.compile(rf"/{PARTITION_COLUMN}=(\d{{4}}-\d\d-\d\d)/")
_MONTH_IN_PATH = re.compile(rf"/{MONTH_COLUMN}=(\d{{4}}-\d\d-\d\d)/")
_WORKSHOP = ".catalog-"  # how the names of folders begin in which the new file is built
_LOCK_SECONDS = 60  # publishing takes less than one, so whoever still holds the lock has been stopped in it


class DuckDBCatalog:
    """The catalog in a file."""

    def __init__(self, path: Path, tables: TableStore, months: Months | None = None) -> None:
        """A catalog in `path` over the partitions in `tables`, and over their `months` if there are any."""
        self.path, self._tables, self._months = path, tables, months

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
                published = published_files(self._tables)
                days = sorted(published[COVERAGE.name])
                new = folder / self.path.name
                with duckdb.connect(new) as connection:
                    inventory = Inventory.of(self.path, connection)
                    connection.begin()  # all at once: alone each statement would be written by itself
                    self._write_tables(connection, published, inventory)
                    for view in VIEWS.values():
                        connection.execute(f"CREATE VIEW {view.name} AS {view.sql}")
                        connection.execute("".join(comments("VIEW", view)))
                    connection.commit()
                # A client that wrote into the old file may have left its log, and DuckDB opens no file whose log is of
                # another one.
                self.path.with_name(f"{self.path.name}.wal").unlink(missing_ok=True)
                new.chmod(0o600)  # as the files that it shows
                new.replace(self.path)
        except (OSError, duckdb.Error) as error:
            raise StorageError(f"Cannot write the catalog {self.path}: {error}.") from None
        return Publication(days, self.location)

    def withdraw(self) -> None:
        """As `publish`, which takes no longer."""
        self.publish()

    def partitions(self) -> Partitions:
        """The days whose files the views name, be it the files of the days or those of their months, by table."""
        views, days_in_months = self._ask(
            "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal",
            "SELECT table_name, CAST(snapshot_date AS VARCHAR) FROM inventory.days_in_months",
        )
        in_months: Partitions = {}
        for name, day in days_in_months:
            in_months.setdefault(name, set()).add(date.fromisoformat(day))
        found: Partitions = {}
        for name, sql in views:
            if name in TABLES:
                months = set(map(date.fromisoformat, _MONTH_IN_PATH.findall(sql)))
                found[name] = set(map(date.fromisoformat, _DAY_IN_PATH.findall(sql)))
                found[name] |= {day for day in in_months.get(name, ()) if day.replace(day=1) in months}
        return found

    def differences(self) -> Iterator[str]:
        """In what the views are not as declared."""
        found: dict[str, dict[str, str]] = {}
        (columns,) = self._ask(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = 'main'"
        )
        for name, column, kind in columns:
            found.setdefault(name, {})[column] = kind
        for name, one in (TABLES | VIEWS).items():
            declared = {column.name: column.type.duckdb for column in one.columns}
            if name in TABLES:
                declared[PARTITION_COLUMN] = "DATE"
            if found.get(name) != declared:
                yield f"{name} has the columns {found.get(name, {})} instead of {declared}"

    def _ask(self, *questions: str) -> list[list[tuple[str, ...]]]:
        """The answer to each question, over one connection: to open one takes longer than to answer them."""
        if not self.path.exists():
            return [[] for _ in questions]
        try:
            with duckdb.connect(self.path, read_only=True) as connection:
                return [connection.execute(question).fetchall() for question in questions]
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

    def _write_tables(
        self, connection: duckdb.DuckDBPyConnection, published: PublishedFiles, inventory: Inventory
    ) -> None:
        months = self._months.current(published) if self._months else {}
        days_in_months = []
        for name, table in TABLES.items():
            of_days: dict[str, str] = {}
            for day, files in published[name].items():
                if day.replace(day=1) in months:
                    days_in_months.append((name, day))
                else:
                    of_days |= {self._tables.address(key): version for key, version in files.items()}
            of_months = {
                self._tables.address(key): month.version
                for month in months.values()
                for key in month.files.get(name, ())
            }
            sources = []
            for files, options in ((of_days, _OF_DAYS), (of_months, _OF_MONTHS)):
                lacking = inventory.lacking(connection, table, files)
                sources.append(_source(table, [file for file in files if file not in lacking], options))
                sources.append(_source(None, [file for file in files if file in lacking], options))
            connection.execute(_view(table, [source for source in sources if source]))
            connection.execute("".join(comments("VIEW", table, PARTITION_DESCRIPTION)))
        inventory.write(connection, days_in_months)


_OF_DAYS = f"hive_partitioning = true, hive_types = {{'{PARTITION_COLUMN}': DATE}}"
_OF_MONTHS = "hive_partitioning = false"


def _source(table: Table | None, files: Iterable[str], options: str) -> str:
    """The rows of some files: of those that have all columns of a table, or else of those that lack some of them.

    The first kind is read without `union_by_name`, for which DuckDB opens each file before any question.
    """
    listed = ", ".join(map(quoted, files))
    if not listed:
        return ""
    if table is None:
        return f"SELECT * FROM read_parquet([{listed}], {options}, union_by_name = true)"
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    return f"SELECT {columns}, {PARTITION_COLUMN} FROM read_parquet([{listed}], {options})"


def _view(table: Table, sources: Iterable[str]) -> str:
    """The rows of all sources; what one of them lacks is null."""
    columns = ", ".join(f'{shown_value(column)} AS "{column.name}"' for column in table.columns)
    empty = ", ".join(f'NULL::{stored_type(column)} AS "{column.name}"' for column in table.columns)
    rows = " UNION ALL BY NAME ".join([f"SELECT {empty}, NULL::DATE AS {PARTITION_COLUMN} WHERE false", *sources])
    return f"CREATE VIEW {table.name} AS SELECT {columns}, {PARTITION_COLUMN} FROM ({rows})"
