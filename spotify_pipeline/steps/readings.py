"""What SQL shows of playlists on earlier and later days.

The published `coverage` of each day tells; manifests do not: they tell also of what was held back, and those that come
from another machine know nothing of the days here. What is shown depends on no order in which days were made.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import NamedTuple

import polars as pl

from spotify_pipeline.backends.stores import Stores
from spotify_pipeline.spotify.manifest import Coverage, Status
from spotify_pipeline.storage.spans import Span
from spotify_pipeline.tables.declarations import COVERAGE

_DAYS_AT_ONCE = 8  # of which the rows are kept; mostly yesterday alone is asked for
_HAS_ROWS = [status.value for status in Status if status.has_rows]


class ShownReading(NamedTuple):
    """A playlist on a day on which SQL shows rows of it.

    Attributes:
        day: the day.
        observed_date: the day on which it was read.
        fetched_at: when.
        rows: how many were read.
        total: how many there are, as Spotify said.
    """

    day: date
    observed_date: date | None
    fetched_at: datetime | None
    rows: int
    total: int | None

    def is_of(self, observed_date: date | None, fetched_at: datetime | None) -> bool:
        """Whether it is this reading, be it copied forward from an earlier day."""
        return (self.observed_date, self.fetched_at) == (observed_date, fetched_at)


def readings_in(coverage: pl.DataFrame, day: date) -> dict[str, ShownReading]:
    """The playlists that have rows, by id, from the table `coverage` of a day."""
    rows = coverage.filter(pl.col("status").is_in(_HAS_ROWS)).select(
        "playlist_id", "observed_date", "fetched_at", "items_read", "items_total"
    )
    return {playlist_id: ShownReading(day, *values) for playlist_id, *values in rows.iter_rows()}


def newest_before(readings: "ShownReadings", day: date, rows: Iterable[Coverage]) -> dict[str, ShownReading]:
    """The newest reading of an earlier day, by id, of the playlists that have rows on a day."""
    return readings.newest_before(day, [row.playlist_id for row in rows if row.status.has_rows])


class ShownReadings:
    """Looks for them, day after day from a day on, and no further than there can be any.

    What is published meanwhile may be missed: whoever publishes it makes the days due that depend on it.
    """

    def __init__(self, backends: Stores) -> None:
        """Nothing is read before it is asked for."""
        self._tables, self._kept_spans = backends.tables, backends.spans
        self._readings_of = lru_cache(_DAYS_AT_ONCE)(self._read)

    def of(self, day: date) -> dict[str, ShownReading]:
        """Those of a day, by playlist; none where it is not published."""
        return self._readings_of(day) if day in self._days else {}

    def newest_before(self, day: date, playlist_ids: Iterable[str]) -> dict[str, ShownReading]:
        """The newest reading of an earlier day, of those of these playlists that have one.

        Raises:
            DataError: a file is damaged; the message names it.
        """
        days = (other for other in reversed(self._days) if other < day)
        return self._first_found(days, playlist_ids, lambda span, other: span.first <= other)

    def first_after(self, day: date, playlist_ids: Iterable[str]) -> dict[str, ShownReading]:
        """The first reading of a later day, of those of these playlists that have one.

        Raises:
            DataError: a file is damaged; the message names it.
        """
        days = (other for other in self._days if other > day)
        return self._first_found(days, playlist_ids, lambda span, other: other <= span.last)

    def expect(self, day: date, playlist_ids: Iterable[str]) -> None:
        """Take down that these playlists are about to be shown on a day."""
        _ = self._spans  # what is not noted yet is noted first
        self._kept_spans.widen(dict.fromkeys(playlist_ids, Span(day, day)))

    def _first_found(
        self, days: Iterator[date], playlist_ids: Iterable[str], reaches: Callable[[Span, date], bool]
    ) -> dict[str, ShownReading]:
        found: dict[str, ShownReading] = {}
        wanted = {playlist_id: self._spans[playlist_id] for playlist_id in playlist_ids if playlist_id in self._spans}
        for day in days:
            wanted = {playlist_id: span for playlist_id, span in wanted.items() if reaches(span, day)}
            if not wanted:
                break
            readings = self._readings_of(day)
            for playlist_id in wanted.keys() & readings.keys():
                found[playlist_id] = readings[playlist_id]
                del wanted[playlist_id]
        return found

    @cached_property
    def _days(self) -> list[date]:
        return self._tables.published_days()

    @cached_property
    def _spans(self) -> dict[str, Span]:
        """As they are noted; in a history that an earlier version has begun they are made out first."""
        if (spans := self._kept_spans.load()) is not None:
            return spans
        spans = {}
        for day in self._days:
            for playlist_id in self._readings_of(day):
                spans[playlist_id] = Span(spans[playlist_id].first if playlist_id in spans else day, day)
        if spans:
            self._kept_spans.widen(spans)
        return spans

    def _read(self, day: date) -> dict[str, ShownReading]:
        return readings_in(self._tables.read_published(COVERAGE.name, day), day)
