"""Writing days of playlists as other tools write them, from the Web API's documents: a plain writer for each format.

They share no code with the readers, so that a mistake must be made twice to go unseen.
"""

import csv
import json
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from spotify_pipeline_tests.imports.archives import Archive

Document = dict[str, Any]
Days = Mapping[date, list[Document]]
"""Playlists with their entries under `items`, by day."""


class Loss(NamedTuple):
    """What a format leaves out of the documents."""

    unavailable: bool = False
    local: bool = False
    isrc: bool = False


def rows_of(document: Document) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = document["items"]["items"]
    return entries


def reduced(document: Document, loss: Loss) -> Document:
    """The document without the entries and codes that a format leaves out."""
    kept = []
    for entry in rows_of(document):
        song = entry["item"]
        if (song is None and loss.unavailable) or (song and song.get("is_local") and loss.local):
            continue
        if song and loss.isrc:
            entry = {**entry, "item": {key: value for key, value in song.items() if key != "external_ids"}}  # noqa: PLW2901
        kept.append(entry)
    return {**document, "items": {"items": kept, "total": len(kept)}}


def write_exportify(folder: Path, days: Days) -> None:
    """As watsonbox's Exportify, with the id in the file's name, where exportify-cli has it."""
    header = (
        "Track URI,Track Name,Artist URI(s),Artist Name(s),Album URI,Album Name,Album Artist URI(s),"
        "Album Artist Name(s),Album Release Date,Album Image URL,Disc Number,Track Number,Track Duration (ms),"
        "Track Preview URL,Explicit,Popularity,ISRC,Added By,Added At"
    )
    for day, documents in days.items():
        for document in documents:
            name = document["name"].replace("/", "_")
            file = _new_file(folder / str(day) / f"{name} [{document['id']}].csv")
            with file.open("w", encoding="utf-8", newline="") as out:
                writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
                writer.writerow(header.split(","))
                writer.writerows(_exportify_row(entry) for entry in rows_of(document) if entry["item"])
            _date(file, day)


def _exportify_row(entry: dict[str, Any]) -> list[str]:
    song = entry["item"]
    album, artists = song.get("album") or {}, song.get("artists") or [{"name": None}]
    image = (album.get("images") or [{"url": ""}])[0]["url"]

    def joined(people: Iterable[dict[str, Any]], key: str) -> str:
        return ", ".join(str(person[key] or "").replace(",", "\\,") for person in people if key in person)

    return [
        song["uri"],
        song["name"],
        joined(artists, "uri"),
        joined(artists, "name"),
        album.get("uri") or "",
        album.get("name") or "null",
        joined(album.get("artists") or [], "uri"),
        joined(album.get("artists") or [], "name"),
        album.get("release_date") or "",
        image,
        str(song.get("disc_number", "undefined")),
        str(song.get("track_number", "undefined")),
        str(song["duration_ms"]),
        "",
        str(song.get("explicit", "undefined")).lower(),
        "undefined",
        (song.get("external_ids") or {}).get("isrc") or "",
        f"spotify:user:{(entry['added_by'] or {}).get('id') or ''}",
        entry["added_at"] or "",
    ]


def write_backup_json(folder: Path, days: Days) -> None:
    for day, documents in days.items():
        playlists = []
        for document in documents:
            about = {key: value for key, value in document.items() if key not in ("items", "followers")}
            tracks = [
                {**{key: value for key, value in entry.items() if key != "item"}, "track": entry["item"]}
                for entry in rows_of(document)
            ]
            playlists.append({**about, "tracks": tracks})
        file = _new_file(folder / f"{day}.json")
        file.write_text(json.dumps({"playlists": playlists, "albums": []}))
        _date(file, day)


def write_backup_text(folder: Path, days: Days) -> None:
    for day, documents in days.items():
        lines = ["Playlists: ", ""]
        for document in documents:
            lines.append(document["name"])
            for entry in rows_of(document):
                if song := entry["item"]:
                    artists = ", ".join(str(artist["name"]) for artist in song.get("artists") or ())
                    album = song.get("album") or {}
                    about = (song["name"], artists, album.get("name"), song["uri"], album.get("release_date"))
                    lines.append("\t".join(map(str, about)))
            lines.append("")
        file = _new_file(folder / f"{day}.txt")
        file.write_bytes("\r\n".join([*lines, ""]).encode())
        _date(file, day)


def write_account_export(folder: Path, days: Days) -> None:
    for day, documents in days.items():
        playlists = [
            {
                "name": document["name"],
                "lastModifiedDate": str(day),
                "collaborators": [],
                "items": [_account_item(entry) for entry in rows_of(document)],
                "description": document["description"] or None,
                "numberOfFollowers": 3,
            }
            for document in documents
        ]
        file = _new_file(folder / str(day) / "Playlist1.json")
        file.write_text(json.dumps({"playlists": playlists}, indent=2, ensure_ascii=False), encoding="utf-8")
        _date(file, day)


def _account_item(entry: dict[str, Any]) -> dict[str, Any]:
    song = entry["item"]
    item: dict[str, Any] = dict.fromkeys(("track", "episode", "audiobook", "localTrack"))
    if song and song.get("is_local"):
        item["localTrack"] = {"uri": song["uri"]}
    elif song and song["type"] == "episode":
        item["episode"] = {"episodeName": song["name"], "showName": "", "episodeUri": song["uri"]}
    elif song:
        about = (song["name"], song["artists"][0]["name"], song["album"]["name"], song["uri"])
        item["track"] = dict(zip(("trackName", "artistName", "albumName", "trackUri"), about, strict=True))
    return {**item, "addedDate": (entry["added_at"] or "1970-01-01")[:10]}


def write_archive(folder: Path, days: Days) -> None:
    archive = Archive(folder)
    for number, (day, documents) in enumerate(days.items()):
        playlists = {document["id"]: _pretty(document) for document in documents}
        archive.commit(f"{day} 23:59:00", f"Run {number} via schedule", playlists)


def _pretty(document: Document) -> dict[str, Any]:
    page = "https://open.spotify.com"
    return {
        "description": document["description"] or "",
        "num_followers": 22,
        "original_name": document["name"],
        "owner": {"name": document["owner"]["display_name"], "url": f"{page}/user/{document['owner']['id']}"},
        "snapshot_id": document["snapshot_id"],
        "tracks": [
            pretty_row(entry) for entry in rows_of(document) if entry["item"] and not entry["item"].get("is_local")
        ],
        "unique_name": document["name"],
        "url": f"{page}/playlist/{document['id']}",
    }


def pretty_row(entry: dict[str, Any]) -> dict[str, Any]:
    """A row of a pretty file."""
    song, page = entry["item"], "https://open.spotify.com"
    album = song.get("album") or {"name": "", "id": None}
    added_at = entry["added_at"] and entry["added_at"].replace("T", " ").removesuffix("Z")
    return {
        "added_at": None if added_at == "1970-01-01 00:00:00" else added_at,
        "album": {"name": album["name"], "url": f"{page}/album/{album['id']}" if album["id"] else ""},
        "artists": [
            {"name": artist["name"], "url": f"{page}/artist/{artist['id']}"} for artist in song.get("artists") or ()
        ],
        "duration_ms": song["duration_ms"],
        "name": song["name"],
        "url": f"{page}/{song['type']}/{song['id']}",
    }


Write = Callable[[Path, Days], None]


def _new_file(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def _date(file: Path, day: date) -> None:
    """Let a file be of the evening of a day."""
    evening = datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC).timestamp()
    os.utime(file, (evening, evening))
