"""Every captured answer, read twice: by the package, and plainly.

The plain reading is written from DESIGN with `json.load` and loops. It shares no code with the package, so that a
mistake must be made twice to go unseen.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from spotify_pipeline.spotify.manifest import Coverage, Manifest, Status
from spotify_pipeline.tables.audit import AuditedDay, audit
from spotify_pipeline_tests.tables.builders import transform

Json = dict[str, Any]
Rows = dict[str, list[Json]]

FOLDERS = ("playlists", "playlists_2026_new_shape", "edge_from_issues", "playlist_metadata")
DAY = date(2026, 11, 22)
FETCHED_AT = datetime(2026, 11, 22, 5, tzinfo=UTC)
PRIMARY_KEYS = {
    "coverage": ("playlist_id",),
    "playlists": ("playlist_id",),
    "playlist_items": ("playlist_id", "position"),
    "tracks": ("track_id",),
    "albums": ("album_id",),
    "artists": ("artist_id",),
    "track_artists": ("track_id", "artist_position"),
    "album_artists": ("album_id", "artist_position"),
    "playlist_events": ("playlist_id", "event_number"),  # a single reading has none
}
# Pages that people cut by hand: this entry of each has neither `track` nor `item`, and Spotify sends no such thing.
NO_PLAYLIST_ITEMS = {
    "playlists/mandisma__playlist-items.json": [1],
    "playlists/spotify-web-api-java__GetPlaylistsItemsRequest.json": [1],
    "playlists_2026_new_shape/javaSDK__GetPlaylistsItemsRequest.json": [1],
}


# The one captured playlist without an id: a list of starred tracks, which Spotify gave up years ago.
NO_PLAYLIST_ID = "spotify:user:some_random_user:starred"


# From a captured file to playlist objects


def playlists_in(name: str, data: Any) -> Iterator[Json]:
    """The playlists in a capture; pages and lists of entries become a playlist named after the file."""
    if isinstance(data, list):
        if "playlist_id" in data[0]:  # a dump of several playlists, each with all its entries
            yield from ({"id": dump["playlist_id"], "tracks": {"items": dump["tracks"]}} for dump in data)
        elif "added_at" in data[0]:
            yield {"id": name, "tracks": {"items": data}}
        else:
            yield from data
    elif "playlists" in data:  # a search
        yield from playlists_in(name, data["playlists"])
    elif "added_at" in data:
        yield {"id": name, "tracks": {"items": [data]}}
    elif not isinstance(data.get("items"), list):
        yield data
    elif "added_at" in data["items"][0]:
        yield {"id": name, "items" if "item" in data["items"][0] else "tracks": data}
    else:
        yield from data["items"]


def plain_entries(document: Json) -> list[Json] | None:
    """The entries of a playlist object; None where only metadata was sent."""
    for key in ("items", "tracks"):
        page = document.get(key)
        if page is not None and "items" in page:
            entries: list[Json] = page["items"]
            return entries
    return None


@pytest.fixture(scope="module")
def documents(captures: Path) -> dict[str, list[Json]]:
    """The playlists of each captured file, without the entries that are none."""
    found: dict[str, list[Json]] = {}
    for folder in FOLDERS:
        for path in sorted((captures / folder).glob("*.json")):
            name = f"{folder}/{path.name}"
            sent = playlists_in(path.stem, json.loads(path.read_text(encoding="utf-8")))
            found[name] = [playlist for playlist in sent if playlist.get("uri") != NO_PLAYLIST_ID]
            for index in NO_PLAYLIST_ITEMS.get(name, ()):
                entries = plain_entries(found[name][0])
                assert entries is not None
                del entries[index]
    return found


# The plain reading


def plain_rows(documents: list[Json]) -> Rows:
    """The rows of a day with these documents; of what several say the first in the order of playlist ids holds."""
    rows: Rows = {name: [] for name in PRIMARY_KEYS}
    for document in sorted(documents, key=lambda document: str(document["id"])):
        entries = plain_entries(document)
        rows["coverage"].append(
            {
                "playlist_id": document["id"],
                "status": "restricted" if entries is None else "observed",
                "reason": "metadata only" if entries is None else None,
                "observed_date": None if entries is None else DAY,
                "items_total": None if entries is None else len(entries),
                "items_read": len(entries or []),
                "requests": 1,
                "fetched_at": FETCHED_AT,
            }
        )
        owner = document.get("owner") or {}
        total = None
        for key in ("tracks", "items"):
            if document.get(key) and document[key].get("total") is not None:
                total = document[key]["total"]
        rows["playlists"].append(
            {
                "playlist_id": document["id"],
                "name": document.get("name") or "",
                "description": document.get("description"),
                "owner_id": owner.get("id"),
                "owner_name": owner.get("display_name"),
                "is_public": document.get("public"),
                "is_collaborative": bool(document.get("collaborative")),
                "snapshot_id": document.get("snapshot_id"),
                "items_total": total,
                "followers_total": (document.get("followers") or {}).get("total"),
                "image_url": plain_image(document),
                "url": plain_url(document),
            }
        )
        for position, one in enumerate(entries or []):
            add_entry(rows, document["id"], position, one)
    for name, columns in PRIMARY_KEYS.items():
        unique: dict[tuple[Any, ...], Json] = {}
        for row in rows[name]:
            unique.setdefault(tuple(row[column] for column in columns), row)
        rows[name] = [unique[values] for values in sorted(unique)]
    return rows


def add_entry(rows: Rows, playlist_id: str, position: int, one: Json) -> None:
    content = one["item"] if "item" in one else one["track"]
    if content is None:
        item_type, content = "unavailable", {}
    elif one.get("is_local") or content.get("is_local") or str(content.get("uri")).startswith("spotify:local:"):
        item_type = "local"
    elif content.get("type") == "episode":
        item_type = "episode"
    else:
        item_type = "track"
    added_at = datetime.fromisoformat(one["added_at"]) if one.get("added_at") else None
    rows["playlist_items"].append(
        {
            "playlist_id": playlist_id,
            "position": position,
            "item_type": item_type,
            "item_key": content.get("uri") or plain_key(content, item_type, position),
            "track_id": content["id"] if item_type == "track" else None,
            "name": content.get("name"),
            "added_at": None if added_at and added_at.year == 1970 else added_at,
            "added_by_id": (one.get("added_by") or {}).get("id") or None,
            "is_playable": content.get("is_playable"),
            "duration_ms": content.get("duration_ms"),
        }
    )
    if item_type == "track" and content["id"] not in {row["track_id"] for row in rows["tracks"]}:
        add_track(rows, content)


def plain_key(content: Json, item_type: str, position: int) -> str:
    return f"spotify:{item_type}:{content['id']}" if content.get("id") else f"unavailable:{position}"


def add_track(rows: Rows, track: Json) -> None:
    isrc = (track.get("external_ids") or {}).get("isrc")
    normal = isrc.replace("-", "").replace(" ", "").upper() if isrc else None
    album = track.get("album") or {}
    rows["tracks"].append(
        {
            "track_id": track["id"],
            "name": track.get("name") or "",
            "album_id": album.get("id"),
            "disc_number": track.get("disc_number"),
            "track_number": track.get("track_number"),
            "duration_ms": track.get("duration_ms") or 0,
            "explicit": track.get("explicit"),
            "isrc": normal,
            "recording_key": normal or track["id"],
            "popularity": track.get("popularity"),
            "url": plain_url(track),
        }
    )
    if album.get("id") and album["id"] not in {row["album_id"] for row in rows["albums"]}:
        rows["albums"].append(
            {
                "album_id": album["id"],
                "name": album.get("name") or "",
                "album_type": album.get("album_type"),
                "release_date": album.get("release_date"),
                "release_date_precision": album.get("release_date_precision"),
                "release_day": plain_release_day(album),
                "total_tracks": album.get("total_tracks"),
                "label": album.get("label"),
                "popularity": album.get("popularity"),
                "image_url": plain_image(album),
                "url": plain_url(album),
            }
        )
        add_credits(rows, "album", album)
    # After the album's, which matters where the same artist is described more fully in one of the two places.
    add_credits(rows, "track", track)


def add_credits(rows: Rows, kind: str, thing: Json) -> None:
    for position, artist in enumerate(thing.get("artists") or []):
        if artist["id"]:
            rows[f"{kind}_artists"].append(
                {f"{kind}_id": thing["id"], "artist_position": position, "artist_id": artist["id"]}
            )
            rows["artists"].append(
                {
                    "artist_id": artist["id"],
                    "name": artist.get("name") or "",
                    "genres": artist.get("genres"),
                    "followers_total": (artist.get("followers") or {}).get("total"),
                    "popularity": artist.get("popularity"),
                    "image_url": plain_image(artist),
                    "url": plain_url(artist),
                }
            )


def plain_image(thing: Json) -> str | None:
    for image in thing.get("images") or []:
        if image is not None and image.get("url"):
            return str(image["url"])
    return None


def plain_url(thing: Json) -> str | None:
    url: str | None = (thing.get("external_urls") or {}).get("spotify")
    return url


def plain_release_day(album: Json) -> date | None:
    text = album.get("release_date")
    if text is None or text == "0000":
        return None
    return date.fromisoformat(text + {1: "-01-01", 2: "-01", 3: ""}[len(text.split("-"))])


# The package's reading


def package_frames(documents: list[Json]) -> dict[str, pl.DataFrame]:
    coverage = []
    for document in documents:
        entries = plain_entries(document)
        coverage.append(
            Coverage(document["id"], Status.RESTRICTED, "metadata only", requests=1, fetched_at=FETCHED_AT)
            if entries is None
            else Coverage(document["id"], Status.OBSERVED, None, DAY, len(entries), len(entries), 1, FETCHED_AT)
        )
    encoded = {document["id"]: json.dumps(document).encode() for document in documents}
    transformed = transform(Manifest(DAY, coverage), encoded.__getitem__)
    assert transformed.rejected == {}
    return transformed.frames


def assert_read_alike(documents: list[Json], where: str) -> None:
    frames = package_frames(documents)
    expected = plain_rows(documents)
    assert list(frames) == list(expected)
    for table, frame in frames.items():
        assert frame.to_dicts() == expected[table], f"{table} of {where}"
    assert [str(finding) for finding in audit(AuditedDay(frames.__getitem__)) if not finding.passed] == [], where


def test_each_captured_file_gives_the_rows_of_a_plain_reading(documents: dict[str, list[Json]]) -> None:
    for name, playlists in documents.items():
        assert playlists, name
        assert len({playlist["id"] for playlist in playlists}) == len(playlists), name
        assert_read_alike(playlists, name)


def test_all_captures_together_give_the_rows_of_a_plain_reading(documents: dict[str, list[Json]]) -> None:
    by_id: dict[str, Json] = {}
    for playlists in documents.values():
        for playlist in playlists:
            by_id.setdefault(playlist["id"], playlist)  # some playlists were captured several times
    assert_read_alike(list(by_id.values()), "all captures")


def test_the_captures_hold_every_kind_of_row(documents: dict[str, list[Json]]) -> None:
    rows: Rows = {name: [] for name in PRIMARY_KEYS}
    for playlists in documents.values():
        for name, more in plain_rows(playlists).items():
            rows[name] += more
    assert {row["item_type"] for row in rows["playlist_items"]} == {"track", "episode", "local", "unavailable"}
    assert {row["status"] for row in rows["coverage"]} == {"observed", "restricted"}
    assert {None, False, True} <= {row["is_playable"] for row in rows["playlist_items"]}
    assert {row["release_date_precision"] for row in rows["albums"]} >= {"day", "month", "year"}
    assert any(row["added_at"] is None for row in rows["playlist_items"])
    assert len(rows["playlist_items"]) > 4_000


def test_the_only_captured_playlist_without_an_id_is_refused(captures: Path) -> None:
    refused = []
    for folder in FOLDERS:
        for path in sorted((captures / folder).glob("*.json")):
            for playlist in playlists_in("p", json.loads(path.read_text(encoding="utf-8"))):
                if not playlist["id"]:
                    refused.append(playlist["uri"])
                    manifest = Manifest(DAY, [Coverage("p", Status.RESTRICTED)])
                    reasons = transform(manifest, {"p": json.dumps(playlist).encode()}.__getitem__).rejected
                    assert "`$.id`" in reasons["p"]
    assert refused == [NO_PLAYLIST_ID]


def test_the_only_captured_entries_that_are_no_playlist_items_are_refused_where_they_stand(captures: Path) -> None:
    refused = {}
    for folder in FOLDERS:
        for path in sorted((captures / folder).glob("*.json")):
            for playlist in playlists_in("p", json.loads(path.read_text(encoding="utf-8"))):
                entries = enumerate(plain_entries(playlist) or [])
                if wrong := [index for index, one in entries if not {"track", "item"} & one.keys()]:
                    refused[f"{folder}/{path.name}"] = wrong
                    manifest = Manifest(DAY, [Coverage("p", Status.OBSERVED)])
                    reasons = transform(manifest, {"p": json.dumps(playlist).encode()}.__getitem__).rejected
                    assert re.search(rf"neither .* at `\$\.(items|tracks)\.items\[{wrong[0]}\]`", reasons["p"])
    assert refused == NO_PLAYLIST_ITEMS
