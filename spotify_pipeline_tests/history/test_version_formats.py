"""A playlist as it was, for people, programs, players and Spotify."""

import csv
import io
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from rich.console import Console

from spotify_pipeline.history.items import Item
from spotify_pipeline.history.printed import Printed
from spotify_pipeline.history.version_formats import VERSION_FORMATS
from spotify_pipeline.history.versions import Version
from spotify_pipeline.spotify.documents import Playlist
from spotify_pipeline_tests.history.readings import (
    FIRST,
    HOSTILE,
    HOSTILE_PLAYLISTS,
    UNAVAILABLE,
    episode,
    local,
    track,
    version,
)

MIX = version(
    track("Night Bus", "Ada", "Bo & Co", id_="n", length=187_499),
    local("Demo Tape", "Me"),
    UNAVAILABLE,
    episode("Folge 1"),
    track("Night Bus", "Ada", "Bo & Co", id_="n", length=3_725_000),
)


def drawn(printed: Printed, width: int = 100) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(printed.body)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def text(name: str, of: Version) -> str:
    body = VERSION_FORMATS[name](of).body
    assert isinstance(body, str)
    return body


def entries_of(m3u: str) -> list[tuple[int, str, str]]:
    """Seconds, title and address of each entry, as a player reads the file."""
    head, name, *lines = m3u.split("\n")
    assert head == "#EXTM3U"
    assert name.startswith("#PLAYLIST:")
    read = []
    for about, address in zip(lines[::2], lines[1::2], strict=True):
        seconds, title = about.removeprefix("#EXTINF:").split(",", 1)
        assert not address.startswith("#")
        read.append((int(seconds), title, address))
    return read


def test_people_see_a_table_with_positions_from_1() -> None:
    assert drawn(VERSION_FORMATS["table"](MIX)) == [
        "Mix on 2026-11-01",
        "",
        "#  name                   artists       added        length",
        "────────────────────────────────────────────────────────────",
        "1  Night Bus              Ada, Bo & Co  2026-10-05     3:07",
        "2  Demo Tape              Me",
        "3  (no longer available)",
        "4  Folge 1                (episode)",
        "5  Night Bus              Ada, Bo & Co  2026-10-05  1:02:05",
        "5 items, 1:05:12",
    ]


def test_on_a_narrow_terminal_names_are_folded_and_nothing_is_cut() -> None:
    lines = drawn(VERSION_FORMATS["table"](MIX), width=50)
    assert max(map(len, lines)) <= 50
    assert "2026-10-05" in "\n".join(lines)
    assert {"Night", "Bus", "Bo", "&", "Co", "3:07", "available)"} <= set(" ".join(lines).split())


def test_an_empty_playlist_is_said_to_be_empty() -> None:
    assert drawn(VERSION_FORMATS["table"](version()))[-1] == "Nothing was on it."


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_steers_the_terminal_or_is_taken_for_a_style(name: str) -> None:
    lines = drawn(VERSION_FORMATS["table"](version(track(name, name, id_="t"), name=name)), width=200)
    assert len(lines) == 6
    assert not {"\x1b", "\u202e"} & set("".join(lines))
    assert "[bold]x[/bold]" not in name or lines[4].count(name) == 2


def test_m3u_has_seconds_artist_and_title_before_each_address() -> None:
    printed = VERSION_FORMATS["m3u"](MIX)
    assert printed.body == (
        "#EXTM3U\n"
        "#PLAYLIST:Mix\n"
        "#EXTINF:187,Ada, Bo & Co - Night Bus\n"
        "spotify:track:n\n"
        "#EXTINF:-1,Me - Demo Tape\n"
        "spotify:local:Me::Demo Tape:12\n"
        "#EXTINF:-1,Folge 1\n"
        "spotify:episode:Folge 1\n"
        "#EXTINF:3725,Ada, Bo & Co - Night Bus\n"
        "spotify:track:n"
    )
    assert printed.note == "1 item left out: Spotify no longer tells what it was."


def test_uris_leave_out_what_cannot_be_pasted_and_say_how_much() -> None:
    printed = VERSION_FORMATS["uris"](MIX)
    assert printed.body == "spotify:track:n\nspotify:episode:Folge 1\nspotify:track:n"
    assert printed.note == "2 items left out: local files cannot be pasted, nor what is no longer available."
    assert VERSION_FORMATS["uris"](version(track("a"))).note is None


@given(HOSTILE_PLAYLISTS)
def test_whatever_the_names_m3u_has_an_entry_for_each_known_item_and_uris_a_line(playlist: Playlist) -> None:
    of = Version(FIRST, FIRST, playlist)
    known = [item for item in of.items if item.item_type != "unavailable"]
    entries = entries_of(text("m3u", of))
    assert [seconds for seconds, _, _ in entries] == [
        -1 if item.duration_ms is None else item.duration_ms // 1000 for item in known
    ]
    pasted = [item.item_key for item in known if item.item_type in {"track", "episode"}]
    assert [address for _, _, address in entries if not address.startswith("spotify:local:")] == pasted
    assert text("uris", of).splitlines() == pasted


@given(HOSTILE_PLAYLISTS)
def test_json_is_read_back_as_it_was(playlist: Playlist) -> None:
    of = Version(FIRST, FIRST, playlist, is_certain=False, note="why")
    read = json.loads(text("json", of))
    assert msgspec.convert(read["items"], list[Item], strict=False) == of.items
    assert (read["playlist"]["name"], read["day"], read["snapshot_date"]) == (playlist.name, "2026-11-01", "2026-11-01")
    assert (read["is_certain"], read["note"]) == (False, "why")


@given(HOSTILE_PLAYLISTS)
def test_csv_is_read_back_with_a_row_for_each_item(playlist: Playlist) -> None:
    of = Version(FIRST, FIRST, playlist)
    rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(text("csv", of), newline="")))
    assert [(int(row["position"]), row["item_key"], row["name"], row["artists"]) for row in rows] == [
        (item.position, item.item_key, item.name or "", ", ".join(item.artists)) for item in of.items
    ]
