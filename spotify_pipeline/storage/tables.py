"""Table partitions: `<table>/snapshot_date=YYYY-MM-DD/part-0.parquet`, one file each, so replaced whole or not at all.

New partitions are staged, audited there and put in their place when the day is published: what lies in its place has
passed the audit, and a day that fails leaves the published one as it was. A publication names the files that were
audited by their digests, so that what another process stages meanwhile is not published in their place.
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import date

import msgspec
import polars as pl

from spotify_pipeline.errors import DataError
from spotify_pipeline.storage.objects import ObjectNotFoundError, ObjectStore
from spotify_pipeline.tables.declarations import COVERAGE, TABLES
from spotify_pipeline.tables.parquet import from_parquet, row_count, to_parquet
from spotify_pipeline.tables.partition import PARTITION_COLUMN
from spotify_pipeline.tables.schema import Table

_FILE = "part-0.parquet"
_STAGED = "_staged/"
_AUDITED = f"{_STAGED}_audited/"


class TableStore:
    """The partitions of all tables, in a folder or bucket."""

    def __init__(self, objects: ObjectStore) -> None:
        """Partitions in `objects`."""
        self._objects = objects

    @property
    def location(self) -> str:
        """The folder or bucket."""
        return self._objects.uri("")

    def uri(self, table: str, day: date | None = None) -> str:
        """Where the file of a published partition is, or will be; without a day, the folder of the table."""
        return self._objects.uri(_key(table, day) if day else f"{table}/")

    def stage(self, table: Table, day: date, frame: pl.DataFrame) -> None:
        """Write a partition to be audited.

        Raises:
            DataError: the frame does not have the declared columns and types.
        """
        self.complete_publication(day)
        self._objects.put(_STAGED + _key(table.name, day), to_parquet(table, frame))

    def staged(self, day: date) -> list[str]:
        """The tables that have a staged partition for the day, once what has passed its audit is published."""
        while (keys := self._objects.list(_STAGED)) and _audited(day) in keys:
            self.complete_publication(day)
        return [table for table in TABLES if _STAGED + _key(table, day) in keys]

    def read(self, table: str, day: date) -> pl.DataFrame:
        """The newest rows of a partition: the staged ones, else the published ones.

        Raises:
            DataError: there are none, or the file is damaged.
        """
        for key in (_STAGED + _key(table, day), _key(table, day)):
            with suppress(ObjectNotFoundError):
                return self._frame(key)
        raise DataError(f"There is no {table} for {day}: run the transformation of that day first.")

    def read_published(self, table: str, day: date) -> pl.DataFrame:
        """The published rows of a partition, whatever is staged.

        Raises:
            DataError: there are none, or the file is damaged.
        """
        try:
            return self._frame(_key(table, day))
        except ObjectNotFoundError:
            raise _not_published(table, day) from None

    def digests(self, day: date) -> dict[str, str]:
        """What tells the day's staged files from any others, by table."""
        digests = {}
        for table in TABLES:
            with suppress(ObjectNotFoundError):  # it is not staged
                digests[table] = _digest(self._objects.get(_STAGED + _key(table, day)))
        return digests

    def row_count(self, table: str, day: date) -> int:
        """How many rows the published file of a table has.

        Raises:
            DataError: there is none, or it is damaged.
        """
        try:
            return row_count(self._objects.get(_key(table, day)))
        except ObjectNotFoundError:
            raise _not_published(table, day) from None
        except DataError as error:
            raise DataError(f"{self.uri(table, day)} is {error}") from None

    def _frame(self, key: str) -> pl.DataFrame:
        file = self._objects.get(key)
        try:
            return from_parquet(file)
        except DataError as error:
            raise DataError(f"{self._objects.uri(key)} is {error}") from None

    def publish(self, day: date, audited: Mapping[str, str]) -> None:
        """Put the day's staged partitions that have passed the audit in their places.

        Args:
            day: the day.
            audited: the digests of the audited files, by table. What has another one was staged since: it stays where
                it is.
        """
        self._objects.put(_audited(day), msgspec.json.encode(audited))
        self.complete_publication(day)

    def complete_publication(self, day: date) -> None:
        """Finish what a crash may have interrupted: once the audit has passed, the audited day is the day.

        `coverage` goes last: a day is published from the moment at which it has a `coverage` partition.
        """
        try:
            audited = msgspec.json.decode(self._objects.get(_audited(day)), type=dict[str, str])
        except ObjectNotFoundError:
            return
        except msgspec.DecodeError:
            audited = {}  # it cannot be told what has passed: what is staged is audited anew
        staged = {table: _STAGED + _key(table, day) for table in sorted(audited, key=COVERAGE.name.__eq__)}
        done = []
        for table, key in staged.items():
            with suppress(ObjectNotFoundError):  # it was published already, be it by somebody else
                file = self._objects.get(key)
                if _digest(file) == audited[table]:
                    self._objects.put(_key(table, day), file)
                    done.append(key)
        for key in (*done, _audited(day)):
            self._objects.delete(key)

    def partitions(self, table: str) -> list[date]:
        """The published days on which a table has a file, oldest first."""
        return self._days(f"{table}/")

    def files(self, table: str) -> dict[date, dict[str, str]]:
        """The published files of a table by day, oldest first: their keys, each with the version of what it holds."""
        found: dict[date, dict[str, str]] = {}
        versions = self._objects.versions(f"{table}/{PARTITION_COLUMN}=")
        for key in sorted(versions):
            if key.endswith(".parquet"):
                found.setdefault(_day(key), {})[key] = versions[key]
        return found

    def address(self, key: str) -> str:
        """Where the object with a key is, for SQL."""
        return self._objects.uri(key)

    def published_days(self) -> list[date]:
        """The published days, oldest first, each of them whole: interrupted publications are completed."""
        for key in self._objects.list(_AUDITED):
            self.complete_publication(date.fromisoformat(key.rpartition("=")[2]))
        return self.partitions(COVERAGE.name)

    def staged_days(self) -> list[date]:
        """The days that are staged, be they held back, oldest first."""
        return self._days(f"{_STAGED}{COVERAGE.name}/")

    def _days(self, folder: str) -> list[date]:
        keys = self._objects.list(f"{folder}{PARTITION_COLUMN}=")
        return [_day(key) for key in keys if key.endswith(_FILE)]


def _key(table: str, day: date) -> str:
    return f"{table}/{PARTITION_COLUMN}={day}/{_FILE}"


def _day(key: str) -> date:
    return date.fromisoformat(key.split("/")[-2].partition("=")[2])


def _audited(day: date) -> str:
    return f"{_AUDITED}{PARTITION_COLUMN}={day}"


def _not_published(table: str, day: date) -> DataError:
    return DataError(f"There is no published {table} for {day}: publish that day first.")


def _digest(file: bytes) -> str:
    return hashlib.sha256(file).hexdigest()
