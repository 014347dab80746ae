"""The panels that go by days: the calendar, additions and removals, lengths, coverage."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from spotify_pipeline.report import summaries, words
from spotify_pipeline.report.facts import READ, Change, Facts
from spotify_pipeline.report.history import GAPS, ONE_DAY, History, Span, without_items
from spotify_pipeline.report.panels import Cell, Key, Link, Panel, Rows

CALENDAR_WEEKS = 53
FLOW_DAYS = 90
MOST_WITHOUT_GAPS = 15
_LEVELS = 4


class DayChanges(NamedTuple):
    """What has happened on a day in a scope.

    Attributes:
        late_added: of those added, how many were found after a gap, so that they may have come before.
        late_removed: likewise of those removed.
        since: the earliest day before such a gap.
    """

    since: date | None = None

    added: int = 0
    removed: int = 0
    replaced: int = 0
    moved: int = 0
    described: int = 0
    late_added: int = 0
    late_removed: int = 0

    @property
    def events(self) -> int:
        """How much in all."""
        return self.added + self.removed + self.replaced + self.moved + self.described


def by_day(changes: Iterable[Change]) -> dict[date, DayChanges]:
    """The changes of several playlists together."""
    found: dict[date, DayChanges] = {}
    for change in changes:
        old = found.get(change.day, DayChanges())
        late = (change.added, change.removed) if change.gap_days > 1 else (0, 0)
        before = change.day - timedelta(days=change.gap_days) if change.gap_days > 1 else None
        numbers = (one + other for one, other in zip(old[1:], (*change[2:7], *late), strict=True))
        found[change.day] = DayChanges(min(filter(None, (old.since, before)), default=None), *numbers)
    return found


def calendar(spans: Sequence[Span], changes: dict[date, DayChanges], history: History, *, overall: bool) -> Panel:
    """How much has changed on each day."""
    newest = history.newest_day
    monday = newest - timedelta(days=newest.weekday(), weeks=CALENDAR_WEEKS - 1)
    days = [day for day in _calendar_days(spans) if day[0] >= monday]
    cuts = _cuts([changes[day].events for day, _ in days if day in changes])
    rows: Rows = []
    for day, span in days:
        found = changes.get(day)
        unknown = history.unknown[day] if overall and span.state == READ else 0
        style = span.state if span.state != READ else f"level-{_level(found, cuts)}"
        rows.append(
            {
                "day": str(day),
                "week": str(day - timedelta(days=day.weekday())),
                "weekday": day.weekday(),
                "style": style,
                "changes": found.events if found else 0,
                "partial": int(bool(unknown or (found and found.since))),
                "about": _about(span, found, unknown),
            }
        )
    styles = {str(row["style"]) for row in rows}
    legend = [Key("level-0", "no change")] if "level-0" in styles else []
    legend += [Key(f"level-{number}", text) for number, text in enumerate(_level_texts(cuts), 1)]
    legend += [Key(state, meaning) for state, meaning in GAPS.items() if state in styles]
    if any(row["partial"] for row in rows):
        legend.append(Key("partial", "not known whole"))
    shown = {day: changes[day] for day, _ in days if day in changes}
    return Panel(
        summary=summaries.calendar([span for _, span in days], shown),
        data={"rows": rows},
        head=("Day", "Changes", "Added", "Removed", "Replaced", "Moved", "Name and the like", "Compared with"),
        rows=[
            (str(day), one.events, *one[1:6], str(one.since) if one.since else "the day before")
            for day, one in sorted(shown.items(), reverse=True)
        ],
        legend=tuple(legend),
    )


def flow(spans: Sequence[Span], changes: dict[date, DayChanges], newest: date) -> Panel:
    """What came and what went on each day."""
    first = max(spans[0].first_day, newest - timedelta(days=FLOW_DAYS - 1))
    shown = {day: one for day, one in changes.items() if day >= first and one.added + one.removed}
    if not shown:
        return Panel(summary=summaries.no_flow(spans))
    rows: Rows = [
        {
            "day": str(day),
            "end": str(day + ONE_DAY),
            "added": one.added,
            "removed": one.removed,
            "known_added": one.added - one.late_added,
            "known_removed": one.removed - one.late_removed,
            "about": _since(one),
        }
        for day, one in sorted(shown.items())
    ]
    gaps = [span for span in spans if span.state != READ and span.last_day >= first]
    legend = [Key("added", "came"), Key("removed", "went")]
    if any(one.late_added + one.late_removed for one in shown.values()):
        legend.append(Key("late", "found after a gap: of several days"))
    return Panel(
        summary=summaries.flow(shown, first, newest),
        data={
            "rows": rows,
            "gaps": _stretches(gaps, first),
            "frame": [{"start": str(first), "end": str(newest + ONE_DAY)}],
        },
        head=("Day", "Came", "Went", "Compared with"),
        rows=[
            (str(day), one.added, one.removed, str(one.since) if one.since else "the day before")
            for day, one in sorted(shown.items(), reverse=True)
        ],
        legend=(*legend, *gap_keys(gaps)),
    )


def length(spans: Sequence[Span]) -> Panel:
    """How many items a playlist had."""
    read = [span for span in spans if span.state == READ and span.items is not None]
    gaps = [span for span in spans if span.state != READ]
    if not read:
        return Panel(summary=summaries.never_read(spans))
    points: Rows = []
    for number, span in enumerate(read):
        stretch = (
            number if not points or read[number - 1].last_day + ONE_DAY < span.first_day else points[-1]["stretch"]
        )
        points.append({"day": str(span.first_day), "items": span.items, "stretch": stretch})
        points.append({"day": str(span.last_day + ONE_DAY), "items": span.items, "stretch": stretch})
    first, last = spans[0].first_day, spans[-1].last_day
    return Panel(
        summary=summaries.length(read),
        data={
            "rows": points,
            "last": [points[-1]],
            "gaps": _stretches(gaps, first),
            "frame": [{"start": str(first), "end": str(last + ONE_DAY)}],
        },
        head=("From", "Up to", "Items"),
        rows=[(str(span.first_day), str(span.last_day), span.items) for span in reversed(read)],
        legend=gap_keys(gaps),
    )


def coverage(history: History, facts: Facts, scopes: Sequence[str], *, overall: bool) -> Panel:
    """Which days are known of which playlist; of many playlists those with gaps are drawn."""
    drawn = [one for one in scopes if any(span.state != READ for span in history.spans[one])]
    if len(scopes) <= MOST_WITHOUT_GAPS:
        drawn = list(scopes)
    rows: Rows = []
    missing: Rows = []
    names: Rows = []
    table: list[tuple[Cell, ...]] = []
    for order, scope in enumerate(drawn):
        name = facts.name(scope)
        if overall:
            names.append({"playlist": name, "order": order})
        for span in without_items(history.spans[scope]):
            (rows if span.state == READ else missing).append(
                {
                    "playlist": name,
                    "order": order,
                    "start": str(span.first_day),
                    "end": str(span.last_day + ONE_DAY),
                    "style": span.state,
                    "about": f"{words.count(span.days, 'day')} {span.words}",
                }
            )
            if span.state != READ:
                days = (str(span.first_day), str(span.last_day), span.days, GAPS[span.state], span.reason)
                table.append((Link(name, scope=scope), *days) if overall else days)
    gaps = [span for scope in scopes for span in history.spans[scope] if span.state != READ]
    head = ("From", "Up to", "Days", "What came of it", "Why")
    return Panel(
        summary=summaries.coverage(
            [span for scope in scopes for span in history.spans[scope]],
            overall=overall,
            left_out=len(scopes) - len(drawn),
        ),
        data={"rows": rows, "gaps": missing, "names": names},
        head=("Playlist", *head) if overall else head,
        rows=table,
        legend=(Key(READ, "read"), *gap_keys(gaps)) if drawn else (),
    )


def gap_keys(spans: Iterable[Span]) -> tuple[Key, ...]:
    """Legend entries for the kinds of gaps that occur."""
    states = {span.state for span in spans}
    return tuple(Key(state, meaning) for state, meaning in GAPS.items() if state in states)


def _stretches(gaps: Iterable[Span], first: date) -> Rows:
    return [
        {
            "start": str(max(gap.first_day, first)),
            "end": str(gap.last_day + ONE_DAY),
            "style": gap.state,
            "about": f"{words.count(gap.days, 'day')} {gap.words}",
        }
        for gap in without_items(gaps)
    ]


def _calendar_days(spans: Iterable[Span]) -> list[tuple[date, Span]]:
    return [(day, span) for span in spans for day in span.dates]


def _cuts(counts: Sequence[int]) -> list[int]:
    """The smallest numbers of the levels above the first: quarters of the days with changes, as far as they differ."""
    ordered = sorted(counts)
    quarters = [ordered[len(ordered) * part // _LEVELS] for part in range(1, _LEVELS)] if ordered else []
    return sorted({cut for cut in quarters if cut > ordered[0]})


def _level(found: DayChanges | None, cuts: Sequence[int]) -> int:
    return 1 + sum(found.events >= cut for cut in cuts) if found and found.events else 0


def _level_texts(cuts: Sequence[int]) -> list[str]:
    bounds = [1, *cuts]
    texts = [str(low) if low == high - 1 else f"{low} to {high - 1}" for low, high in pairwise(bounds)]
    return [*texts, f"{bounds[-1]} or more changes"]


def _about(span: Span, found: DayChanges | None, unknown: int) -> str:
    if span.state != READ:
        return span.words
    said = words.count(found.events, "change") if found else "no change"
    if found and found.since:
        said += f" since {words.short_day(found.since)}"
    return f"{said}; {words.count(unknown, 'playlist')} not read" if unknown else said


def _since(found: DayChanges) -> str:
    return f"since {words.short_day(found.since)}" if found.since else "since the day before"


def by_scope(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """The changes of each playlist, and under the empty scope those of all."""
    found: defaultdict[str, list[Change]] = defaultdict(list)
    for change in changes:
        found[change.playlist_id].append(change)
        found[""].append(change)
    return found
