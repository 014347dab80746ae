"""What every catalog does, whichever SQL reads it: show the published days, and say which ones it shows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.storage.months import PublishedFiles
from spotify_pipeline.storage.tables import TableStore
from spotify_pipeline.tables.declarations import TABLES

Partitions = dict[str, set[date]]
"""Days by table."""

_EXAMPLES = 3


@dataclass(frozen=True)
class Publication:
    """What a catalog shows after a publication.

    Attributes:
        days: the published days, oldest first.
        location: the catalog, for people.
        facts: what was done for it, by name; numbers are worth a curve over the days.
    """

    days: list[date]
    location: str
    facts: Mapping[str, str | int | float] = field(default_factory=dict)


class Catalog(Protocol):
    """Makes table partitions known to SQL."""

    @property
    def location(self) -> str:
        """The catalog, for people."""
        ...

    def publish(self, progress: Progress = SILENT) -> Publication:
        """Show exactly the published days of the table store, as often as it is called and by whom.

        Raises:
            StorageError: the catalog cannot be written; what it showed stays.
        """
        ...

    def withdraw(self) -> None:
        """Show no day any more that the table store has not published; whether it shows new ones is open.

        Raises:
            StorageError: the catalog cannot be written.
        """
        ...

    def partitions(self) -> Partitions:
        """The days that it shows, by table; a table that it does not know is missing.

        Raises:
            StorageError: the catalog cannot be read.
        """
        ...

    def differences(self) -> Iterator[str]:
        """In what its tables are not as declared, a sentence each.

        Raises:
            StorageError: the catalog cannot be read.
        """
        ...


def published_files(tables: TableStore) -> PublishedFiles:
    """The files of the published days, with their versions, by table."""
    days = set(tables.published_days())
    return {name: {day: files for day, files in tables.files(name).items() if day in days} for name in TABLES}


def stray_partitions(catalog: Catalog, tables: TableStore) -> Iterator[str]:
    """A sentence for each table whose days in the catalog are not those that the store has and keeps."""
    shown, first = catalog.partitions(), tables.horizon.load().first
    # The store is read last: whatever is registered had its files before, so a publication meanwhile is no stray.
    for table in TABLES:
        stored, registered = {day for day in tables.partitions(table) if day >= first}, shown.get(table, set())
        if missing := registered - stored:
            yield f"{table} has no file for {_listed(missing)}, which the catalog shows"
        if hidden := stored - registered:
            yield f"{table} has a file for {_listed(hidden)}, which the catalog does not show"


def _listed(days: set[date]) -> str:
    shown = ", ".join(map(str, sorted(days)[:_EXAMPLES]))
    return shown if len(days) <= _EXAMPLES else f"{shown} and {len(days) - _EXAMPLES} more days"
