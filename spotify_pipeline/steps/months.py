"""Copying the published days of a month into a few large files, which SQL then reads instead of them."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from math import ceil
from typing import NamedTuple

import polars as pl

from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.catalog.publication import published_files
from spotify_pipeline.errors import DataError
from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.storage.months import Month, PublishedFiles, version_of
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline.tables.months import month_frame, with_days
from spotify_pipeline.tables.parquet import to_parquet
from spotify_pipeline.tables.schema import Table

_ROWS_IN_A_FILE = 2_000_000  # what is held in memory at once: less than half a gigabyte


class CompactedMonth(NamedTuple):
    """What was made of a month.

    Attributes:
        first: its first day.
        days: how many of its days are published.
        rows: of all tables.
        bytes: of all files; 0 if they were there already.
    """

    first: date
    days: int
    rows: int
    bytes: int


def stale_months(backends: Warehouse) -> list[date]:
    """The first days of the months that are over, have published days, and are not there as they are, oldest first."""
    published = published_files(backends.tables)
    current = backends.months.current(published)
    firsts = {day.replace(day=1) for days in published.values() for day in days}
    return sorted(first for first in firsts - current.keys() if _is_over(backends, first))


def compact_month(backends: Warehouse, first: date, *, progress: Progress = SILENT) -> CompactedMonth:
    """Make the copies of a month, as it is published now, and let SQL read them; if they are there, nothing is done.

    Args:
        backends: where to read and write.
        first: the month's first day.
        progress: is told of each table.

    Raises:
        DataError: the month is not over, has no published days, or has changed meanwhile.
        StorageError: something cannot be read or written.
    """
    if not _is_over(backends, first):
        raise DataError(f"The month of {first} is not over: wait until its last day is published.")
    published = _of_month(first, published_files(backends.tables))
    days = sorted({day for files in published.values() for day in files})
    if not days:
        raise DataError(f"No day of the month of {first} is published.")
    version = version_of(first, published)
    rows = size = 0
    files: dict[str, list[str]] = {}
    kept = backends.months.load().get(first)
    if kept is None or kept.version != version:
        for table in TABLES.values():
            progress.tell(f"copying {len(days)} days of {table.name}")
            files[table.name] = []
            for number, frame in enumerate(_frames(backends, table, list(published[table.name]))):
                file = to_parquet(with_days(table), frame)
                files[table.name].append(backends.months.write(table.name, first, version, number, file))
                rows, size = rows + frame.height, size + len(file)
        if version_of(first, published_files(backends.tables)) != version:
            raise DataError(f"A day of the month of {first} was published meanwhile: compact it again.")
        replaced = backends.months.add(first, Month(version, files))
        backends.catalog.publish(progress)
        if replaced:  # SQL no longer reads it
            backends.months.remove(replaced)
    return CompactedMonth(first, len(days), rows, size)


def _frames(backends: Warehouse, table: Table, days: Sequence[date]) -> Iterator[pl.DataFrame]:
    """The rows of these days in parts that memory holds, each with all days of some of the first keys."""
    key = table.primary_key[0]
    heights = {day: backends.tables.row_count(table.name, day) for day in days}
    parts = ceil(sum(heights.values()) / _ROWS_IN_A_FILE)
    if parts <= 1:
        if days:  # else an earlier version, which did not have the table, made all of the month
            yield month_frame(table, {day: backends.tables.read_published(table.name, day) for day in days})
        return
    largest = backends.tables.read_published(table.name, max(heights, key=heights.__getitem__))[key].sort()
    bounds = [None, *(largest[largest.len() * part // parts] for part in range(1, parts)), None]
    for least, below in pairwise(bounds):
        within = pl.lit(value=True)
        if least is not None:
            within &= pl.col(key) >= least
        if below is not None:
            within &= pl.col(key) < below
        yield month_frame(table, {day: backends.tables.read_published(table.name, day).filter(within) for day in days})


def _of_month(first: date, published: PublishedFiles) -> PublishedFiles:
    return {
        table: {day: files for day, files in days.items() if day.replace(day=1) == first}
        for table, days in published.items()
    }


def _is_over(backends: Warehouse, first: date) -> bool:
    return (first + timedelta(days=31)).replace(day=1) <= backends.settings.today()
