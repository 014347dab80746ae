"""Files of spotify-backup, JSON and text, of all its versions."""

import json

import pytest

from spotify_pipeline.imports.found import File
from spotify_pipeline_tests.imports.documents import MODIFIED, entries, file_at, read, typed

_TRACKS = [f"1AbCdEfGhIjKlMnOpQrSt{number}" for number in range(1, 4)]
_PLAYLISTS = [f"5AbCdEfGhIjKlMnOpQrSt{number}" for number in range(1, 3)]
_JSON, _TEXT = "spotify-backup JSON", "spotify-backup text"


def test_json_is_what_spotify_sent_null_entries_and_local_files_included() -> None:
    contents = read(file_at("spotify_backup/2022.json"), _JSON)
    liked, evening, empty = contents.playlists
    assert contents.refused == []
    assert [(found.name, found.playlist_id) for found in contents.playlists] == [
        ("Liked Songs", None),
        ("Evening Songs", _PLAYLISTS[0]),
        ("Nothing Yet", _PLAYLISTS[1]),
    ]
    assert [(found.items, found.total) for found in contents.playlists] == [(1, 1), (3, 3), (0, 0)]
    assert (str(evening.newest), empty.newest) == ("2021-02-24", None)
    assert liked.is_called("Liked Songs")

    playlist = typed(evening)
    assert (playlist.snapshot_id, playlist.public, playlist.total) == ("MTYsabc", True, 3)
    assert playlist.owner is not None
    assert (playlist.owner.id, playlist.owner.display_name) == ("anna", "Anna")
    song, missing, local = entries(evening)
    assert song.content is not None
    assert song.content.external_ids is not None
    assert song.content.external_ids.isrc == "QZABC1700000"
    assert missing.content is None
    assert local.is_local is True
    assert entries(empty) == []


def test_the_list_of_the_first_version_is_read_as_well() -> None:
    (found,) = read(file_at("spotify_backup/2014.json"), _JSON).playlists
    assert (found.playlist_id, found.items) == (_PLAYLISTS[0], 3)


def test_entries_and_playlists_that_cannot_be_read_are_refused_one_by_one() -> None:
    backup = json.loads(file_at("spotify_backup/2014.json").content)
    backup[0]["tracks"][0]["added_at"] = "2020-07-19"
    backup += [{"id": "../etc", "name": "Bad", "tracks": []}, {"id": _PLAYLISTS[1], "name": 7, "tracks": []}]
    contents = read(File("backup.json", json.dumps(backup).encode(), MODIFIED), _JSON)
    (found,) = contents.playlists
    assert (found.items, found.total) == (2, None)
    assert [refusal.place for refusal in contents.refused] == [
        "playlist 'Evening Songs', entry 0",
        "playlist 'Bad'",
        "playlist '7'",
    ]


def test_forks_that_write_what_newer_answers_hold_are_read() -> None:
    backup = json.loads(file_at("spotify_backup/2014.json").content)
    backup[0]["items"] = [{**entry, "item": entry["track"]} for entry in backup[0].pop("tracks")]
    for entry in backup[0]["items"]:
        del entry["track"]
    (found,) = read(File("backup.json", json.dumps(backup).encode(), MODIFIED), _JSON).playlists
    assert [entry.content and entry.content.name for entry in entries(found)] == ['Say "Hello"', None, "Song C"]


@pytest.mark.parametrize("name", ["2022.txt", "2015_windows.txt", "2014.txt"])
def test_text_of_each_version_has_names_and_uris_in_order(name: str) -> None:
    contents = read(file_at(f"spotify_backup/{name}"), _TEXT)
    evening, empty, second = contents.playlists
    assert [found.name for found in contents.playlists] == ["Evening Songs", "Nothing Yet", "Second"]
    assert [found.items for found in contents.playlists] == [2, 0, 1]
    song, local = entries(evening)
    assert song.content is not None
    assert (song.content.id, song.content.name, song.content.duration_ms) == (_TRACKS[0], 'Say "Hello"', None)
    assert [artist.name for artist in song.content.artists or ()] == ["Paper, Kites"]
    assert song.content.album is not None
    assert song.content.album.release_date == ("2017-02-17" if name == "2022.txt" else None)
    assert local.content is not None
    assert (local.content.uri, local.content.duration_ms) == ("spotify:local:Artist+A:Album+B:Song+C:128", 128_000)
    assert entries(empty) == []
    assert second.is_called("Second")
    refused = [("line 14", "it is in no playlist, as liked albums are")] if name == "2022.txt" else []
    assert contents.refused == refused


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        (["Tide", "and Foam\tLow Tide\tLow Tide\tspotify:track:1AbCdEfGhIjKlMnOpQrSt2"], ["line 3", "line 4"]),
        (["Tide\tLow Tide\tLow Tide\tno address"], ["line 3"]),
        (["Tide\tspotify:track:1AbCdEfGhIjKlMnOpQrSt2"], ["line 3"]),
        (["Tide\tLow Tide\tLow Tide\tspotify:track:short"], ["line 3"]),
    ],
)
def test_lines_that_are_broken_are_refused(lines: list[str], refused: list[str]) -> None:
    good = "A\ttab\tLow Tide\tLow Tide\tspotify:track:1AbCdEfGhIjKlMnOpQrSt1\t2011"
    text = "\r\n".join(["Songs", good, *lines, good, ""])
    contents = read(File("playlists.txt", text.encode(), MODIFIED), _TEXT)
    (found,) = contents.playlists
    assert [refusal.place for refusal in contents.refused] == refused
    assert [entry.content and entry.content.name for entry in entries(found)] == ["A\ttab", "A\ttab"]
