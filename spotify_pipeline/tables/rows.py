"""The rows of playlists, tracks, albums and artists, and their collection in frames.

What stands at a position of a playlist is in `items.py`, what has happened to it in `events.py`.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import polars as pl

from spotify_pipeline.spotify.documents import Album, Artist, Content, ExternalUrls, Image, Playlist
from spotify_pipeline.spotify.manifest import Coverage
from spotify_pipeline.tables.items import isrc

_ROWS_IN_CHUNK = 50_000  # as Python objects rows take about ten times the memory that they take in a frame


class Rows:
    """Collects rows, as Python objects only for a while."""

    def __init__(self, schema: pl.Schema) -> None:
        """No rows yet, of these columns."""
        self._schema = schema
        self._pending: list[Sequence[Any]] = []
        self._chunks: list[pl.DataFrame] = []

    def add(self, *values: Any) -> None:  # noqa: ANN401  # types are checked when the frame is made
        """Add a row: a value for each column, in order."""
        self._pending.append(values)
        if len(self._pending) >= _ROWS_IN_CHUNK:
            self._flush()

    def __len__(self) -> int:
        return len(self._pending) + sum(chunk.height for chunk in self._chunks)

    def take(self) -> pl.DataFrame:
        """All rows so far, in the order in which they were added; they are let go."""
        self._flush()
        frame = pl.concat(self._chunks) if self._chunks else pl.DataFrame(schema=self._schema)
        self._chunks = []
        return frame

    def _flush(self) -> None:
        if self._pending:
            columns = zip(self._schema.items(), zip(*self._pending, strict=True), strict=True)
            self._chunks.append(pl.DataFrame([pl.Series(name, values, dtype) for (name, dtype), values in columns]))
            self._pending = []


def coverage_row(row: Coverage) -> tuple[Any, ...]:
    """The row of the table `coverage`."""
    return (
        row.playlist_id,
        row.status.value,
        row.reason,
        row.observed_date,
        row.items_total,
        row.items_read,
        row.requests,
        row.fetched_at,
    )


def playlist_row(playlist: Playlist) -> tuple[Any, ...]:
    """The row of the table `playlists`."""
    return (
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


def track_row(track_id: str, track: Content) -> tuple[Any, ...]:
    """The row of the table `tracks`."""
    code = isrc(track)
    return (
        track_id,
        track.name or "",
        (track.album.id or None) if track.album else None,
        track.disc_number,
        track.track_number,
        track.duration_ms or 0,
        track.explicit,
        code,
        code or track_id,
        track.popularity,
        _page_url(track.external_urls),
    )


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


def credited(artists: list[Artist] | None) -> Iterator[tuple[int, str, Artist]]:
    """Position, id and artist of those that have an id."""
    for position, artist in enumerate(artists or ()):
        if artist.id:
            yield position, artist.id, artist


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
