"""What the plain readings share: rows by their keys, shares of a hundred, and an order in which null comes last."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from spotify_pipeline_tests.query.history import DAYS, History, Row

Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)

NEWEST = DAYS[-1]
A_YEAR_BEFORE = NEWEST - timedelta(days=365)


def by(column: str, rows: Iterable[Row]) -> dict[Any, Row]:
    """Rows by a column that tells them apart."""
    return {row[column]: row for row in rows}


def grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    groups: defaultdict[Key, list[Item]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)


def percent(part: int, whole: int) -> Decimal:
    """With one digit, halves away from zero."""
    return (Decimal(100 * part) / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)


def null_last(value: Any) -> tuple[Any, ...]:
    return (True,) if value is None else (False, value)


def fits(playlist_id: str, pattern: str) -> bool:
    """Whether an id is LIKE a pattern."""
    return fnmatchcase(playlist_id, pattern.replace("%", "*"))


def was_read(row: Row) -> bool:
    return row["status"] in ("observed", "unchanged")


def read_days(history: History, playlist_id: str, since: date = DAYS[0], until: date = NEWEST) -> list[date]:
    """The days on which a playlist was read."""
    return [
        day
        for day in DAYS
        if since <= day <= until
        for row in history.rows("coverage", day)
        if row["playlist_id"] == playlist_id and was_read(row)
    ]


def newest_name(history: History, playlist_id: str) -> str:
    named = (playlist_names(history, day) for day in reversed(DAYS))
    return next(names[playlist_id] for names in named if playlist_id in names)


def playlist_names(history: History, day: date) -> dict[str, str]:
    return {row["playlist_id"]: row["name"] for row in history.rows("playlists", day)}


def artist_names(history: History, day: date) -> dict[str, str]:
    return {row["artist_id"]: row["name"] for row in history.rows("artists", day)}


def credits_of(history: History, day: date) -> dict[str, list[Row]]:
    """The credits of each track, in their order."""
    rows = sorted(history.rows("track_artists", day), key=lambda row: row["artist_position"])
    return grouped(rows, lambda row: row["track_id"])


def track_items(history: History, day: date) -> list[tuple[Row, Row]]:
    """Each item that is a track, with the track."""
    tracks = by("track_id", history.rows("tracks", day))
    return [(item, tracks[item["track_id"]]) for item in history.rows("playlist_items", day) if item["track_id"]]
