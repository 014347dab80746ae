"""The report as data: for all playlists together, and for each one in detail, its tiles and panels."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from spotify_pipeline.report import contents, days, words
from spotify_pipeline.report.days import DayChanges
from spotify_pipeline.report.facts import NOT_FOUND, READ, Facts
from spotify_pipeline.report.history import GAPS, History, Span, without_items
from spotify_pipeline.report.panels import Panel

_MINUS = "\u2212"
_WEEK = timedelta(days=7)


class Tile(NamedTuple):
    """A number that one looks for first, with what it means and a note."""

    label: str
    value: str
    note: str


class Line(NamedTuple):
    """A playlist in the directory.

    Attributes:
        steps: its readings and gaps: first and last day, counted from the report's first, state, and number of items.
        in_detail: whether it has a scope of its own.
    """

    playlist_id: str
    name: str
    url: str | None
    items: int | None
    last_read: str | None
    came: int
    went: int
    steps: list[tuple[int, int, str, int | None]]
    in_detail: bool


class Scope(NamedTuple):
    """All playlists (with an empty id), or one."""

    scope_id: str
    name: str
    url: str | None
    tiles: list[Tile]
    panels: dict[str, Panel]


class Report(NamedTuple):
    """All that is on the page."""

    first_day: date
    newest_day: date
    directory: list[Line]
    scopes: list[Scope]

    @property
    def days(self) -> int:
        """How many days it is about."""
        return (self.newest_day - self.first_day).days + 1


def make_report(facts: Facts) -> Report:
    """Lay out what was found."""
    history = History(facts)
    changes = {scope: days.by_day(its) for scope, its in days.by_scope(facts.changes).items()}
    return Report(
        history.first_day,
        history.newest_day,
        _directory(facts, history, changes),
        [
            _all(facts, history, changes.get("", {})),
            *(_one(facts, history, one, changes.get(one, {})) for one in facts.in_detail),
        ],
    )


def _all(facts: Facts, history: History, changes: dict[date, DayChanges]) -> Scope:
    newest = history.newest_day
    asked = [its for its in history.spans.values() if its[-1].state != NOT_FOUND]
    read = sum(its[-1].state == READ for its in asked)
    tracks, artists = _contents(facts, "")
    panels = {
        "calendar": days.calendar(history.all_spans, changes, history, overall=True),
        "flow": days.flow(history.all_spans, changes, newest),
        "overlap": contents.overlap_of_all(facts, history),
        "coverage": days.coverage(history, facts, facts.in_detail, overall=True),
        "decades": contents.decades(facts, ""),
        "artists": contents.artists(facts, ""),
        "stays": contents.stays(facts, ""),
    }
    tiles = [
        _updated(facts, newest),
        Tile(
            "Playlists",
            f"{len(asked):,}",
            f"{read:,} read on that day" if read < len(asked) else "all read on that day",
        ),
        Tile("Tracks", f"{tracks:,}", f"by {words.count(artists, 'artist')}"),
        _last_week(changes, newest),
        _known(history.all_spans, "Days run"),
    ]
    return Scope("", "All playlists", None, tiles, panels)


def _one(facts: Facts, history: History, scope: str, changes: dict[date, DayChanges]) -> Scope:
    spans, newest = history.spans[scope], history.newest_day
    last = history.last_read(scope)
    tracks, artists = _contents(facts, scope)
    panels = {
        "calendar": days.calendar(spans, changes, history, overall=False),
        "flow": days.flow(spans, changes, newest),
        "length": days.length(spans),
        "positions": contents.positions(facts, scope, spans),
        "overlap": contents.overlap_of_one(facts, scope),
        "coverage": days.coverage(history, facts, [scope], overall=False),
        "decades": contents.decades(facts, scope),
        "artists": contents.artists(facts, scope),
        "stays": contents.stays(facts, scope),
    }
    changed = max(changes, default=None)
    tiles = [
        Tile(
            "Last read",
            words.brief_day(last.last_day) if last else "never",
            GAPS[spans[-1].state] + " on the newest day" if spans[-1].state != READ else "the newest day",
        ),
        Tile(
            "Items",
            f"{last.items:,}" if last and last.items is not None else "?",
            f"{tracks:,} tracks by {words.count(artists, 'artist')}" if last else "not known",
        ),
        Tile(
            "Last change",
            words.brief_day(changed) if changed else "none",
            words.count(changes[changed].events, "change")
            if changed
            else f"since {words.short_day(spans[0].first_day)}",
        ),
        _last_week(changes, newest),
        _known(spans, "Days known"),
    ]
    return Scope(scope, facts.name(scope), facts.url(scope), tiles, panels)


def _directory(facts: Facts, history: History, changes: dict[str, dict[date, DayChanges]]) -> list[Line]:
    lines = []
    for scope, spans in history.spans.items():
        last, its = history.last_read(scope), changes.get(scope, {})
        steps = [
            (
                (span.first_day - history.first_day).days,
                (span.last_day - history.first_day).days,
                span.state,
                span.items,
            )
            for span in spans
        ]
        lines.append(
            Line(
                scope,
                facts.name(scope),
                facts.url(scope),
                last.items if last else None,
                words.brief_day(last.last_day) if last else None,
                sum(one.added for one in its.values()),
                sum(one.removed for one in its.values()),
                steps,
                scope in facts.in_detail,
            )
        )
    return sorted(lines, key=lambda line: (not line.in_detail, line.name.casefold(), line.playlist_id))


def _updated(facts: Facts, newest: date) -> Tile:
    fetched = max((run.fetched_at for run in facts.runs if run.fetched_at and run.last_day == newest), default=None)
    return Tile(
        "Last update", words.short_day(newest), f"{newest.year}, {fetched:%H:%M} UTC" if fetched else str(newest.year)
    )


def _last_week(changes: dict[date, DayChanges], newest: date) -> Tile:
    week = [one for day, one in changes.items() if day > newest - _WEEK]
    came, went = sum(one.added for one in week), sum(one.removed for one in week)
    return Tile("Last seven days", f"+{came:,} {_MINUS}{went:,}" if came or went else "none", "came and went")


def _known(spans: Sequence[Span], label: str) -> Tile:
    whole = sum(span.days for span in spans)
    known = sum(span.days for span in spans if span.state == READ)
    return Tile(label, words.percent(known, whole), f"{known:,} of {whole:,}, {_gaps(spans)}")


def _gaps(spans: Iterable[Span]) -> str:
    gaps = len([span for span in without_items(spans) if span.state != READ])
    return words.count(gaps, "gap") if gaps else "no gap"


def _contents(facts: Facts, scope: str) -> tuple[int, int]:
    """How many different tracks, and how many artists."""
    tracks = sum(one.tracks for one in facts.decades if one.scope == scope)
    return tracks, next((one.artists for one in facts.artists if one.scope == scope), 0)
