"""Copies of all tables that need nothing else: one DuckDB file, or a folder of Parquet files.

Both are made in the same way: the published days are put into a DuckDB database one after the other, each table sorted
by day and key, so that memory does not grow with the days. It is made beside the place where it is to be, and renamed.
"""

import glob
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

from spotify_pipeline.backends.stores import Stores
from spotify_pipeline.catalog.duckdb_copy import DuckDBCopy, new_copy
from spotify_pipeline.catalog.publication import published_files
from spotify_pipeline.errors import DataError, SettingsError, StorageError
from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.storage.months import PublishedFiles
from spotify_pipeline.tables.declarations import COVERAGE, TABLES
from spotify_pipeline.tables.months import month_frame, with_days
from spotify_pipeline.tables.parquet import to_parquet

DUCKDB = ".duckdb"
"""How the name of a DuckDB file ends; whatever is called otherwise is a folder of Parquet files."""

_PARQUET_FILES = {f"{name}.parquet" for name in TABLES}


class ExportedTables(NamedTuple):
    """What was copied: how many days and rows of all tables, and how many bytes that takes."""

    days: int
    rows: int
    size: int


def export_tables(
    backends: Stores, path: Path, *, replace: bool = False, progress: Progress = SILENT
) -> ExportedTables:
    """Copy all published rows to a path of this machine, which nobody else may read.

    Args:
        backends: the stores, of any target.
        path: a file whose name ends in `.duckdb`, or a folder.
        replace: whether an earlier copy under that path may be replaced.
        progress: is told of each day of each table.

    Raises:
        SettingsError: there is something under that path, and it is not to be replaced, or no such copy.
        DataError: no day is published, a file is damaged, or a day was published anew meanwhile.
        StorageError: something cannot be read or written.
    """
    _make_sure(path, replace=replace)
    published = published_files(backends.tables)
    if not (days := sorted(published[COVERAGE.name])):
        raise DataError("No day is published yet: run `spotify-pipeline run`, or `spotify-pipeline demo`.")
    with _workshop(path) as folder:
        database = folder / "tables.duckdb"
        with new_copy(database, folder / "scratch") as copy:
            rows = _copy_days(backends, published, copy, folder / "day.parquet", progress)
            if _of(published_files(backends.tables), days) != published:
                raise DataError("A day was published anew meanwhile, so the copy would not be of one time: run again.")
            made = database
            if path.suffix == DUCKDB:
                copy.describe()
            else:
                made = folder / "parquet"
                made.mkdir(mode=0o700)
                for name in TABLES:
                    copy.write_parquet(name, made / f"{name}.parquet")
        files = [made] if made.is_file() else list(made.iterdir())
        for file in files:
            file.chmod(0o600)
        size = sum(file.stat().st_size for file in files)
        _put_in_place(made, path, folder / "replaced")
    return ExportedTables(len(days), rows, size)


def _make_sure(path: Path, *, replace: bool) -> None:
    """Refuse a path at which something would be lost."""
    if not path.exists():
        return
    if not replace:
        raise SettingsError(f"{path} exists already: choose another path, or replace it with --force.")
    if path.suffix == DUCKDB and not path.is_file():
        raise SettingsError(f"{path} is no file, so no DuckDB file can take its place: choose another path.")
    if path.suffix != DUCKDB and not (path.is_dir() and {file.name for file in path.iterdir()} <= _PARQUET_FILES):
        raise SettingsError(f"{path} is no folder of tables alone, so it is not replaced: choose another path.")


def _copy_days(backends: Stores, published: PublishedFiles, copy: DuckDBCopy, file: Path, progress: Progress) -> int:
    """Copy day by day; gives how many rows that are. `file` is used for one day of a table at a time."""
    total, done, rows = sum(map(len, published.values())), 0, 0
    progress.count(0, total, "")
    for name, table in TABLES.items():
        for day in sorted(published[name]):
            frame = month_frame(table, {day: backends.tables.read_published(name, day)})
            file.write_bytes(to_parquet(with_days(table), frame))
            rows += copy.add(name, file)
            done += 1
            progress.count(done, total, f"{name} of {day}")
    return rows


def _of(published: PublishedFiles, days: list[date]) -> PublishedFiles:
    return {name: {day: files for day, files in of_days.items() if day in days} for name, of_days in published.items()}


@contextmanager
def _workshop(path: Path) -> Iterator[Path]:
    """A folder beside the path, for its owner alone; those that killed processes have left are cleared away."""
    prefix = f".{path.name}-export-"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f"{glob.escape(prefix)}*"):
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=prefix, dir=path.parent) as folder:
            yield Path(folder)
    except OSError as error:
        raise StorageError(f"Cannot write {path}: {error.strerror or error}.") from None


def _put_in_place(made: Path, path: Path, replaced: Path) -> None:
    if path.is_dir():  # which no rename replaces
        path.rename(replaced)
    # A client that wrote into the old file may have left its log, which DuckDB would take for the new one's.
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    made.replace(path)
