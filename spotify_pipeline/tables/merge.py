"""What the shares of a day have in common: each track, album and artist once, as the newest document tells it."""

from collections.abc import Mapping, Sequence

import polars as pl

from spotify_pipeline.tables.declarations import ALBUM_ARTISTS, ALBUMS, ARTISTS, TRACK_ARTISTS, TRACKS
from spotify_pipeline.tables.schema import Table
from spotify_pipeline.tables.transform import IN_COMMON, OBSERVED, with_observed

_SHARE = "share"
_VERSION = [OBSERVED, _SHARE]


def merge(shares: Sequence[Mapping[str, pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    """The tables that shares have in common, by name, each sorted by its primary key.

    Of a track, an album or an artist the newest document tells; of equally new ones the first, in the order of playlist
    ids, so that the result depends on the documents alone. With a track or album go the artists that the same document
    credits. Albums and artists of which only older documents know are left out.

    Args:
        shares: `Transformed.in_common` of each share, in order.
    """
    every = {table.name: _concatenated(table, shares) for table in IN_COMMON}
    tracks, albums, artists = (_newest(table, every[table.name]) for table in (TRACKS, ALBUMS, ARTISTS))
    albums = albums.join(tracks, on="album_id", how="semi")
    track_artists = every[TRACK_ARTISTS.name].join(tracks, on=["track_id", *_VERSION], how="semi")
    album_artists = every[ALBUM_ARTISTS.name].join(albums, on=["album_id", *_VERSION], how="semi")
    credited = pl.concat([track_artists.select("artist_id"), album_artists.select("artist_id")])
    artists = artists.join(credited, on="artist_id", how="semi")
    merged = zip(IN_COMMON, (tracks, albums, artists, track_artists, album_artists), strict=True)
    return {table.name: frame.drop(_VERSION).sort(table.primary_key) for table, frame in merged}


def _concatenated(table: Table, shares: Sequence[Mapping[str, pl.DataFrame]]) -> pl.DataFrame:
    frames = [
        share[table.name].with_columns(pl.lit(number, pl.Int32).alias(_SHARE)) for number, share in enumerate(shares)
    ]
    return pl.concat(frames) if frames else pl.DataFrame(schema={**with_observed(table), _SHARE: pl.Int32})


def _newest(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """One row for each key: of the newest document, and of the first share that has read it."""
    newest_first = rows.sort(OBSERVED, descending=True, maintain_order=True)
    return newest_first.unique(table.primary_key, keep="first")
