"""CSV of the programs called Exportify, of their years and languages."""

import csv
import json
from datetime import UTC, datetime
from importlib import resources
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_pipeline.errors import DataError
from spotify_pipeline.imports.found import Contents, File, Found
from spotify_pipeline.spotify.documents import Content
from spotify_pipeline_tests.imports.documents import MODIFIED, entries, file_at, read

_NAME = "Exportify CSV"
_TRACKS = [f"1AbCdEfGhIjKlMnOpQrSt{number}" for number in range(1, 4)]
_ARTISTS = [f"3AbCdEfGhIjKlMnOpQrSt{number}" for number in range(1, 3)]
_LABELS = json.loads(
    resources.files("spotify_pipeline.imports").joinpath("exportify_headers.json").read_text(encoding="utf-8")
)


def _only(contents: Contents) -> Found:
    (found,) = contents.playlists
    return found


def _contents(found: Found) -> list[Content | None]:
    return [entry.content for entry in entries(found)]


@pytest.mark.parametrize("name", ["watsonbox_2022.csv", "watsonbox_german.csv"])
def test_all_that_the_tables_have_columns_for_is_taken_in_any_language(name: str) -> None:
    contents = read(file_at(f"exportify/{name}"), _NAME)
    found = _only(contents)
    assert contents.refused == []
    assert (found.name, found.playlist_id, found.items, found.total) == (name.removesuffix(".csv"), None, 5, None)
    assert str(found.newest) == "2021-03-01"

    first, second, local, episode, again = entries(found)
    song = first.content
    assert song is not None
    assert song.album is not None
    assert song.external_ids is not None
    assert (song.id, song.name, song.duration_ms, song.explicit) == (_TRACKS[0], 'Say "Hello", Moon', 201000, True)
    assert (song.disc_number, song.track_number, song.popularity, song.external_ids.isrc) == (1, 3, 41, "QZABC1700001")
    assert [(artist.id, artist.name) for artist in song.artists or ()] == [
        (_ARTISTS[0], "Paper, Kites"),
        (_ARTISTS[1], "Low Tide"),
    ]
    album = song.album
    assert (album.name, album.release_date, album.release_date_precision) == ("First Light", "2017-02-17", "day")
    assert [artist.name for artist in album.artists or ()] == ["Paper, Kites"]
    assert [image.url for image in album.images or () if image] == ["https://i.scdn.co/image/one"]
    assert first.added_at == datetime(2020, 7, 19, 9, 24, 39, tzinfo=UTC)
    assert first.added_by is not None
    assert first.added_by.id == "anna b"

    assert second.content is not None
    assert (second.content.name, second.content.popularity) == ("Undefined", None)
    assert (second.added_at, second.added_by) == (None, None)
    assert local.is_local is True
    assert local.content is not None
    assert (local.content.id, local.content.uri) == (None, "spotify:local:Artist+A:Album+B:Song+C%21:128")
    assert episode.content is not None
    assert (episode.content.type, episode.content.name, episode.content.artists) == ("episode", "On Tea", None)
    assert again.content is not None
    assert again.content.id == _TRACKS[0]


def test_what_the_first_version_did_not_escape_is_refused_with_its_line() -> None:
    contents = read(file_at("exportify/watsonbox_2015.csv"), _NAME)
    assert [(refusal.place, refusal.reason.partition(":")[0]) for refusal in contents.refused] == [
        ("line 3", "its quotes do not pair")
    ]
    (song,) = _contents(_only(contents))
    assert song is not None
    assert [artist.name for artist in song.artists or ()] == ["Low Tide"]


def test_artists_are_matched_with_their_ids_and_null_entries_keep_their_positions() -> None:
    contents = read(file_at("exportify/pavelkomarov_2019.csv"), _NAME)
    assert contents.refused == []
    song, local, missing = entries(_only(contents))
    assert song.content is not None
    assert [(artist.id, artist.name) for artist in song.content.artists or ()] == [
        (_ARTISTS[0], "Paper"),
        (_ARTISTS[1], "Low Tide"),
    ]
    assert local.is_local is True
    assert local.content is not None
    assert (local.content.name, local.content.uri) == ("Song C", None)
    assert missing.content is None
    assert missing.added_at == datetime(2024, 1, 1, tzinfo=UTC)


def test_semicolons_part_artists_in_newer_files_where_commas_are_parts_of_names() -> None:
    contents = read(file_at("exportify/pavelkomarov_2025.csv"), _NAME)
    assert contents.refused == []
    first, second, local, missing = _contents(_only(contents))
    assert first is not None
    assert first.album is not None
    assert [(artist.id, artist.name) for artist in first.artists or ()] == [(None, "Paper, Kites"), (None, "Low Tide")]
    assert (first.name, first.album.label) == ('Say "Hello", Moon', "Small Room")
    assert second is not None
    assert local is not None
    assert (local.name, local.duration_ms) == ("Song C", 128_000)
    assert missing is None


def test_a_file_without_ids_of_tracks_is_refused() -> None:
    with pytest.raises(DataError, match="no column with URIs or ids of tracks"):
        read(file_at("exportify/pavelkomarov_without_ids.csv"), _NAME)


def test_the_name_of_the_file_tells_the_playlist_and_positions_tell_the_order() -> None:
    found = _only(read(file_at("exportify/Evening Songs [5AbCdEfGhIjKlMnOpQrSt1].csv"), _NAME))
    assert (found.name, found.playlist_id) == ("Evening Songs", "5AbCdEfGhIjKlMnOpQrSt1")
    assert [song and song.id for song in _contents(found)] == _TRACKS[:2]


@pytest.mark.parametrize(
    ("file", "playlist", "expected"),
    [
        ("late_night.csv", "Late Night: Drive!", False),
        ("late_night_drive!.csv", "Late Night: Drive!", True),
        ("late_night_drive.csv", "Late Night, Drive", True),
        ("Late_Night_Drive!.csv", "Late Night Drive!", True),
        ("été.csv", "Été", True),
        ("late_night_drive_(1).csv", "Late Night Drive", False),
    ],
)
def test_a_file_is_of_a_playlist_if_one_of_the_programs_would_call_it_so(
    file: str, playlist: str, expected: bool
) -> None:
    content = file_at("exportify/watsonbox_2022.csv").content
    assert _only(read(File(file, content, MODIFIED), _NAME)).is_called(playlist) is expected


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"spotify:track:{_TRACKS[0]},Song,1000,yesterday", "'yesterday' is no time"),
        (f"spotify:track:{_TRACKS[0]},Song,1000,2024-01-01", "'2024-01-01' is no time"),
        (f"spotify:track:{_TRACKS[0]},Song,long,2024-01-01T00:00:00Z", "duration 'long' is no whole number"),
        ("spotify:track:short,Song,1000,2024-01-01T00:00:00Z", "'spotify:track:short' is no URI of a track"),
        (f"spotify:track:{_TRACKS[0]},Song", "it has 2 cells instead of 4"),
        (f"spotify:track:{_TRACKS[0]},So,ng,1000,2024-01-01T00:00:00Z", "it has 5 cells instead of 4"),
        (f'spotify:track:{_TRACKS[0]},"Song,1000,2024-01-01T00:00:00Z', "its quotes do not pair"),
    ],
)
def test_each_row_is_taken_or_refused_with_its_line(row: str, reason: str) -> None:
    good = f"spotify:track:{_TRACKS[1]},Good,1000,2024-01-01T00:00:00Z\n"
    text = f"Track URI,Track Name,Duration (ms),Added At\n{good}\n{row}\n"
    contents = read(File("list.csv", text.encode(), MODIFIED), _NAME)
    (refusal,) = contents.refused
    assert refusal.place == "line 4"
    assert refusal.reason.startswith(reason)
    assert _only(contents).items == 1


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    content = file_at("exportify/watsonbox_2022.csv").content + b"\xff"
    with pytest.raises(DataError, match="it is not UTF-8"):
        read(File("list.csv", content, MODIFIED), _NAME)


def test_no_label_means_two_columns() -> None:
    labels = [label.casefold() for column in _LABELS.values() for label in column]
    assert len(labels) == len(set(labels)) > 200


_WRITTEN = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    lambda text: text.strip() not in ("", "null", "undefined", "None") and "\\" not in text
)
_ROWS = st.lists(st.tuples(_WRITTEN, st.lists(_WRITTEN, min_size=1, max_size=3), _WRITTEN), max_size=5)


@given(_ROWS)
def test_what_is_written_with_any_quoting_is_read_again(rows: list[tuple[str, list[str], str]]) -> None:
    out = StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["Track URI", "Track Name", "Artist URI(s)", "Artist Name(s)", "Album Name"])
    for name, artists, album in rows:
        uris = ", ".join(f"spotify:artist:{'0' * 21}{number}" for number in range(len(artists)))
        names = ", ".join(artist.replace(",", "\\,") for artist in artists)
        writer.writerow([f"spotify:track:{_TRACKS[0]}", name, uris, names, album])
    contents = read(File("list.csv", out.getvalue().encode(), MODIFIED), _NAME)
    assert contents.refused == []
    songs = [song for song in _contents(_only(contents)) if song]
    assert [
        (song.name, [artist.name for artist in song.artists or ()], song.album and song.album.name) for song in songs
    ] == [(name, artists, album) for name, artists, album in rows]
