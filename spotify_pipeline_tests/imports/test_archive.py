"""The public playlist archive: its JSON files, and the history of a clone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from spotify_pipeline.errors import DataError, SettingsError
from spotify_pipeline.imports.archive_git import is_archive, playlists_in
from spotify_pipeline.imports.found import File, Found
from spotify_pipeline_tests.imports.archives import Archive, cumulative, pretty, written
from spotify_pipeline_tests.imports.documents import MODIFIED, entries, read, typed
from spotify_pipeline_tests.imports.exports import song_id

_ID, _OTHER = "5AbCdEfGhIjKlMnOpQrSt1", "5AbCdEfGhIjKlMnOpQrSt2"
_PRETTY, _CUMULATIVE, _PLAIN = "playlist archive", "playlist archive, cumulative", "playlist archive, plain text"


def _file(content: dict[str, Any]) -> File:
    return File(f"{_ID}.json", written(content).encode(), MODIFIED)


def _songs(found: Found) -> list[str]:
    return [entry.content.name or "" for entry in entries(found) if entry.content]


def test_a_pretty_file_is_a_playlist_with_its_owner_followers_and_links() -> None:
    (found,) = read(_file(pretty(_ID, "Hits ", [2, 1, 2])), _PRETTY).playlists
    assert (found.name, found.playlist_id, found.items, found.total) == ("Hits ", _ID, 3, None)
    assert str(found.newest) == "2012-05-08"
    playlist = typed(found)
    assert playlist.owner is not None
    assert playlist.followers is not None
    assert playlist.external_urls is not None
    assert (playlist.owner.id, playlist.owner.display_name, playlist.followers.total) == ("anna", "Anna", 22)
    assert playlist.snapshot_id == "snapshot of [2, 1, 2]"
    assert playlist.external_urls.spotify == f"https://open.spotify.com/playlist/{_ID}"
    assert _songs(found) == ["Song 2", "Song 1", "Song 2"]
    song = entries(found)[0]
    assert song.added_at == datetime(2012, 5, 8, 12, 20, 50, tzinfo=UTC)
    assert song.content is not None
    assert song.content.album is not None
    assert (song.content.id, song.content.duration_ms, song.content.album.id) == (song_id(2), 2000, song_id(2))
    assert [(artist.id, artist.name) for artist in song.content.artists or ()] == [(song_id(2), "Artist 2")]


def test_the_first_pretty_files_had_fewer_fields() -> None:
    oldest = pretty(_ID, "Hits", [1])
    for key in ("num_followers", "owner", "snapshot_id", "original_name", "unique_name"):
        del oldest[key]
    del oldest["tracks"][0]["added_at"]
    (found,) = read(_file(oldest | {"name": "Hits"}), _PRETTY).playlists
    assert (found.name, found.newest, found.items) == ("Hits", None, 1)


def test_a_track_that_cannot_be_read_is_refused_with_its_number() -> None:
    broken = pretty(_ID, "Hits", [1, 2, 3, 4])
    broken["tracks"][1]["url"] = "https://example.org"
    broken["tracks"][2] = None
    broken["tracks"][3]["added_at"] = "2012-05-08"
    contents = read(_file(broken), _PRETTY)
    assert [refusal.place for refusal in contents.refused] == ["track 1", "track 2", "track 3"]
    (found,) = contents.playlists
    assert (found.items, found.refused) == (1, 3)


@pytest.mark.parametrize("key", ["date_registered", "date_initialized", "date_first_scrape", "date_first_scraped"])
def test_a_cumulative_file_tells_what_was_there_on_its_own_day(key: str) -> None:
    stays = [(1, "2016-05-16", None), (2, "2020-01-01*", "2020-02-10"), (4, "2020-03-05", None)]
    contents = read(_file(cumulative(_ID, stays, **{key: "2020-01-01"})), _CUMULATIVE)
    (found,) = contents.playlists
    assert (found.day, str(found.newest), _songs(found)) == (None, "2020-03-05", ["Song 1", "Song 4"])
    assert {entry.added_at for entry in entries(found)} == {None}
    assert found.refused == 0
    assert [(refusal.place, refusal.reason.partition(";")[0]) for refusal in contents.refused] == [
        ("track 1", "it had gone on 2020-02-10")
    ]


def test_plain_text_is_refused_because_it_has_no_ids() -> None:
    text = "Hits\nAll of them\n\nSong 1 -- Artist 1 -- Album 1\nSong 2 -- Artist 2, Artist 3 -- Album 2\n"
    with pytest.raises(DataError, match="it has no ids of songs"):
        read(File(_ID, text.encode(), MODIFIED), _PLAIN)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Ten days of two playlists, with runs of all kinds and what people have committed between."""
    made = Archive(tmp_path / "archive")
    two = {_ID: pretty(_ID, "Hits", [1, 2]), _OTHER: pretty(_OTHER, "Other", [7])}
    made.commit("2022-01-01 00:01:00", "[skip ci] Run: 1 (2021-12-31 23:59:58)", two)
    made.commit("2022-01-02 00:01:00", "[skip ci] Run: 2 (2022-01-02 00:00:02)", {})
    made.commit("2022-01-02 09:00:00", "Write it otherwise", {_ID: pretty(_ID, "Hits", [9])})
    made.commit("2022-01-03 00:02:00", "Run 3 via schedule", {_ID: pretty(_ID, "Hits", [2, 3])})
    made.commit("2022-01-03 08:00:00", "Run 4 via workflow_dispatch", {_ID: pretty(_ID, "Hits", [2, 3, 4])})
    made.commit("2022-01-04 08:00:00", "Run 5 via push", {})
    made.commit("2022-01-05 00:02:00", "Run 6 via schedule", {_OTHER: None})
    made.commit("2022-02-10 00:02:00", "Run 7 via schedule", {})
    return made


def test_each_run_is_a_day_and_what_it_did_not_change_is_the_same(archive: Archive) -> None:
    assert is_archive(archive.path)
    (first, hits), (second, other) = [(name, list(contents.playlists)) for name, contents in playlists_in(archive.path)]
    assert (first, second) == (f"{_ID}.json", f"{_OTHER}.json")
    assert [(str(found.day), [str(day) for day in found.same_on], _songs(found)) for found in hits] == [
        ("2021-12-31", ["2022-01-02"], ["Song 1", "Song 2"]),
        ("2022-01-03", ["2022-01-05"], ["Song 2", "Song 3", "Song 4"]),
    ]
    assert [(str(found.day), [str(day) for day in found.same_on]) for found in other] == [
        ("2021-12-31", ["2022-01-02", "2022-01-03"])
    ]
    assert hits[0].fetched_at == datetime(2021, 12, 31, 23, 59, 58, tzinfo=UTC)
    assert hits[1].fetched_at == datetime(2022, 1, 3, 8, 0, tzinfo=UTC)
    assert [len((found.source or "").removeprefix("commit ")) for found in hits] == [10, 10]


def test_one_playlist_of_an_archive_can_be_chosen(archive: Archive) -> None:
    ((name, ids),) = [
        (name, [found.playlist_id for found in contents.playlists])
        for name, contents in playlists_in(archive.path, _OTHER)
    ]
    assert (name, ids) == (f"{_OTHER}.json", [_OTHER])
    with pytest.raises(DataError, match=f"has no version of {song_id(1)}"):
        next(playlists_in(archive.path, song_id(1)))


def test_a_folder_that_is_no_clone_of_an_archive_is_none(tmp_path: Path) -> None:
    assert not is_archive(tmp_path)
    other = Archive(tmp_path / "other")
    other.commit("2022-01-01 00:01:00", "Begin", {})
    assert not is_archive(other.path)


def test_without_git_a_sentence_says_so(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SettingsError, match="read with git, which is not installed"):
        is_archive(archive.path)


def test_a_clone_without_its_objects_is_refused(archive: Archive) -> None:
    for folder in (archive.path / ".git" / "objects").iterdir():
        for each in folder.iterdir():
            if each.stat().st_size > 200:  # the playlists are the largest
                each.unlink()
    with pytest.raises((DataError, SettingsError), match=r"lacks some of its history|git cannot read"):
        _ = [list(contents.playlists) for _, contents in playlists_in(archive.path)]
