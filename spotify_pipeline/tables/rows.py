"""The rows of playlists, tracks, albums and artists, and their collection in frames.

What stands at a position of a playlist is in `items.py`, what has happened to it in `events.py`.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import polars as pl

from spotify_pipeline.spotify.documents import Album, Artist, Content, ExternalUrls, Image, Playlist
from spotify_pipeline.spotify.manifest import Coverage
from spotify_pipeline.tables.items import isrc

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_ROWS_IN_CHUNK = 1_000  # few enough to be packed before they have left the processor's cache


class Rows:
    """Collects rows, as Python objects only until they are packed.

    Attributes:
        add: takes a row, a tuple with a value for each column in order. Types are checked when rows are packed.
    """

    def __init__(self, schema: pl.Schema) -> None:
        """No rows yet, of these columns."""
        self._schema = schema
        self._pending: list[tuple[Any, ...]] = []
        self._chunks: list[pl.DataFrame] = []
        self.add = self._pending.append  # not a method: a further call for each of millions of rows takes its time

    def __len__(self) -> int:
        return len(self._pending) + sum(chunk.height for chunk in self._chunks)

    def pack(self, *, at_least: int = _ROWS_IN_CHUNK) -> None:
        """Let Python objects go, if there are that many rows of them."""
        if self._pending and len(self._pending) >= at_least:
            columns = zip(self._schema.items(), zip(*self._pending, strict=True), strict=True)
            self._chunks.append(pl.DataFrame([_series(name, dtype, values) for (name, dtype), values in columns]))
            self._pending.clear()

    def take(self) -> pl.DataFrame:
        """All rows so far, in the order in which they were added; they are let go."""
        self.pack(at_least=0)
        frame = pl.concat(self._chunks) if self._chunks else pl.DataFrame(schema=self._schema)
        self._chunks = []
        return frame


def _series(name: str, dtype: pl.DataType, values: Sequence[Any]) -> pl.Series:
    if isinstance(dtype, pl.Datetime):
        # As whole numbers, which polars takes five times as fast as Python's times.
        numbers = [None if value is None else (value - _EPOCH) // _MICROSECOND for value in values]
        return pl.Series(name, numbers, pl.Int64).cast(dtype)
    return pl.Series(name, values, dtype)


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
        first_url(playlist.images),
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
        first_url(album.images),
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
        first_url(artist.images),
        _page_url(artist.external_urls),
    )


@lru_cache(100_000)  # many albums are out on the same day
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


def first_url(images: list[Image | None] | None) -> str | None:
    """The address of the first picture, which is the largest."""
    for image in images or ():
        if image and image.url:
            return image.url
    return None


def _page_url(urls: ExternalUrls | None) -> str | None:
    return urls.spotify if urls else None
