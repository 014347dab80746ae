"""Laying out what was read by day: spans without holes, in which a day that nobody asked for is a gap of its own."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from spotify_pipeline.report.facts import NOT_FOUND, READ, Facts, Run

NOT_RUN = "not_run"
GAPS = {
    NOT_RUN: "not run",
    "failed": "failed",
    "restricted": "metadata only",
    NOT_FOUND: "not found",
}
"""What a day without rows is called, by state."""
_MAY_HAVE_CHANGED = (NOT_RUN, "failed")  # on other days without rows there is nothing that the user could read

ONE_DAY = timedelta(days=1)


class Span(NamedTuple):
    """Days that follow each other, on which the same is known."""

    state: str
    reason: str
    items: int | None
    first_day: date
    last_day: date

    @property
    def days(self) -> int:
        """How many they are."""
        return (self.last_day - self.first_day).days + 1

    @property
    def dates(self) -> list[date]:
        """They themselves."""
        return [self.first_day + timedelta(days=number) for number in range(self.days)]

    @property
    def words(self) -> str:
        """What came of it, for people: with the reason, where there is one."""
        if self.state == READ:
            return "read"
        return f"{GAPS[self.state]}: {self.reason}" if self.reason else GAPS[self.state]


class History:
    """The spans of each playlist, and of all together, up to the newest day."""

    def __init__(self, facts: Facts) -> None:
        """Lay out the runs of all playlists."""
        self.first_day, self.newest_day = facts.first_day, facts.newest_day
        runs: defaultdict[str, list[Run]] = defaultdict(list)
        for run in facts.runs:
            runs[run.playlist_id].append(run)
        self.spans = {playlist_id: list(_spans(its, self.newest_day)) for playlist_id, its in runs.items()}
        """Those of each playlist, from the first day on which it was asked for."""
        asked = _merged((run.first_day, run.last_day) for run in facts.runs)
        together = [Run("", READ, "", None, first, last, None) for first, last in asked]
        self.all_spans = list(_spans(together, self.newest_day))
        """Of all playlists: `read` where anything was asked."""
        self.unknown: Counter[date] = Counter()
        """How many playlists may have changed on a day on which others were read."""
        run_days = {day for span in self.all_spans if span.state == READ for day in span.dates}
        for spans in self.spans.values():
            missing = [span for span in spans if span.state in _MAY_HAVE_CHANGED]
            self.unknown.update(day for span in missing for day in span.dates if day in run_days)

    def of(self, scope: str) -> list[Span]:
        """The spans of a playlist, or of all."""
        return self.spans[scope] if scope else self.all_spans

    def is_gone(self, playlist_id: str) -> bool:
        """Whether it was not found on the newest day."""
        return self.spans[playlist_id][-1].state == NOT_FOUND

    def last_read(self, playlist_id: str) -> Span | None:
        """The newest span with rows."""
        return next((span for span in reversed(self.spans[playlist_id]) if span.state == READ), None)


def without_items(spans: Iterable[Span]) -> list[Span]:
    """The spans, where those that follow each other and differ in nothing but the number of items are one."""
    merged: list[Span] = []
    for span in spans:
        follows = merged and merged[-1].last_day + ONE_DAY == span.first_day
        if follows and merged[-1][:2] == span[:2]:
            merged[-1] = merged[-1]._replace(last_day=span.last_day)
        else:
            merged.append(span._replace(items=None))
    return merged


def _spans(runs: Iterable[Run], newest: date) -> Iterator[Span]:
    expected = None
    for run in sorted(runs, key=lambda run: run.first_day):
        if expected and run.first_day > expected:
            yield Span(NOT_RUN, "", None, expected, run.first_day - ONE_DAY)
        yield Span(run.state, run.reason, run.items, run.first_day, run.last_day)
        expected = run.last_day + ONE_DAY
    if expected and expected <= newest:
        yield Span(NOT_RUN, "", None, expected, newest)


def _merged(intervals: Iterable[tuple[date, date]]) -> list[tuple[date, date]]:
    merged: list[tuple[date, date]] = []
    for first, last in sorted(intervals):
        if merged and first <= merged[-1][1] + ONE_DAY:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged
