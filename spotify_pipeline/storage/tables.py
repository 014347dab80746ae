"""Table partitions: `<table>/snapshot_date=YYYY-MM-DD/part-0.parquet`, one file each, so replaced whole or not at all.

New partitions are staged, audited there and moved to their place when the day is published: what lies in its place
has passed the audit, and a day that fails leaves the published one as it was.
"""

from contextlib import suppress
from datetime import date

import polars as pl

from spotify_pipeline.errors import DataError
from spotify_pipeline.storage.objects import ObjectNotFoundError, ObjectStore
from spotify_pipeline.tables.declarations import COVERAGE, TABLES
from spotify_pipeline.tables.parquet import from_parquet, to_parquet
from spotify_pipeline.tables.schema import PARTITION_COLUMN, Table

_FILE = "part-0.parquet"
_STAGED = "_staged/"
_AUDITED = f"{_STAGED}_audited/"


class TableStore:
    """The partitions of all tables, in a folder or bucket."""

    def __init__(self, objects: ObjectStore) -> None:
        """Partitions in `objects`."""
        self._objects = objects

    def uri(self, table: str, day: date) -> str:
        """Where the published partition is, or will be."""
        return self._objects.uri(_key(table, day))

    def stage(self, table: Table, day: date, frame: pl.DataFrame) -> None:
        """Write a partition to be audited.

        Raises:
            DataError: the frame does not have the declared columns and types.
        """
        self.complete_publication(day)
        self._objects.put(_STAGED + _key(table.name, day), to_parquet(table, frame))

    def staged(self, day: date) -> list[str]:
        """The tables that have a staged partition for the day."""
        keys = set(self._objects.list(_STAGED))
        return [table for table in TABLES if _STAGED + _key(table, day) in keys]

    def read(self, table: str, day: date) -> pl.DataFrame:
        """The newest rows of a partition: the staged ones, else the published ones.

        Raises:
            DataError: there are none, or the file is damaged.
        """
        for key in (_STAGED + _key(table, day), _key(table, day)):
            try:
                return from_parquet(self._objects.get(key))
            except ObjectNotFoundError:
                continue
            except DataError as error:
                raise DataError(f"{self._objects.uri(key)} is {error}") from None
        raise DataError(f"There is no {table} for {day}: run the transformation of that day first.")

    def publish(self, day: date) -> None:
        """Move the day's staged partitions, which have passed the audit, to their places."""
        self._objects.put(_audited(day), b"")
        self.complete_publication(day)

    def complete_publication(self, day: date) -> None:
        """Finish what a crash may have interrupted: once the audit has passed, the staged day is the day.

        `coverage` goes last: a day is published from the moment at which it has a `coverage` partition.
        """
        if self._objects.list(_audited(day)):
            for table in sorted(self.staged(day), key=COVERAGE.name.__eq__):
                with suppress(ObjectNotFoundError):  # somebody else, who completes the same publication, was faster
                    self._objects.move(_STAGED + _key(table, day), _key(table, day))
            self._objects.delete(_audited(day))

    def published_days(self) -> list[date]:
        """The published days, oldest first, each of them whole: interrupted publications are completed."""
        for key in self._objects.list(_AUDITED):
            self.complete_publication(date.fromisoformat(key.rpartition("=")[2]))
        keys = self._objects.list(f"{COVERAGE.name}/{PARTITION_COLUMN}=")
        return [date.fromisoformat(key.split("/")[1].partition("=")[2]) for key in keys if key.endswith(_FILE)]


def _key(table: str, day: date) -> str:
    return f"{table}/{PARTITION_COLUMN}={day}/{_FILE}"


def _audited(day: date) -> str:
    return f"{_AUDITED}{PARTITION_COLUMN}={day}"
