"""From documents to the rows of tables, in one pass.

A day's playlists are cut into shares, each of which may be transformed by another process or machine; `merge.py` puts
together what they have in common. Within a share each document is decoded, added to the tables and let go, and full
files of playlists, items and events are given away, so that memory grows with distinct tracks alone.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import NamedTuple

import msgspec
import polars as pl

from spotify_pipeline.errors import DataError
from spotify_pipeline.spotify.documents import Album, Artist, Content, Playlist, PlaylistItem, decode
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Status
from spotify_pipeline.tables.declarations import (
    ALBUM_ARTISTS,
    ALBUMS,
    ARTISTS,
    PLAYLIST_EVENTS,
    PLAYLIST_ITEMS,
    PLAYLISTS,
    TRACK_ARTISTS,
    TRACKS,
)
from spotify_pipeline.tables.events import events_between
from spotify_pipeline.tables.items import standing
from spotify_pipeline.tables.rows import Rows, album_row, artist_row, playlist_row, track_row
from spotify_pipeline.tables.schema import Table

VERSION = "2"
"""Of the transformation: a new one means that the same documents give other tables."""

OBSERVED = "observed"
"""A further column of what shares have in common: the rank of the document that says so; the highest tells.

Of documents that were read from Spotify that is the day, as an ordinal number. Imported ones, which mostly hold less,
rank below all of them.
"""
OF_PLAYLISTS = (PLAYLISTS, PLAYLIST_ITEMS, PLAYLIST_EVENTS)
"""The tables of which each row belongs to one playlist, and so to one share."""
IN_COMMON = (TRACKS, ALBUMS, ARTISTS, TRACK_ARTISTS, ALBUM_ARTISTS)
"""The tables of which several shares may have the same row."""

ROWS_IN_FILE = 1_000_000
"""About so many at most: 60 MB of items as Parquet, and 250 MB as long as they are in memory."""

_ALL_DAYS = date.max.toordinal()
_NOT_SEEN = -_ALL_DAYS - 1

Write = Callable[[Table, pl.DataFrame], None]
"""Takes the next rows of a table, sorted by primary key."""


class Previous(NamedTuple):
    """An earlier reading of a playlist: its day, and what was read."""

    day: date
    playlist: Playlist


class Transformed(NamedTuple):
    """What a share has beside its files.

    Attributes:
        in_common: a frame for each table of `IN_COMMON`, with the column `OBSERVED`. Of a track, an album or an artist
            the newest document's row comes last.
        rejected: why documents were left out, by playlist id.
    """

    in_common: dict[str, pl.DataFrame]
    rejected: dict[str, str]


def transform(
    day: date,
    share: Iterable[Coverage],
    write: Write,
    read_document: Callable[[str], bytes],
    read_previous: Callable[[Coverage], Previous | None] = lambda _: None,
) -> Transformed:
    """Make the tables of a share of a day's playlists.

    Args:
        day: the day.
        share: rows of its manifest, in the order of their playlist ids.
        write: is given the rows of the tables `OF_PLAYLISTS`, a file at a time.
        read_document: gives the raw JSON of a playlist of that day; raises `DataError` where it is damaged.
        read_previous: gives the newest reading of an earlier day that may differ, if there is one.
    """
    tables, rejected = _Tables(write), {}
    for row in share:
        if row.status.has_document:
            try:
                playlist = decode_playlist(row.playlist_id, read_document(row.playlist_id))
            except DataError as error:
                rejected[row.playlist_id] = str(error)
                continue
            tables.add_playlist(row, playlist)
            if row.status.has_rows and (previous := read_previous(row)):
                tables.add_events(previous.playlist, playlist, previous.day, day)
    tables.write()
    return Transformed(tables.in_common(), rejected)


def mark_failed(manifest: Manifest, reasons: Mapping[str, str]) -> Manifest:
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


class _Tables:
    """The rows of a share; each track, album and artist once for each newer document that has it."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._of_playlists = [(table, Rows(table.polars_schema())) for table in OF_PLAYLISTS]
        self._in_common = {table.name: Rows(with_observed(table)) for table in IN_COMMON}
        self._add_playlist, self._add_item, self._add_event = (rows.add for _, rows in self._of_playlists)
        self._add_track, self._add_album, self._add_artist, self._add_track_artist, self._add_album_artist = (
            rows.add for rows in self._in_common.values()
        )
        self._tracks: dict[str, int] = {}
        self._albums: dict[str, int] = {}
        self._artists: dict[str, int] = {}

    def write(self, *, rows_at_least: int = 0) -> None:
        """Pack what has come together, and give it away where it fills a file."""
        for table, rows in self._of_playlists:
            rows.pack()
            if len(rows) > rows_at_least:
                self._write(table, rows.take())
        for rows in self._in_common.values():
            rows.pack()

    def in_common(self) -> dict[str, pl.DataFrame]:
        return {name: rows.take() for name, rows in self._in_common.items()}

    def add_playlist(self, row: Coverage, playlist: Playlist) -> None:
        """Add a playlist's metadata and, if the day has its rows, everything in it."""
        self._add_playlist(playlist_row(playlist))
        if row.status.has_rows and playlist.contents:
            self._add_entries(playlist.id, playlist.contents.entries, _rank(row))
        self.write(rows_at_least=ROWS_IN_FILE)

    def add_events(self, before: Playlist, after: Playlist, previous_day: date, day: date) -> None:
        """Add what has happened to a playlist since its previous reading."""
        days = (day - previous_day).days
        for number, event in enumerate(events_between(before, after)):
            self._add_event(
                (
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
            )

    def _add_entries(self, playlist_id: str, entries: Iterable[PlaylistItem], observed: int) -> None:
        add, newest = self._add_item, self._tracks
        for position, entry in enumerate(entries):
            content, kind, key, track, added_at, added_by = standing(position, entry)
            name, is_playable, duration = (
                (content.name, content.is_playable, content.duration_ms) if content else (None, None, None)
            )
            add((playlist_id, position, kind, key, track, name, added_at, added_by, is_playable, duration))
            if content and track and newest.get(track, _NOT_SEEN) < observed:
                newest[track] = observed
                self._add_newer_track(track, content, observed)

    def _add_newer_track(self, track: str, content: Content, observed: int) -> None:
        self._add_track((*track_row(track, content), observed))
        album = content.album
        if album and album.id and self._albums.get(album.id, _NOT_SEEN) < observed:
            self._albums[album.id] = observed
            self._add_newer_album(album.id, album, observed)
        for position, artist in enumerate(content.artists or ()):
            if artist.id:
                self._add_track_artist((track, position, artist.id, observed))
                self._add_artist_if_newer(artist.id, artist, observed)

    def _add_newer_album(self, album_id: str, album: Album, observed: int) -> None:
        self._add_album((*album_row(album), observed))
        for position, artist in enumerate(album.artists or ()):
            if artist.id:
                self._add_album_artist((album_id, position, artist.id, observed))
                self._add_artist_if_newer(artist.id, artist, observed)

    def _add_artist_if_newer(self, artist_id: str, artist: Artist, observed: int) -> None:
        if self._artists.get(artist_id, _NOT_SEEN) < observed:
            self._artists[artist_id] = observed
            self._add_artist((*artist_row(artist), observed))


def _rank(row: Coverage) -> int:
    day = row.observed_date.toordinal() if row.observed_date else 0
    return day - _ALL_DAYS if row.status is Status.IMPORTED else day


def with_observed(table: Table) -> pl.Schema:
    """The columns of a table of `IN_COMMON`, as shares have it."""
    return pl.Schema({**table.polars_schema(), OBSERVED: pl.Int32()})
