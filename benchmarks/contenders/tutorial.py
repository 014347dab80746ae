"""What tutorials do in a Lambda function: `json.load`, loops, lists of dictionaries, `drop_duplicates`, Parquet.

Four tables, as is usual there, with the columns that this project gives them.
"""

import gzip
import json
from typing import Any

import pandas as pd

from benchmarks.contenders import Given, run

Row = dict[str, Any]


def contend(given: Given) -> None:
    """One list for each table, in which each track stands as often as playlists hold it, until pandas drops copies."""
    items: list[Row] = []
    tracks: list[Row] = []
    albums: list[Row] = []
    artists: list[Row] = []
    page_key, content_key = given.keys
    for path in given.compressed:
        with gzip.open(path) as file:
            playlist = json.load(file)
        for position, entry in enumerate(playlist[page_key]["items"]):
            track = entry[content_key]
            items.append(_item(playlist["id"], position, entry, track))
            if track and track["type"] == "track" and track["id"]:
                tracks.append(_track(track))
                albums.append(_album(track["album"]))
                for artist in track["artists"] + track["album"]["artists"]:
                    artists.append(_artist(artist))  # noqa: PERF401  # as tutorials have it

    items_frame = pd.DataFrame(items)
    items_frame["added_at"] = pd.to_datetime(items_frame["added_at"])
    items_frame.to_parquet(given.output / "playlist_items.parquet", index=False)
    pd.DataFrame(tracks).drop_duplicates("track_id").to_parquet(given.output / "tracks.parquet", index=False)
    pd.DataFrame(albums).drop_duplicates("album_id").to_parquet(given.output / "albums.parquet", index=False)
    pd.DataFrame(artists).drop_duplicates("artist_id").to_parquet(given.output / "artists.parquet", index=False)


def _item(playlist_id: str, position: int, entry: Row, track: Row | None) -> Row:
    return {
        "playlist_id": playlist_id,
        "position": position,
        "item_key": track["uri"] if track else None,
        "track_id": track["id"] if track else None,
        "name": track["name"] if track else None,
        "added_at": entry["added_at"],
        "added_by_id": entry["added_by"]["id"],
        "duration_ms": track["duration_ms"] if track else None,
    }


def _track(track: Row) -> Row:
    return {
        "track_id": track["id"],
        "name": track["name"],
        "album_id": track["album"]["id"],
        "disc_number": track["disc_number"],
        "track_number": track["track_number"],
        "duration_ms": track["duration_ms"],
        "explicit": track["explicit"],
        "isrc": track["external_ids"]["isrc"],
        "popularity": track.get("popularity"),
        "url": track["external_urls"]["spotify"],
    }


def _album(album: Row) -> Row:
    return {
        "album_id": album["id"],
        "name": album["name"],
        "album_type": album["album_type"],
        "release_date": album["release_date"],
        "release_date_precision": album["release_date_precision"],
        "total_tracks": album["total_tracks"],
        "image_url": album["images"][0]["url"],
        "url": album["external_urls"]["spotify"],
    }


def _artist(artist: Row) -> Row:
    return {"artist_id": artist["id"], "name": artist["name"], "url": artist["external_urls"]["spotify"]}


if __name__ == "__main__":
    run(contend)
