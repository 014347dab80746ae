"""A version as the CSV of Exportify, https://github.com/watsonbox/exportify, which many programs read."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from spotify_pipeline.history.items import Item
from spotify_pipeline.history.printed import Printed
from spotify_pipeline.history.versions import Version
from spotify_pipeline.spotify.documents import Album, Artist, Content
from spotify_pipeline.tables.items import isrc
from spotify_pipeline.tables.rows import first_url

_Cell = str | int | None

_COLUMNS: dict[str, Callable[[Item, Content, Album], _Cell]] = {
    "Track URI": lambda item, _, __: item.item_key if item.is_known else None,
    "Track Name": lambda item, _, __: item.name,
    "Artist URI(s)": lambda _, track, __: _uris(track.artists),
    "Artist Name(s)": lambda _, track, __: _names(track.artists),
    "Album URI": lambda _, __, album: _uri("album", album.id),
    "Album Name": lambda _, __, album: album.name,
    "Album Artist URI(s)": lambda _, __, album: _uris(album.artists),
    "Album Artist Name(s)": lambda _, __, album: _names(album.artists),
    "Album Release Date": lambda _, __, album: album.release_date,
    "Album Image URL": lambda _, __, album: first_url(album.images),
    "Disc Number": lambda _, track, __: track.disc_number,
    "Track Number": lambda _, track, __: track.track_number,
    "Track Duration (ms)": lambda item, _, __: item.duration_ms,
    "Track Preview URL": lambda _, __, ___: None,  # no table has it
    "Explicit": lambda _, track, __: None if track.explicit is None else str(track.explicit).lower(),
    "Popularity": lambda _, track, __: track.popularity,
    "ISRC": lambda _, track, __: isrc(track),
    "Added By": lambda item, _, __: _uri("user", item.added_by_id and quote(item.added_by_id, safe="")),
    "Added At": lambda item, _, __: _time(item.added_at),
}
"""What Exportify has in English since December 2022, in its order."""


def as_exportify(version: Version) -> Printed:
    """A row for each item in the playlist's order; what is not known is an empty cell.

    What Spotify no longer tells anything of keeps its row too, so that every row is at its place.
    """
    output = io.StringIO()
    writer = csv.writer(output, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(_COLUMNS)
    entries = version.playlist.contents.entries if version.playlist.contents else ()
    for item, entry in zip(version.items, entries, strict=True):
        track = entry.content or Content()
        album = track.album or Album()
        writer.writerow([cell(item, track, album) for cell in _COLUMNS.values()])
    return Printed(output.getvalue().removesuffix("\n"))


def _time(time: datetime | None) -> str | None:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z") if time else None


def _uri(kind: str, id_: str | None) -> str | None:
    return f"spotify:{kind}:{id_}" if id_ else None


def _uris(artists: Sequence[Artist] | None) -> str | None:
    """Addresses in the order of the names; none at all where no artist has one, as of local files."""
    uris = [_uri("artist", artist.id) or "" for artist in artists or ()]
    return ", ".join(uris) if any(uris) else None


def _names(artists: Sequence[Artist] | None) -> str | None:
    return ", ".join((artist.name or "").replace(",", r"\,") for artist in artists or ()) or None
