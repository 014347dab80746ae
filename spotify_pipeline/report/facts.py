"""What the report asks, in Athena SQL: the statements in `sql/`, and their answers with types."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from importlib import resources
from typing import Any, NamedTuple

from spotify_pipeline.errors import DataError
from spotify_pipeline.query.engine import Session

READ = "read"
NOT_FOUND = "not_found"
MOST_IN_DETAIL = 40
MOST_LISTED = 12
TOP_POSITIONS = 10
POSITION_DAYS = 30


class Run(NamedTuple):
    """Days that follow each other, on which the same came of a playlist.

    Attributes:
        state: `read`, or what prevented it, as in `coverage`.
        items: how many there were; None where it was not read.
    """

    playlist_id: str
    state: str
    reason: str
    items: int | None
    first_day: date
    last_day: date
    fetched_at: datetime | None


class Change(NamedTuple):
    """How much has happened to a playlist between a day and the one on which it was last read before."""

    playlist_id: str
    day: date
    added: int
    removed: int
    replaced: int
    moved: int
    described: int
    gap_days: int

    @property
    def events(self) -> int:
        """How much in all."""
        return self.added + self.removed + self.replaced + self.moved + self.described


class Playlist(NamedTuple):
    """What a playlist is called, and its page on open.spotify.com."""

    playlist_id: str
    name: str
    url: str | None


class Decade(NamedTuple):
    """How many tracks of a scope were released in a decade; None where Spotify does not say."""

    scope: str
    decade: int | None
    tracks: int


class Artist(NamedTuple):
    """On how many tracks of a scope an artist is credited, and how many artists the scope has."""

    scope: str
    name: str
    url: str | None
    tracks: int
    artists: int


class Overlap(NamedTuple):
    """How many recordings a playlist shares with another, and how many each has."""

    playlist_id: str
    other_id: str
    shared: int
    size: int
    other_size: int


class Position(NamedTuple):
    """What stood at a position, from 0, on a day."""

    playlist_id: str
    day: date
    position: int
    item_key: str
    track_id: str | None
    name: str | None


class Stay(NamedTuple):
    """How long an item stood on a playlist, as in `memberships`, and its place among the longest stays, from 1."""

    playlist_id: str
    name: str | None
    item_key: str
    track_id: str | None
    added_at: datetime | None
    last_seen: date
    days_min: int
    days_max: int
    left_censored: bool
    is_current: bool
    place: int
    place_of_all: int


class Facts(NamedTuple):
    """All that the report knows.

    Attributes:
        in_detail: ids of the playlists of which all is asked, those with the newest changes first.
    """

    runs: list[Run]
    changes: list[Change]
    playlists: dict[str, Playlist]
    in_detail: list[str]
    decades: list[Decade]
    artists: list[Artist]
    overlaps: list[Overlap]
    positions: list[Position]
    stays: list[Stay]

    def name(self, playlist_id: str) -> str:
        """What a playlist is called; its id where that is not known, or nothing."""
        found = self.playlists.get(playlist_id)
        return (found.name if found else "") or playlist_id

    def url(self, playlist_id: str) -> str | None:
        """Its page."""
        found = self.playlists.get(playlist_id)
        return found.url if found else None

    @property
    def newest_day(self) -> date:
        """The newest published day."""
        return max(run.last_day for run in self.runs)

    @property
    def first_day(self) -> date:
        """The first one."""
        return min(run.first_day for run in self.runs)


def gather(engine: Session) -> Facts:
    """Ask all of it: seven statements, each billed by Athena.

    Raises:
        QueryError: SQL cannot be asked.
        DataError: no day is published.
    """
    runs = [Run(*row) for row in _ask(engine, "runs")]
    if not runs:
        raise DataError("There is nothing to report yet: publish a day with `spotify-pipeline run`.")
    changes = [Change(*row) for row in _ask(engine, "changes")]
    playlists = {row[0]: Playlist(*row) for row in _ask(engine, "playlists")}
    last_read = {run.playlist_id: run.last_day for run in runs if run.state == READ}  # runs are in order
    in_detail = _in_detail(runs, changes)
    newest = max(run.last_day for run in runs)
    lists = {
        "days": _dates(set(last_read.values())),
        "playlists": _texts(in_detail),
        "gone": _texts(run.playlist_id for run in runs if run.state == NOT_FOUND and run.last_day == newest),
    }
    decades, artists = [], []
    for scope, kind, number, name, url, tracks in _ask(engine, "contents", most=str(MOST_LISTED), **lists):
        if kind == "decade":
            decades.append(Decade(scope, number, tracks))
        else:
            artists.append(Artist(scope, name, url, tracks, number))
    overlaps = [Overlap(*row) for row in _ask(engine, "overlaps", most=str(MOST_LISTED), **lists)]
    since = newest - timedelta(days=POSITION_DAYS - 1)
    stays = [Stay(*row) for row in _ask(engine, "stays", most=str(MOST_LISTED), **lists)]
    positions = _ask(engine, "positions", most=str(TOP_POSITIONS), since=f"DATE '{since}'", **lists)
    found = [Position(*row) for row in positions]
    return Facts(runs, changes, playlists, in_detail, decades, artists, overlaps, found, stays)


def _in_detail(runs: Iterable[Run], changes: Iterable[Change]) -> list[str]:
    """Those with the newest changes; of others, those with the newest readings, then the larger ones."""
    newest: dict[str, tuple[date, date, int]] = {}
    for run in runs:
        newest[run.playlist_id] = (date.min, run.last_day if run.state == READ else date.min, run.items or 0)
    for change in changes:
        if change.playlist_id in newest:
            newest[change.playlist_id] = (change.day, *newest[change.playlist_id][1:])
    return sorted(newest, key=lambda playlist_id: (newest[playlist_id], playlist_id), reverse=True)[:MOST_IN_DETAIL]


def _ask(engine: Session, name: str, **values: str) -> Iterator[tuple[Any, ...]]:
    sql = resources.files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    for parameter, value in values.items():
        sql = sql.replace(f":{parameter}", value)
    yield from engine.ask(sql).rows


def _dates(days: Iterable[date]) -> str:
    return ", ".join(f"DATE '{day}'" for day in sorted(days)) or "DATE '0001-01-01'"


def _texts(values: Iterable[str]) -> str:
    """The values for `IN`, which takes no empty list; no id is empty."""
    return ", ".join("'" + value.replace("'", "''") + "'" for value in ("", *values))
