"""Every captured playlist, with all the oddities of real ones, in every format and compared with others."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from spotify_pipeline.errors import DataError
from spotify_pipeline.history.comparison_formats import COMPARISON_FORMATS
from spotify_pipeline.history.version_formats import VERSION_FORMATS
from spotify_pipeline.history.versions import Version
from spotify_pipeline.spotify.documents import Playlist, decode
from spotify_pipeline_tests.history.readings import FIRST, comparison
from spotify_pipeline_tests.history.test_comparison_formats import applied, facts, json_of, text
from spotify_pipeline_tests.history.test_version_formats import drawn, entries_of
from spotify_pipeline_tests.tables.test_captures import NO_PLAYLIST_ITEMS, playlists_in

FOLDERS = ("playlists", "playlists_2026_new_shape", "edge_from_issues")
_LONG = 500  # entries; the odd playlists, which the time of a test is for, are shorter


@pytest.fixture(scope="module")
def playlists(captures: Path) -> list[Playlist]:
    """Those that have entries."""
    found = []
    for folder in FOLDERS:
        for path in sorted((captures / folder).glob("*.json")):
            for document in playlists_in(path.stem, json.loads(path.read_text(encoding="utf-8"))):
                try:
                    playlist = decode(json.dumps(document).encode(), Playlist)
                except DataError:  # cut by hand
                    assert f"{folder}/{path.name}" in NO_PLAYLIST_ITEMS
                    continue
                if playlist.contents and playlist.contents.entries:
                    found.append(playlist)
    return found


def test_every_captured_playlist_has_every_format(playlists: list[Playlist]) -> None:
    kinds = set()
    for playlist in playlists:
        version = Version(FIRST, FIRST, playlist)
        kinds |= {item.item_type for item in version.items}
        printed = {name: as_format(version) for name, as_format in VERSION_FORMATS.items()}
        assert json.loads(str(printed["json"].body))["items"][-1]["position"] == len(version.items) - 1
        if len(version.items) < _LONG:
            assert len(drawn(printed["table"], 10_000)) == len(version.items) + 5
        known = [item.item_key for item in version.items if item.item_type != "unavailable"]
        assert [address for _, _, address in entries_of(str(printed["m3u"].body))] == known
        pasted = [item.item_key for item in version.items if item.item_type in {"track", "episode"}]
        assert str(printed["uris"].body).splitlines() == pasted
    assert kinds == {"track", "episode", "local", "unavailable"}


def test_from_each_captured_playlist_to_the_next_the_difference_leads(playlists: list[Playlist]) -> None:
    assert len(playlists) > 50
    for before, after in pairwise(playlists):
        if sum(len(each.contents.entries) for each in (before, after) if each.contents) > _LONG:
            continue
        of = comparison(before, after)
        events = json.loads(text("json", of))["events"]
        keys = [each.get("item_key") for each in facts(applied(json_of(of.before), events))]
        assert keys == [each.get("item_key") for each in facts(json_of(of.after))]
        assert all(as_format(of) for as_format in COMPARISON_FORMATS.values())
