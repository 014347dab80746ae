"""Months: copies of published days, few and large files in which a whole month of a table costs about what two days do.

They lie beside the days, under `_months/<table>/month=YYYY-MM-01/<version>/part-N.parquet`, with the day as a column.
The days stay what is published and audited. A month that was made of other files than those that are published now is
*stale*: nobody reads it, until it is made again. Which months there are, and of what they were made, is one object.

Whoever removes rows, be it for retention or because somebody is to be forgotten, removes the days' files and drops the
months of these days. Nothing is lost by that: months can be made again of the days that are left.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import date

from msgspec import Struct

from spotify_pipeline.storage.objects import SharedStore
from spotify_pipeline.storage.state import SharedState
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline.tables.partition import MONTH_COLUMN

FOLDER = "_months"

PublishedFiles = Mapping[str, Mapping[date, Mapping[str, str]]]
"""Of each table and day the keys of the files, with their versions."""


class Month(Struct, frozen=True):
    """The copies of a month.

    Attributes:
        version: what tells the files that it was made of from any others.
        files: the keys of its own files, by table.
    """

    version: str
    files: dict[str, list[str]]


class _Months(Struct, frozen=True):
    months: dict[date, Month] = {}


class Months:
    """All months, each by its first day."""

    def __init__(self, objects: SharedStore) -> None:
        """Keep them in `objects`."""
        self._objects, self._state = objects, SharedState(objects, "months", _Months)

    def used(self) -> bool:
        """Whether months were ever made here, be they dropped by now."""
        return self._state.load() is not None

    def load(self) -> dict[date, Month]:
        """All that were made, stale ones too, oldest first."""
        kept = self._state.load()
        return dict(sorted(kept.months.items())) if kept else {}

    def current(self, published: PublishedFiles) -> dict[date, Month]:
        """Those that hold exactly what is published, oldest first."""
        by_month: dict[date, dict[str, dict[date, Mapping[str, str]]]] = {}
        for table, days in published.items():
            for day, files in days.items():
                by_month.setdefault(day.replace(day=1), {}).setdefault(table, {})[day] = files
        return {
            first: month
            for first, month in self.load().items()
            if month.version == version_of(first, {name: by_month.get(first, {}).get(name, {}) for name in published})
        }

    def folder(self, table: str, first: date, version: str) -> str:
        """The address of the folder with a month's files of a table."""
        return self._objects.uri(_folder(table, first, version))

    def write(self, table: str, first: date, version: str, number: int, file: bytes) -> str:
        """Write one of a month's files, which nobody reads before the month is added; gives its key."""
        key = f"{_folder(table, first, version)}part-{number}.parquet"
        self._objects.put(key, file)
        return key

    def add(self, first: date, month: Month) -> Month | None:
        """Let a month be read from now on; gives the one that it replaces, whose files are still there."""
        before: Month | None = None

        def added(months: dict[date, Month]) -> dict[date, Month]:
            nonlocal before
            before = months.get(first)
            return months | {first: month}

        self._change(added)
        return before

    def remove(self, replaced: Month) -> None:
        """Remove the files of a month that was replaced."""
        for keys in replaced.files.values():
            for key in keys:
                self._objects.delete(key)

    def drop(self, firsts: Iterable[date]) -> None:
        """Let months be no longer read, and remove all files that they have, those of interrupted attempts too."""
        gone = set(firsts)
        if not gone:
            return
        self._change(lambda months: {first: month for first, month in months.items() if first not in gone})
        for first in gone:
            for table in TABLES:
                for key in self._objects.list(f"{FOLDER}/{table}/{MONTH_COLUMN}={first}/"):
                    self._objects.delete(key)

    def drop_before(self, first: date, published: PublishedFiles) -> None:
        """Drop the months that begin before a day, but for those that hold exactly what is published."""
        current = self.current(published)
        folders = (self._objects.folders(f"{FOLDER}/{table}/{MONTH_COLUMN}=") for table in TABLES)
        there = {date.fromisoformat(name) for names in folders for name in names} | self.load().keys()
        self.drop(month for month in there - current.keys() if month < first)

    def _change(self, change: Callable[[dict[date, Month]], dict[date, Month]]) -> None:
        self._state.change(lambda kept: _Months(change(kept.months if kept else {})))


def version_of(first: date, published: PublishedFiles) -> str:
    """What changes whenever a file of the month comes, goes or is replaced."""
    digest = hashlib.sha256()
    for table, days in sorted(published.items()):
        for day, files in sorted(days.items()):
            if day.replace(day=1) == first:
                digest.update(f"{table} {sorted(files.items())}\n".encode())
    return digest.hexdigest()[:16]


def _folder(table: str, first: date, version: str) -> str:
    return f"{FOLDER}/{table}/{MONTH_COLUMN}={first}/{version}/"
