"""What other programs are given: read back by readers that know the forms, but not this package."""

import csv
import json
import re
from datetime import datetime
from io import StringIO
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_pipeline.history.export_formats import EXPORT_FORMATS
from spotify_pipeline.history.versions import Version
from spotify_pipeline.spotify.documents import Album, Artist, Image, PlaylistItem, User
from spotify_pipeline.tables.transform import decode_playlist
from spotify_pipeline_tests.history.readings import (
    FIRST,
    HOSTILE_PLAYLISTS,
    ID,
    UNAVAILABLE,
    episode,
    local,
    track,
    version,
)

# As https://exportify.app writes them, in its order.
EXPORTIFY_HEADER = (
    '"Track URI","Track Name","Artist URI(s)","Artist Name(s)","Album URI","Album Name","Album Artist URI(s)",'
    '"Album Artist Name(s)","Album Release Date","Album Image URL","Disc Number","Track Number","Track Duration (ms)",'
    '"Track Preview URL","Explicit","Popularity","ISRC","Added By","Added At"'
)


def exported(form: str, of: Version) -> str:
    body = EXPORT_FORMATS[form](of, msgspec.json.encode(of.playlist)).body
    assert isinstance(body, str)
    return body


def read_exportify(text: str) -> list[dict[str, Any]]:
    """The rows as a program reads them that was made for Exportify's files."""
    return [
        {
            "uri": row["Track URI"],
            "name": row["Track Name"],
            "artists": [name.replace(r"\,", ",") for name in re.split(r"(?<!\\), ", row["Artist Name(s)"]) if name],
            "album": row["Album Name"],
            "added_at": row["Added At"] and datetime.fromisoformat(row["Added At"]),
            "added_by": unquote(row["Added By"]).removeprefix("spotify:user:"),
        }
        for row in csv.DictReader(StringIO(text, newline=""))
    ]


def test_exportify_rows_have_its_columns_and_what_is_not_known_is_empty() -> None:
    song = track("Numb, again", "Tyler, The Creator", "Kali Uchis", isrc="us-abc-12-34567", album='The "One"')
    assert song.content
    song.content.artists = [Artist("a1", "Tyler, The Creator"), Artist("a2", "Kali Uchis")]
    song.content.album = Album("b1", 'The "One"', release_date="2017-07", artists=song.content.artists[:1])
    song.content.album.images = [None, Image("https://i.scdn.co/image/1")]
    song.content.disc_number, song.content.track_number, song.content.explicit = 1, 7, False
    song.added_by = User("ann%:a")
    header, *rows = exported("csv", version(song, local("Tape", "Me"), episode("Talk"), UNAVAILABLE)).split("\n")
    assert header == EXPORTIFY_HEADER
    assert rows == [
        '"spotify:track:Numb, again","Numb, again","spotify:artist:a1, spotify:artist:a2",'  # noqa: ISC004  # one row
        r'"Tyler\, The Creator, Kali Uchis","spotify:album:b1","The ""One""","spotify:artist:a1",'
        r'"Tyler\, The Creator","2017-07","https://i.scdn.co/image/1","1","7","187000","","false","","USABC1234567",'
        '"spotify:user:ann%25%3Aa","2026-10-05T12:00:00Z"',
        '"spotify:local:Me::Tape:12","Tape","","Me","","","","","","","","","","","","","","",""',
        '"spotify:episode:Talk","Talk","","","","","","","","","","","","","","","","",""',
        ",".join(['""'] * 19),
    ]


@given(HOSTILE_PLAYLISTS)
def test_exportify_files_are_read_back_as_what_stood_there(of: Any) -> None:
    shown = Version(FIRST, FIRST, of)
    assert read_exportify(exported("csv", shown)) == [
        {
            "uri": item.item_key if item.is_known else "",
            "name": item.name or "",
            "artists": list(item.artists),
            "album": item.album or "",
            "added_at": item.added_at or "",
            "added_by": item.added_by_id or "",
        }
        for item in shown.items
    ]


@given(HOSTILE_PLAYLISTS, st.sampled_from([("items", "item"), ("tracks", "track")]))
def test_a_backup_has_all_that_spotify_has_sent_under_the_older_names(of: Any, names: tuple[str, str]) -> None:
    page, content = names
    sent = {
        "id": ID,
        "name": of.name,
        "something": {"new": 1.10},
        page: {"total": 7, "items": [_entry(content, entry) for entry in of.items.items]},
    }
    document = json.dumps(sent).encode()
    body = EXPORT_FORMATS["json"](Version(FIRST, FIRST, of), document).body
    assert isinstance(body, str)
    assert json.loads(body) == {
        "playlists": [
            {
                "id": ID,
                "name": of.name,
                "something": {"new": 1.10},
                "tracks": [_entry("track", entry) for entry in of.items.items],
            }
        ],
        "albums": [],
    }
    (kept,) = json.loads(body)["playlists"]
    restored = decode_playlist(ID, json.dumps(kept | {"tracks": {"items": kept["tracks"]}}).encode())
    assert Version(FIRST, FIRST, restored).items == Version(FIRST, FIRST, of).items


@pytest.mark.parametrize(
    ("document", "tracks"),
    [
        (b'{"id": "x", "items": {"items": [{"item": {"id": "a"}, "track": {"id": "b"}}]}}', [{"track": {"id": "a"}}]),
        (b'{"id": "x", "items": {"total": 1}, "tracks": {"items": [{"track": null}]}}', [{"track": None}]),
        (b'{"id": "x", "items": null}', []),
        (b'{"id": "x", "tracks": {"items": [{"track": {"n": 1.10}}]}}', [{"track": {"n": 1.1}}]),
    ],
)
def test_of_both_shapes_in_one_document_a_backup_has_the_newer(document: bytes, tracks: list[Any]) -> None:
    body = EXPORT_FORMATS["json"](version(), document).body
    assert isinstance(body, str)
    assert json.loads(body) == {"playlists": [{"id": "x", "tracks": tracks}], "albums": []}


def test_players_and_spotify_get_what_as_of_prints() -> None:
    of = version(track("a", "Anna"), local("Tape", "Me"), UNAVAILABLE)
    assert exported("uris", of) == "spotify:track:a"
    assert exported("m3u8", of).splitlines() == [
        "#EXTM3U",
        "#PLAYLIST:Mix",
        "#EXTINF:187,Anna - a",
        "spotify:track:a",
        "#EXTINF:-1,Me - Tape",
        "spotify:local:Me::Tape:12",
    ]


def _entry(content: str, entry: PlaylistItem) -> dict[str, Any]:
    sent: dict[str, Any] = msgspec.to_builtins(entry)
    return {name: value for name, value in sent.items() if name != "item"} | {content: sent["item"]}
