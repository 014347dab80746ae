"""From a day's documents to its tables, in one pass.

Each document is decoded, added to the tables and let go, so that memory grows with the tables and not with the JSON.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import msgspec
import polars as pl

from spotify_pipeline.errors import DataError
from spotify_pipeline.spotify.documents import (
    Album,
    Artist,
    Content,
    ExternalUrls,
    Image,
    Playlist,
    PlaylistItem,
    decode,
)
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Status
from spotify_pipeline.tables import declarations
from spotify_pipeline.tables.events import events_between
from spotify_pipeline.tables.items import added_at, added_by_id, isrc, item_key, item_type, track_id
from spotify_pipeline.tables.schema import Table

VERSION = "2"
"""Of the transformation: a new one means that the same documents give other tables."""

_ROWS_IN_CHUNK = 50_000  # as Python objects rows take about ten times the memory that they take in a frame


@dataclass(frozen=True)
class Transformed:
    """A day's tables by name, and why documents were left out, by playlist id."""

    frames: dict[str, pl.DataFrame]
    rejected: dict[str, str]


class Previous(NamedTuple):
    """An earlier reading of a playlist: its day, and what was read."""

    day: date
    playlist: Playlist


def transform(
    manifest: Manifest,
    read_document: Callable[[str], bytes],
    read_previous: Callable[[Coverage], Previous | None] = lambda _: None,
) -> Transformed:
    """Make all tables of a day.

    Args:
        manifest: the day's manifest.
        read_document: gives the raw JSON of a playlist of that day; raises `DataError` where it is damaged.
        read_previous: gives the newest reading of an earlier day that may differ, if there is one.

    Returns:
        A frame for each declared table, sorted by primary key. A playlist whose document cannot be read has no rows
        and is `failed` in `coverage`.
    """
    tables, rejected = _Tables(), {}
    # What several documents say of the same track is taken from the newest; between equals the order of playlist ids
    # decides, so that the result depends on the documents alone.
    newest_first = sorted(manifest.playlists, key=lambda row: row.playlist_id)
    newest_first.sort(key=lambda row: row.observed_date or date.min, reverse=True)
    for row in newest_first:
        if row.status.has_document:
            try:
                playlist = decode_playlist(row.playlist_id, read_document(row.playlist_id))
            except DataError as error:
                rejected[row.playlist_id] = str(error)
            else:
                tables.add_playlist(row, playlist)
                if row.status.has_rows and (previous := read_previous(row)):
                    tables.add_events(previous.playlist, playlist, previous.day, manifest.snapshot_date)
    for row in mark_failed(manifest, rejected).playlists:
        tables.add_coverage(row)
    return Transformed(tables.frames(), rejected)


def mark_failed(manifest: Manifest, reasons: dict[str, str]) -> Manifest:
    """The manifest with status `failed` for each playlist that has a reason."""
    rows = [
        Coverage(row.playlist_id, Status.FAILED, reasons[row.playlist_id], requests=row.requests)
        if row.playlist_id in reasons
        else row
        for row in manifest.playlists
    ]
    return msgspec.structs.replace(manifest, playlists=rows)


def decode_playlist(playlist_id: str, document: bytes) -> Playlist:
    """The document, typed.

    Raises:
        DataError: it is malformed, or another playlist's; the message names the file and the field.
    """
    try:
        playlist = decode(document, Playlist)
    except DataError as error:
        raise DataError(f"{playlist_id}.json.gz: {error}") from None
    if playlist.id != playlist_id:
        raise DataError(f"{playlist_id}.json.gz: it is the document of playlist {playlist.id}")
    return playlist


class _Rows:
    """Collects the rows of one table, as Python objects only for a while."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._schema = table.polars_schema()
        self._pending: list[Sequence[Any]] = []
        self._chunks = [pl.DataFrame(schema=self._schema)]

    def add(self, *values: Any) -> None:  # noqa: ANN401  # types are checked when the frame is made
        """Add a row: a value for each declared column, in order."""
        self._pending.append(values)
        if len(self._pending) >= _ROWS_IN_CHUNK:
            self._flush()

    def _flush(self) -> None:
        if self._pending:
            columns = zip(self._schema.items(), zip(*self._pending, strict=True), strict=True)
            self._chunks.append(pl.DataFrame([pl.Series(name, values, dtype) for (name, dtype), values in columns]))
            self._pending = []

    def frame(self) -> pl.DataFrame:
        """All rows, sorted by primary key."""
        self._flush()
        return pl.concat(self._chunks).sort(self._table.primary_key)


class _Tables:
    """The rows of all tables; each track, album and artist once, as it was first seen."""

    def __init__(self) -> None:
        self._rows = {name: _Rows(table) for name, table in declarations.TABLES.items()}
        self._add_coverage = self._rows["coverage"].add
        self._add_playlist = self._rows["playlists"].add
        self._add_item = self._rows["playlist_items"].add
        self._add_track = self._rows["tracks"].add
        self._add_album = self._rows["albums"].add
        self._add_artist = self._rows["artists"].add
        self._add_track_artist = self._rows["track_artists"].add
        self._add_album_artist = self._rows["album_artists"].add
        self._add_event = self._rows["playlist_events"].add
        self._seen_tracks: set[str] = set()
        self._seen_albums: set[str] = set()
        self._seen_artists: set[str] = set()

    def frames(self) -> dict[str, pl.DataFrame]:
        return {name: rows.frame() for name, rows in self._rows.items()}

    def add_coverage(self, row: Coverage) -> None:
        self._add_coverage(
            row.playlist_id,
            row.status.value,
            row.reason,
            row.observed_date,
            row.items_total,
            row.items_read,
            row.requests,
            row.fetched_at,
        )

    def add_playlist(self, row: Coverage, playlist: Playlist) -> None:
        """Add a playlist's metadata and, if the day has its rows, everything in it."""
        self._add_playlist(
            playlist.id,
            playlist.name or "",
            playlist.description,
            playlist.owner.id if playlist.owner else None,
            playlist.owner.display_name if playlist.owner else None,
            playlist.public,
            bool(playlist.collaborative),
            playlist.snapshot_id,
            playlist.total,
            playlist.followers.total if playlist.followers else None,
            _first_url(playlist.images),
            _page_url(playlist.external_urls),
        )
        if row.status.has_rows and playlist.contents:
            for position, entry in enumerate(playlist.contents.entries):
                self._add_entry(playlist.id, position, entry)

    def add_events(self, before: Playlist, after: Playlist, previous_day: date, day: date) -> None:
        """Add what has happened to a playlist since its previous reading."""
        days = (day - previous_day).days
        for number, event in enumerate(events_between(before, after)):
            self._add_event(
                after.id,
                number,
                event.event,
                event.item_key,
                event.previous_item_key,
                event.track_id,
                event.position,
                event.previous_position,
                previous_day,
                days,
                event.added_at,
                event.added_by_id,
                event.old_value,
                event.new_value,
            )

    def _add_entry(self, playlist_id: str, position: int, entry: PlaylistItem) -> None:
        content = entry.content
        kind = item_type(entry, content)
        track = track_id(kind, content)
        self._add_item(
            playlist_id,
            position,
            kind,
            item_key(position, kind, content),
            track,
            content.name if content else None,
            added_at(entry),
            added_by_id(entry),
            content.is_playable if content else None,
            content.duration_ms if content else None,
        )
        if content and track and track not in self._seen_tracks:
            self._seen_tracks.add(track)
            self._add_new_track(track, content)

    def _add_new_track(self, id_: str, track: Content) -> None:
        code = isrc(track)
        self._add_track(
            id_,
            track.name or "",
            self._album_id(track.album),
            track.disc_number,
            track.track_number,
            track.duration_ms or 0,
            track.explicit,
            code,
            code or id_,
            track.popularity,
            _page_url(track.external_urls),
        )
        for position, artist_id in self._credits(track.artists):
            self._add_track_artist(id_, position, artist_id)

    def _album_id(self, album: Album | None) -> str | None:
        """The album's id, the album being added where it is new."""
        if album is None or not album.id:
            return None
        if album.id not in self._seen_albums:
            self._seen_albums.add(album.id)
            self._add_album(*album_row(album))
            for position, artist_id in self._credits(album.artists):
                self._add_album_artist(album.id, position, artist_id)
        return album.id

    def _credits(self, artists: list[Artist] | None) -> list[tuple[int, str]]:
        """Position and id of each artist that has an id, new artists being added."""
        credits_ = [(position, artist, artist.id) for position, artist in enumerate(artists or ()) if artist.id]
        for _, artist, artist_id in credits_:
            if artist_id not in self._seen_artists:
                self._seen_artists.add(artist_id)
                self._add_artist(*artist_row(artist))
        return [(position, artist_id) for position, _, artist_id in credits_]


def album_row(album: Album) -> tuple[Any, ...]:
    """The row of the table `albums`."""
    return (
        album.id,
        album.name or "",
        album.album_type,
        album.release_date,
        album.release_date_precision,
        release_day(album.release_date),
        album.total_tracks,
        album.label,
        album.popularity,
        _first_url(album.images),
        _page_url(album.external_urls),
    )


def artist_row(artist: Artist) -> tuple[Any, ...]:
    """The row of the table `artists`."""
    return (
        artist.id,
        artist.name or "",
        artist.genres,
        artist.followers.total if artist.followers else None,
        artist.popularity,
        _first_url(artist.images),
        _page_url(artist.external_urls),
    )


def release_day(release_date: str | None) -> date | None:
    """The first day that a release date can mean; None for null, `0000` and what is no date."""
    match = re.fullmatch(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?", release_date or "")
    if match is None:
        return None
    year, month, day = (int(part or 1) for part in match.groups())
    try:
        return date(year, month or 1, day or 1)
    except ValueError:
        return None


def _first_url(images: list[Image | None] | None) -> str | None:
    return next((image.url for image in images or () if image and image.url), None)


def _page_url(urls: ExternalUrls | None) -> str | None:
    return urls.spotify if urls else None
