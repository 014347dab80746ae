"""Months in the Glue Data Catalog: a second database beside that of the days, in which every table has its name again.

There a table's name is a view: the rows of the months that hold what is published, and the days of all others, from the
first database, which stays as it is. So whoever asks the second database gets the same answers and has less read. The
months' own files are tables too, `<table>_months`, partitioned by month. A view is replaced as a whole, once the months
that it names are registered: no query finds a day twice, or not at all.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from spotify_pipeline.catalog.glue_database import GlueDatabase
from spotify_pipeline.catalog.glue_definitions import MONTH_KEY, partition_input
from spotify_pipeline.catalog.glue_views import fits_view
from spotify_pipeline.catalog.publication import published_files
from spotify_pipeline.storage.months import FOLDER, Month, Months
from spotify_pipeline.tables.declarations import TABLES, VIEWS
from spotify_pipeline.tables.months import with_days
from spotify_pipeline.tables.partition import MONTH_COLUMN, PARTITION_COLUMN
from spotify_pipeline.tables.schema import Table, View

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import PartitionInputTypeDef

_SUFFIX = "_months"


def beside(days: str) -> str:
    """The name of the second database, by that of the first."""
    return f"{days}{_SUFFIX}"


class GlueMonths(GlueDatabase):
    """The second database."""

    key = MONTH_KEY

    def __init__(self, client: "GlueClient", days: GlueDatabase, months: Months, *, always: bool) -> None:
        """The database beside that of the days, over the same files and their `months`.

        It is there `always`, or from the moment at which months are made for the first time.
        """
        super().__init__(client, beside(days.name), days.store)
        self._days, self._months, self._always = days.name, months, always
        self._current: Mapping[date, Month] = {}

    def publish(self) -> dict[str, int]:
        """Let the views read the months that are current and no others; gives how many there are.

        Raises:
            StorageError: a table in the catalog cannot become what is declared, or Glue cannot be asked.
        """
        if not self._is_there():
            return {}
        self._look()
        self._ensure_database()
        for table in TABLES.values():
            files, wanted = _table_of_months(table), self._wanted(table)
            self._ensure(files.name, partial(self._write, files))
            known = self.registered(files)
            self.update(files, wanted & known.stale)
            self.register(files, wanted - known.sound - known.stale)
            self._ensure(table.name, partial(self._write_view, self._view(table)))
            self.remove(files, (known.sound | known.stale) - wanted)
        for view in VIEWS.values():
            self._ensure(view.name, partial(self._write_view, view))
        return {"months": len(self._current)}

    def differences(self) -> Iterator[str]:
        """In what the views and the months are not as declared, a sentence each."""
        if not self._is_there():
            return
        self._look()
        found = self._tables()
        for table in TABLES.values():
            view = self._view(table)
            if table.name not in found or not fits_view(found[table.name], view, self.name):
                yield f"{self.name}.{table.name} is not the view that the published days and months make"
            elif self.registered(_table_of_months(table)) != (self._wanted(table), frozenset()):
                yield f"{self.name}.{table.name}{_SUFFIX} does not have the months that are current"
        for problem in self._differing_views(found):
            yield f"{self.name}.{problem}"

    def _is_there(self) -> bool:
        return self._always or self._months.used()

    def _look(self) -> None:
        self._current = self._months.current(published_files(self.store))

    def _wanted(self, table: Table) -> frozenset[date]:
        return frozenset(first for first, month in self._current.items() if month.files.get(table.name))

    def _view(self, table: Table) -> View:
        columns = ", ".join(f'"{column.name}"' for column in with_days(table).columns)
        firsts = list(self._current)
        days = f'SELECT {columns} FROM "awsdatacatalog"."{self._days}"."{table.name}"'
        sql = (
            days
            if not firsts
            else (
                f"{days} WHERE {_outside(firsts)} UNION ALL "
                f'SELECT {columns} FROM "{table.name}{_SUFFIX}" '
                f"WHERE {MONTH_COLUMN} IN ({', '.join(map(_literal, firsts))}) "
                # Where the day is a constant, this tells the month before any file is opened.
                f"AND {MONTH_COLUMN} = date_trunc('month', {PARTITION_COLUMN})"
            )
        )
        return View(table.name, table.description, with_days(table).columns, sql)

    def _input(self, table: Table, day: date) -> "PartitionInputTypeDef":
        month, name = self._current.get(day), table.name.removesuffix(_SUFFIX)
        return partition_input(table, day, self._months.folder(name, day, month.version) if month else "")

    def _location(self, table: Table) -> str:
        return self.store.uri(f"{FOLDER}/{table.name.removesuffix(_SUFFIX)}")


def _table_of_months(table: Table) -> Table:
    """The table as months have it."""
    of_days = with_days(table)
    description = (
        f"Copies of {table.name}, a month together: ask {table.name}, which reads them where they are current."
    )
    return Table(f"{table.name}{_SUFFIX}", description, of_days.columns, of_days.primary_key)


def _outside(firsts: list[date]) -> str:
    """That a day is in none of the months, which are sorted: a range for each run of months."""
    runs = [firsts[0]]
    for before, first in pairwise(firsts):
        if _next(before) != first:
            runs += [_next(before), first]
    runs.append(_next(firsts[-1]))
    ranges = [f"{PARTITION_COLUMN} < {_literal(runs[0])}"]
    ranges += [
        f"({PARTITION_COLUMN} >= {_literal(after)} AND {PARTITION_COLUMN} < {_literal(until)})"
        for after, until in zip(runs[1:-1:2], runs[2:-1:2], strict=True)
    ]
    ranges.append(f"{PARTITION_COLUMN} >= {_literal(runs[-1])}")
    return f"({' OR '.join(ranges)})"


def _next(first: date) -> date:
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def _literal(day: date) -> str:
    return f"DATE '{day}'"
