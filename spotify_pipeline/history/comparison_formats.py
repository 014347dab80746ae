"""What lies between two versions of a playlist: a table for people, CSV and JSON for programs, and what is gone.

As M3U or URIs are shown the items that were removed, in their old order: they are what somebody wants back.
"""

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from spotify_pipeline.history.playlist_files import as_m3u, as_uris
from spotify_pipeline.history.printed import Printed
from spotify_pipeline.history.version_formats import about, json_text, reading
from spotify_pipeline.history.versions import Change, Comparison
from spotify_pipeline.history.words import (
    METADATA_SIGN,
    SIGNS,
    artists_of,
    counted,
    metadata_sentence,
    name_of,
    ordinal,
    visible,
)
from spotify_pipeline.query.engine import Answer
from spotify_pipeline.query.formats import as_csv
from spotify_pipeline.tables.events import Event

_STYLES = {"added": "green", "removed": "red", "moved": "cyan", "replaced": "yellow"}
_EVENT_COLUMNS = [field.name for field in fields(Event)]


def as_table(comparison: Comparison) -> Printed:
    """A line for each change, with signs; positions are counted from 1 as Spotify shows them."""
    before, after = comparison.before, comparison.after
    title = Text(f"{after.name} from {before.day} to {after.day}", "bold")
    if not comparison.changes:
        return Printed(Group(title, "", f"No change {_readings(comparison)}."))
    of_playlist = [change.event for change in comparison.changes if change.event.event not in SIGNS]
    sentences = [
        Text(f"{METADATA_SIGN} {metadata_sentence(event.event, event.old_value, event.new_value)}")
        for event in of_playlist
    ]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    for _ in ("name", "artists", "details"):
        table.add_column(overflow="fold")
    for change in comparison.changes:
        kind, subject = change.event.event, change.subject
        if kind in SIGNS and subject:
            table.add_row(
                Text(SIGNS[kind], _STYLES[kind]),
                Text(ordinal(subject.position)),
                Text(name_of(subject), _STYLES[kind]),
                Text(artists_of(subject)),
                Text(_details(change), "dim"),
            )
    parts: list[RenderableType] = [*sentences]
    if table.rows:
        parts += ["", table] if sentences else [table]
    return Printed(Group(title, "", *parts, "", f"{_counts(comparison)},", _readings(comparison)))


def as_csv_rows(comparison: Comparison) -> Printed:
    """A row for each change, with the columns of `playlist_events`, and names; positions from 0 as there."""
    rows = [
        (
            *(getattr(change.event, column) for column in _EVENT_COLUMNS),
            change.subject.name if change.subject else None,
            ", ".join(change.subject.artists) if change.subject else None,
        )
        for change in comparison.changes
    ]
    return Printed(as_csv(Answer([*_EVENT_COLUMNS, "name", "artists"], rows)))


def as_json(comparison: Comparison) -> Printed:
    """The playlist, the two readings, and an object for each change as in `playlist_events`, with its items."""
    return Printed(
        json_text(
            {
                "playlist": about(comparison.after),
                "before": reading(comparison.before),
                "after": reading(comparison.after),
                "events": [_object(change) for change in comparison.changes],
            }
        )
    )


def _object(change: Change) -> dict[str, Any]:
    return asdict(change.event) | {"item": change.item, "previous_item": change.previous_item}


def _removed(as_file: Callable[[Comparison], Printed]) -> Callable[[Comparison], Printed]:
    """The format, with a note where there is nothing to be shown."""

    def printed(comparison: Comparison) -> Printed:
        return (
            as_file(comparison) if comparison.removed else Printed("", f"Nothing was removed {_readings(comparison)}.")
        )

    return printed


COMPARISON_FORMATS: dict[str, Callable[[Comparison], Printed]] = {
    "table": as_table,
    "csv": as_csv_rows,
    "json": as_json,
    "m3u": _removed(lambda comparison: as_m3u(f"Removed from {comparison.after.name}", comparison.removed)),
    "uris": _removed(lambda comparison: as_uris(comparison.removed)),
}


def _details(change: Change) -> str:
    """What else is to be said: whence it has moved, what it has replaced, who has added it and when."""
    event, previous = change.event, change.previous_item
    if event.event == "moved":
        return f"from {ordinal(event.previous_position)}"
    if event.event == "replaced" and previous:
        return f"replaces another release{f', from {visible(previous.album)}' if previous.album else ''}"
    added = " ".join(
        part
        for part in (
            str(event.added_at.date()) if event.added_at else "",
            f"by {visible(event.added_by_id)}" if event.added_by_id else "",
        )
        if part
    )
    return f"added {added}" if added else ""


def _counts(comparison: Comparison) -> str:
    kinds = [change.event.event for change in comparison.changes]
    counts = [f"{kinds.count(kind):,} {kind}" for kind in SIGNS if kind in kinds]
    of_playlist = sum(kind not in SIGNS for kind in kinds)
    return ", ".join([*counts, *([f"{counted(of_playlist, 'change')} of the playlist itself"] if of_playlist else [])])


def _readings(comparison: Comparison) -> str:
    before, after = comparison.before, comparison.after
    if before.snapshot_date == after.snapshot_date:
        return f"as Spotify's snapshot_id was that of {before.snapshot_date} all the time"
    return f"between the readings of {before.snapshot_date} and {after.snapshot_date}"
