"""polars' own JSON reading, with an explicit schema: fifty files at a time, because columns keep the text that is read.

What is flattened goes through a temporary Parquet file for each fifty; seven tables are made of those.
"""

import polars as pl

from benchmarks.contenders import Given, run

_FILES_AT_ONCE = 50
_TEXT = pl.String
_URLS, _IMAGES = pl.Struct({"spotify": _TEXT}), pl.List(pl.Struct({"url": _TEXT}))
_ARTISTS = pl.List(pl.Struct({"id": _TEXT, "name": _TEXT, "external_urls": _URLS}))
_ALBUM = pl.Struct(
    {
        "id": _TEXT,
        "name": _TEXT,
        "album_type": _TEXT,
        "release_date": _TEXT,
        "release_date_precision": _TEXT,
        "total_tracks": pl.Int32,
        "images": _IMAGES,
        "artists": _ARTISTS,
        "external_urls": _URLS,
    }
)
_TRACK = pl.Struct(
    {
        "type": _TEXT,
        "id": _TEXT,
        "uri": _TEXT,
        "name": _TEXT,
        "duration_ms": pl.Int64,
        "is_playable": pl.Boolean,
        "explicit": pl.Boolean,
        "disc_number": pl.Int32,
        "track_number": pl.Int32,
        "popularity": pl.Int32,
        "album": _ALBUM,
        "artists": _ARTISTS,
        "external_ids": pl.Struct({"isrc": _TEXT}),
        "external_urls": _URLS,
    }
)
_PLAYLIST: dict[str, pl.DataType | type[pl.DataType]] = {
    "id": _TEXT,
    "name": _TEXT,
    "description": _TEXT,
    "owner": pl.Struct({"id": _TEXT, "display_name": _TEXT}),
    "public": pl.Boolean,
    "collaborative": pl.Boolean,
    "snapshot_id": _TEXT,
    "followers": pl.Struct({"total": pl.Int64}),
    "images": _IMAGES,
    "external_urls": _URLS,
}


def contend(given: Given) -> None:
    """Flatten the documents, then make table by table, with all cores."""
    page_key, content_key = given.keys
    entry = pl.Struct(
        {"added_at": _TEXT, "added_by": pl.Struct({"id": _TEXT}), "is_local": pl.Boolean, content_key: _TRACK}
    )
    schema = _PLAYLIST | {page_key: pl.Struct({"total": pl.Int32, "items": pl.List(entry)})}
    read = given.output / "read"
    for name in ("playlists", "entries"):
        (read / name).mkdir(parents=True)
    files = given.compressed
    for start in range(0, len(files), _FILES_AT_ONCE):
        documents = pl.scan_ndjson(files[start : start + _FILES_AT_ONCE], schema=schema).collect().lazy()
        page = pl.col(page_key).struct
        playlists = _playlists(documents.with_columns(items_total=page.field("total")))
        playlists.sink_parquet(read / "playlists" / f"{start:07}.parquet")
        entries = _entries(documents.select("id", entry=page.field("items")), content_key)
        entries.sink_parquet(read / "entries" / f"{start:07}.parquet")
    entries = pl.scan_parquet(read / "entries")
    tracks = (
        entries.filter(pl.col("track_id").is_not_null(), type="track").unique("track_id").collect(engine="streaming")
    )
    albums = tracks.unique("album_id")
    tables = {
        "playlists": pl.read_parquet(read / "playlists").sort("playlist_id"),
        "playlist_items": entries.select(_ITEM_COLUMNS).sort("playlist_id", "position").collect(engine="streaming"),
        "tracks": tracks.select(_TRACK_COLUMNS).sort("track_id"),
        "albums": albums.select(_ALBUM_COLUMNS).rename(lambda name: name.removeprefix("album__")).sort("album_id"),
        "artists": _artists(tracks),
        "track_artists": _credits(tracks, "track_id", "artists"),
        "album_artists": _credits(albums, "album_id", "album__artists"),
    }
    for name, table in tables.items():
        table.write_parquet(given.output / f"{name}.parquet")


_ITEM_COLUMNS = [
    *("playlist_id", "position", "type", "uri", "track_id", "name", "added_at", "added_by_id", "is_playable"),
    "duration_ms",
]
_TRACK_COLUMNS = [
    *("track_id", "name", "album_id", "disc_number", "track_number", "duration_ms", "explicit", "isrc"),
    *("popularity", "url"),
]
_ALBUM_COLUMNS = [
    "album_id",
    *(
        f"album__{name}"
        for name in ("name", "album_type", "release_date", "release_date_precision", "total_tracks", "image_url", "url")
    ),
]


def _playlists(documents: pl.LazyFrame) -> pl.LazyFrame:
    return documents.select(
        *("name", "description", "snapshot_id", "items_total"),
        playlist_id="id",
        owner_id=pl.col("owner").struct.field("id"),
        owner_name=pl.col("owner").struct.field("display_name"),
        is_public="public",
        is_collaborative="collaborative",
        followers_total=pl.col("followers").struct.field("total"),
        image_url=_first_url(pl.col("images")),
        url=_url(pl.col("external_urls")),
    )


def _entries(pages: pl.LazyFrame, content_key: str) -> pl.LazyFrame:
    entry = pl.col("entry").struct
    track = entry.field(content_key).struct
    album = track.field("album").struct
    return (
        pages.with_columns(position=pl.int_ranges(pl.col("entry").list.len()))
        .explode("entry", "position")
        .select(
            "position",
            playlist_id="id",
            added_at=entry.field("added_at").str.to_datetime("%+", time_zone="UTC"),
            added_by_id=entry.field("added_by").struct.field("id"),
            track_id=track.field("id"),
            isrc=track.field("external_ids").struct.field("isrc"),
            url=_url(track.field("external_urls")),
            **{name: track.field(name) for name in _OF_TRACK},
            album_id=album.field("id"),
            album__image_url=_first_url(album.field("images")),
            album__url=_url(album.field("external_urls")),
            **{f"album__{name}": album.field(name) for name in _OF_ALBUM},
        )
    )


_OF_TRACK = (
    *("type", "uri", "name", "duration_ms", "is_playable", "explicit", "disc_number", "track_number", "popularity"),
    "artists",
)
_OF_ALBUM = ("name", "album_type", "release_date", "release_date_precision", "total_tracks", "artists")


def _artists(tracks: pl.DataFrame) -> pl.DataFrame:
    credited = pl.concat([tracks["artists"].explode(), tracks["album__artists"].explode()]).struct.unnest()
    return (
        credited.unique("id").select(artist_id="id", name="name", url=_url(pl.col("external_urls"))).sort("artist_id")
    )


def _credits(rows: pl.DataFrame, key: str, artists: str) -> pl.DataFrame:
    return (
        rows.select(key, artist_position=pl.int_ranges(pl.col(artists).list.len()), artist=pl.col(artists))
        .explode("artist_position", "artist")
        .select(key, "artist_position", artist_id=pl.col("artist").struct.field("id"))
        .sort(key, "artist_position")
    )


def _url(urls: pl.Expr) -> pl.Expr:
    return urls.struct.field("spotify")


def _first_url(images: pl.Expr) -> pl.Expr:
    return images.list.first().struct.field("url")


if __name__ == "__main__":
    run(contend)
