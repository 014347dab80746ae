"""DuckDB: the documents read once with explicit columns, and a statement for each of seven tables."""

import duckdb

from benchmarks.contenders import Given, run

_URLS, _IMAGES = "STRUCT(spotify VARCHAR)", "STRUCT(url VARCHAR)[]"
_ARTIST = f"STRUCT(id VARCHAR, name VARCHAR, external_urls {_URLS})"
_ALBUM = f"""STRUCT(id VARCHAR, name VARCHAR, album_type VARCHAR, release_date VARCHAR, release_date_precision VARCHAR,
    total_tracks INTEGER, images {_IMAGES}, artists {_ARTIST}[], external_urls {_URLS})"""
_TRACK = f"""STRUCT(type VARCHAR, id VARCHAR, uri VARCHAR, name VARCHAR, duration_ms BIGINT, is_playable BOOLEAN,
    explicit BOOLEAN, disc_number INTEGER, track_number INTEGER, popularity INTEGER, album {_ALBUM},
    artists {_ARTIST}[], external_ids STRUCT(isrc VARCHAR), external_urls {_URLS})"""
_COLUMNS = f"""{{id: 'VARCHAR', name: 'VARCHAR', description: 'VARCHAR', public: 'BOOLEAN', collaborative: 'BOOLEAN',
    owner: 'STRUCT(id VARCHAR, display_name VARCHAR)', snapshot_id: 'VARCHAR', followers: 'STRUCT(total BIGINT)',
    images: '{_IMAGES}', external_urls: '{_URLS}', page_key: 'STRUCT(total INTEGER, items STRUCT(added_at TIMESTAMPTZ,
    added_by STRUCT(id VARCHAR), is_local BOOLEAN, content_key {_TRACK})[])'}}"""
_PLAYLISTS = f"""CREATE TEMP TABLE documents AS
    SELECT * RENAME (page_key AS page) FROM read_json($files, columns = {_COLUMNS}, format = 'newline_delimited')"""
_ENTRIES = """CREATE TEMP TABLE entries AS
    SELECT id AS playlist_id, generate_subscripts(page.items, 1) - 1 AS position, unnest(page.items) AS entry
    FROM documents"""
_DISTINCT_TRACKS = """CREATE TEMP TABLE distinct_tracks AS
    SELECT DISTINCT ON (track.id) track FROM (SELECT entry.content_key AS track FROM entries)
    WHERE track.type = 'track' AND track.id IS NOT NULL"""
_TABLES = {
    "playlists": """SELECT id AS playlist_id, name, description, owner.id AS owner_id, owner.display_name AS owner_name,
        public AS is_public, collaborative AS is_collaborative, snapshot_id, page.total AS items_total,
        followers.total AS followers_total, images[1].url AS image_url, external_urls.spotify AS url
        FROM documents ORDER BY id""",
    "playlist_items": """SELECT playlist_id, position, entry.content_key.type AS item_type,
        entry.content_key.uri AS item_key, entry.content_key.id AS track_id, entry.content_key.name, entry.added_at,
        entry.added_by.id AS added_by_id, entry.content_key.is_playable, entry.content_key.duration_ms
        FROM entries ORDER BY playlist_id, position""",
    "tracks": """SELECT track.id AS track_id, track.name, track.album.id AS album_id, track.disc_number,
        track.track_number, track.duration_ms, track.explicit, track.external_ids.isrc, track.popularity,
        track.external_urls.spotify AS url FROM distinct_tracks ORDER BY track_id""",
    "albums": """SELECT DISTINCT ON (track.album.id) track.album.id AS album_id, track.album.name,
        track.album.album_type, track.album.release_date, track.album.release_date_precision,
        track.album.total_tracks, track.album.images[1].url AS image_url, track.album.external_urls.spotify AS url
        FROM distinct_tracks ORDER BY album_id""",
    "artists": """SELECT DISTINCT ON (artist.id) artist.id AS artist_id, artist.name,
        artist.external_urls.spotify AS url FROM (SELECT unnest(track.artists) AS artist FROM distinct_tracks
        UNION ALL SELECT unnest(track.album.artists) FROM distinct_tracks) ORDER BY artist_id""",
    "track_artists": """SELECT track.id AS track_id, generate_subscripts(track.artists, 1) - 1 AS artist_position,
        unnest(track.artists).id AS artist_id FROM distinct_tracks ORDER BY track_id, artist_position""",
    "album_artists": """SELECT album.id AS album_id, generate_subscripts(album.artists, 1) - 1 AS artist_position,
        unnest(album.artists).id AS artist_id
        FROM (SELECT DISTINCT ON (track.album.id) track.album AS album FROM distinct_tracks)
        ORDER BY album_id, artist_position""",
}


def contend(given: Given) -> None:
    """Read, then write table by table, with all cores."""
    page_key, content_key = given.keys
    connection = duckdb.connect()
    connection.execute(f"SET temp_directory = '{given.output}/spilled'")
    statement = _PLAYLISTS.replace("page_key", page_key).replace("content_key", content_key)
    connection.execute(statement, {"files": [str(path) for path in given.compressed]})
    connection.execute(_ENTRIES)
    connection.execute(_DISTINCT_TRACKS.replace("content_key", content_key))
    for name, select in _TABLES.items():
        target = f"'{given.output}/{name}.parquet' (FORMAT parquet, COMPRESSION zstd)"
        connection.execute(f"COPY ({select.replace('content_key', content_key)}) TO {target}")


if __name__ == "__main__":
    run(contend)
