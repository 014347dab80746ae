"""Spotify's export of an account's data, in the forms of its years."""

import json

import pytest

from spotify_pipeline.imports.formats import format_of
from spotify_pipeline.imports.found import File
from spotify_pipeline_tests.imports.documents import MODIFIED, entries, file_at, read, typed

_NAME = "Spotify's account export"
_TRACK = "1AbCdEfGhIjKlMnOpQrSt1"


@pytest.mark.parametrize("year", [2022, 2023, 2025])
def test_items_are_read_in_order_without_times_that_are_not_there(year: int) -> None:
    contents = read(file_at(f"account_export/Playlist_{year}.json"), _NAME)
    evening, empty = contents.playlists
    assert contents.refused == []
    assert (evening.name, evening.playlist_id, evening.items, evening.total) == ("Évening Songs", None, 4, None)
    assert str(evening.newest) == "2025-09-15"
    assert evening.is_called("Évening Songs")
    playlist = typed(evening)
    assert playlist.followers is not None
    assert (playlist.description, playlist.followers.total, playlist.owner) == ("Songs &amp; tea", 2, None)
    assert {entry.added_at for entry in entries(evening)} == {None}
    song, episode, local, again = (entry.content for entry in entries(evening))
    assert song is not None
    assert song.album is not None
    assert (song.id, song.name, song.album.name) == (_TRACK, 'Say "Hello"', "First Light")
    assert [(artist.id, artist.name) for artist in song.artists or ()] == [(None, "Paper Kites")]
    assert episode is not None
    assert (episode.type, episode.name) == ("episode", "On Tea")
    assert local is not None
    assert (local.name, local.duration_ms) == ("Song C!", 299_000)
    assert again is not None
    assert again.uri == song.uri
    assert empty.items == 0


def test_songs_without_uri_are_refused() -> None:
    contents = read(file_at("account_export/Playlist_2020.json"), _NAME)
    assert [refusal.place for refusal in contents.refused] == [
        f"playlist 'Évening Songs', item {number}" for number in (0, 1, 3)
    ]
    assert {refusal.reason for refusal in contents.refused} == {
        "it has no URI, as in exports before 2021: which song it is cannot be told"
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"addedDate": "soon"}, "'soon' is no day"),
        ({"addedDate": 7}, "addedDate is no text"),
        ({"track": {"trackName": "A", "trackUri": "spotify:user:anna"}}, "'spotify:user:anna' is no URI of a track"),
        ({"track": None, "audiobook": {"audiobookName": "A"}}, "it is an audiobook"),
    ],
)
def test_an_item_that_cannot_be_read_is_refused_with_its_number(change: dict[str, object], reason: str) -> None:
    export = json.loads(file_at("account_export/Playlist_2025.json").content)
    export["playlists"][0]["items"][3] |= change
    contents = read(File("Playlist1.json", json.dumps(export).encode(), MODIFIED), _NAME)
    (refusal,) = contents.refused
    assert refusal.place == "playlist 'Évening Songs', item 3"
    assert refusal.reason.startswith(reason)


def test_an_item_with_nothing_in_it_stays_at_its_position() -> None:
    export = json.loads(file_at("account_export/Playlist_2025.json").content)
    export["playlists"][0]["items"][1] |= {"episode": None}
    found, _ = read(File("Playlist1.json", json.dumps(export).encode(), MODIFIED), _NAME).playlists
    assert [entry.content is None for entry in entries(found)] == [False, True, False, False]


@pytest.mark.parametrize("content", [b'{"tracks": [], "albums": []}', b"[1]", b"{", b'{"playlists": []}', b"\xff"])
def test_other_files_of_an_export_are_no_history(content: bytes) -> None:
    assert format_of(File("YourLibrary.json", content, MODIFIED)) is None
