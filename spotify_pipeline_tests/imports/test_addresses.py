"""Lists of addresses: of Spotify's desktop app, and M3U8 playlists."""

import pytest

from spotify_pipeline.imports.formats import format_of
from spotify_pipeline.imports.found import File, Refusal
from spotify_pipeline_tests.imports.documents import MODIFIED, entries, file_at, read, typed

NAME = "list of addresses"


def uris(path: str) -> list[object]:
    (found,) = read(file_at(path), NAME).playlists
    return [entry.content and entry.content.uri for entry in entries(found)]


def test_links_and_uris_are_songs_in_their_order() -> None:
    assert uris("addresses/links.txt") == [
        "spotify:track:1AbCdEfGhIjKlMnOpQrSt1",
        "spotify:track:3AbCdEfGhIjKlMnOpQrSt3",
        "spotify:track:1AbCdEfGhIjKlMnOpQrSt1",
    ]


def test_what_lies_on_a_disk_is_refused_with_its_line() -> None:
    file = file_at("addresses/mixtape.m3u8")
    contents = read(file._replace(content=file.content + b"#EXTINF:100,On this disk\nmusic/on_this_disk.mp3\n"), NAME)
    (found,) = contents.playlists
    assert contents.refused == [
        Refusal("line 10", "'music/on_this_disk.mp3' is no URI of a track, an episode or a local file")
    ]
    assert (found.items, found.refused) == (3, 1)


def test_an_m3u8_playlist_has_a_name() -> None:
    (found,) = read(file_at("addresses/mixtape.m3u8"), NAME).playlists
    assert (found.items, found.refused, typed(found).name) == (3, 0, "Evening Songs")
    assert found.is_called("Evening Songs")
    assert not found.is_called("mixtape")
    track, local, episode = entries(found)
    assert (track.content and track.content.id, episode.content and episode.content.type) == (
        "1AbCdEfGhIjKlMnOpQrSt1",
        "episode",
    )
    assert local.is_local
    assert local.content
    assert (local.content.name, local.content.duration_ms) == ("Tape Hiss", 128_000)


def test_a_list_without_a_name_has_that_of_its_file() -> None:
    (found,) = read(file_at("addresses/links.txt"), NAME).playlists
    assert found.is_called("links")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"Dear diary\nspotify:track:1AbCdEfGhIjKlMnOpQrSt1\n",
        b"1AbCdEfGhIjKlMnOpQrSt1\n",
        b"\xff\xfe",
    ],
)
def test_other_texts_are_no_lists(content: bytes) -> None:
    assert format_of(File("notes.txt", content, MODIFIED)) is None
