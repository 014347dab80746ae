"""A version of a playlist: a table for people, CSV and JSON for programs, M3U and URIs for players and for Spotify."""

from collections.abc import Callable
from typing import Any

import msgspec
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from spotify_pipeline.history.playlist_files import as_m3u, as_uris
from spotify_pipeline.history.printed import Printed
from spotify_pipeline.history.versions import Version
from spotify_pipeline.history.words import artists_of, counted, name_of, ordinal
from spotify_pipeline.query.engine import Answer
from spotify_pipeline.query.formats import as_csv

_COLUMNS = (
    "position",
    "item_type",
    "item_key",
    "name",
    "artists",
    "album",
    "duration_ms",
    "added_at",
    "added_by_id",
    "url",
)


def as_table(version: Version) -> Printed:
    """For people, who count positions from 1 as Spotify shows them."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("name", overflow="fold")
    table.add_column("artists", overflow="fold")
    table.add_column("added", no_wrap=True)
    table.add_column("length", justify="right", no_wrap=True)
    for item in version.items:
        table.add_row(
            ordinal(item.position),
            Text(name_of(item), "" if item.name else "dim"),
            Text(artists_of(item)),
            str(item.added_at.date()) if item.added_at else "",
            _clock(item.duration_ms),
        )
    length = sum(item.duration_ms or 0 for item in version.items)
    end = ", ".join([counted(len(version.items), "item"), *([_clock(length)] if length else [])])
    title = Text(f"{version.name} on {version.day}", "bold")
    return Printed(Group(title, "", table, end) if version.items else Group(title, "", "Nothing was on it."))


def as_csv_rows(version: Version) -> Printed:
    """A row for each item, with the columns of `playlist_items`, and names; positions from 0 as there."""
    rows = [tuple(_cell(getattr(item, column)) for column in _COLUMNS) for item in version.items]
    return Printed(as_csv(Answer(list(_COLUMNS), rows)))


def as_json(version: Version) -> Printed:
    """An object with the playlist, the reading and its items; positions from 0."""
    return Printed(json_text({"playlist": about(version), **reading(version), "items": version.items}))


VERSION_FORMATS: dict[str, Callable[[Version], Printed]] = {
    "table": as_table,
    "csv": as_csv_rows,
    "json": as_json,
    "m3u": lambda version: as_m3u(version.name, version.items),
    "uris": lambda version: as_uris(version.items),
}


def about(version: Version) -> dict[str, Any]:
    """The playlist itself, for programs."""
    playlist = version.playlist
    return {
        "id": playlist.id,
        "name": playlist.name,
        "description": playlist.description,
        "owner_id": playlist.owner.id if playlist.owner else None,
        "snapshot_id": playlist.snapshot_id,
        "url": playlist.external_urls.spotify if playlist.external_urls else None,
    }


def reading(version: Version) -> dict[str, Any]:
    """Which day was asked for, which reading this is, and whether it is known to be the same, for programs."""
    return {
        "day": version.day,
        "snapshot_date": version.snapshot_date,
        "is_certain": version.is_certain,
        "note": version.note,
    }


def json_text(value: object) -> str:
    """The JSON of dataclasses, days and times, to be read by people too."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _cell(value: Any) -> Any:  # noqa: ANN401  # whatever an item holds
    return ", ".join(value) if isinstance(value, tuple) else value


def _clock(milliseconds: int | None) -> str:
    """`3:07`, or `1:02:45`."""
    if milliseconds is None:
        return ""
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
