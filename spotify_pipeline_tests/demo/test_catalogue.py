import hashlib
import itertools
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

import spotify_pipeline
from spotify_pipeline.demo.catalogue import FIRST_DAY, DemoCatalogue
from spotify_pipeline.demo.model import Episode, LocalFile, Playlist, Row, Track
from spotify_pipeline.demo.repeatable import Dice

DAYS_WATCHED = 400
# Of the first thirty days. If this fails without a change to the demo, a Python version shuffles differently.
FINGERPRINT = "4404e6148c53350fc00bf9b6ced2788d702d8a9f41273410fb56c3e316157a5a"

Day = tuple[Playlist, ...]


@pytest.fixture(scope="module")
def catalogue() -> DemoCatalogue:
    return DemoCatalogue()


@pytest.fixture(scope="module")
def days(catalogue: DemoCatalogue) -> list[Day]:
    return [catalogue.playlists_on(FIRST_DAY + timedelta(days=number)) for number in range(DAYS_WATCHED)]


@pytest.fixture(scope="module")
def first_rows(days: list[Day]) -> list[Row]:
    return [row for playlist in days[0] for row in playlist.rows]


def fingerprint(catalogue: DemoCatalogue) -> str:
    marks = [
        playlist.snapshot_id
        for number in range(30)
        for playlist in catalogue.playlists_on(catalogue.first_day + timedelta(days=number))
    ]
    return hashlib.sha256(" ".join(marks).encode()).hexdigest()


def changes(days: list[Day]) -> Iterator[tuple[Playlist, Playlist]]:
    """Each playlist of each day but the first, with what it was the day before."""
    for before, after in itertools.pairwise(days):
        earlier = {playlist.id: playlist for playlist in before}
        yield from ((earlier[playlist.id], playlist) for playlist in after if playlist.id in earlier)


def uris(playlist: Playlist) -> Counter[str]:
    return Counter(row.content.uri for row in playlist.rows if row.content)


def lost_share(before: Playlist, after: Playlist) -> float:
    return (uris(before) - uris(after)).total() / len(before.rows)


def ids(day: Day) -> set[str]:
    return {playlist.id for playlist in day}


def test_the_same_seed_gives_the_same_catalogue_in_another_process(catalogue: DemoCatalogue) -> None:
    program = (
        "from spotify_pipeline_tests.demo.test_catalogue import DemoCatalogue, fingerprint;"
        "print(fingerprint(DemoCatalogue()))"
    )
    run = subprocess.run(  # our own program
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(spotify_pipeline.__file__).parents[1],
        env=os.environ | {"PYTHONHASHSEED": "77"},
    )
    assert run.stdout.strip() == fingerprint(catalogue)


def test_the_catalogue_is_the_same_with_every_python_version(catalogue: DemoCatalogue) -> None:
    assert fingerprint(catalogue) == FINGERPRINT


def test_another_seed_gives_other_music_and_other_playlists(catalogue: DemoCatalogue) -> None:
    other = DemoCatalogue(seed=7)
    assert not other.music.tracks.keys() & catalogue.music.tracks.keys()
    assert not ids(other.playlists_on(FIRST_DAY)) & ids(catalogue.playlists_on(FIRST_DAY))


def test_days_may_be_asked_for_in_any_order(days: list[Day]) -> None:
    backwards = DemoCatalogue()
    for number in (40, 3, 17):
        day = backwards.playlists_on(FIRST_DAY + timedelta(days=number))
        assert [p.snapshot_id for p in day] == [p.snapshot_id for p in days[number]]


def test_days_before_the_first_are_like_the_first(catalogue: DemoCatalogue, days: list[Day]) -> None:
    assert catalogue.playlists_on(FIRST_DAY - timedelta(days=1000)) is days[0]


@pytest.mark.parametrize(("seed", "first_day"), [(1, date(2020, 2, 29)), (2, date(2024, 12, 31)), (3, FIRST_DAY)])
def test_other_seeds_and_first_days_keep_the_bounds(seed: int, first_day: date) -> None:
    catalogue = DemoCatalogue(seed, first_day)
    days = [catalogue.playlists_on(first_day + timedelta(days=number)) for number in range(60)]
    assert all(30 <= len(playlist.rows) <= 300 for day in days for playlist in day)
    assert all(lost_share(before, after) <= 0.4 for before, after in changes(days))
    assert max(album.release_date or "" for album in catalogue.music.albums.values()) <= first_day.isoformat()


def test_the_catalogue_is_large_and_varied(catalogue: DemoCatalogue) -> None:
    music = catalogue.music
    assert len(music.genre_tracks) >= 10
    assert len(music.artists) > 150
    assert len(music.tracks) > 3000
    assert {album.album_type for album in music.albums.values()} == {"album", "single", "compilation"}
    assert {album.release_date_precision for album in music.albums.values()} == {"day", "month", "year", None}
    assert {"0000", None} < {album.release_date for album in music.albums.values()}
    assert any(len(track.artists) > 1 for track in music.tracks.values())
    assert {track.explicit for track in music.tracks.values()} == {True, False}
    assert max(track.disc_number for track in music.tracks.values()) > 1


def test_release_dates_have_the_form_of_their_precision(catalogue: DemoCatalogue) -> None:
    forms = {"day": r"\d{4}-\d\d-\d\d", "month": r"\d{4}-\d\d", "year": r"\d{4}"}
    for album in catalogue.music.albums.values():
        if album.release_date is None:
            assert album.release_date_precision is None
        else:
            assert re.fullmatch(forms[album.release_date_precision or ""], album.release_date)


def test_ids_are_unique_and_made_as_spotify_makes_them(catalogue: DemoCatalogue, days: list[Day]) -> None:
    music = catalogue.music
    episodes = {row.content.id for day in days for p in day for row in p.rows if isinstance(row.content, Episode)}
    playlists = set().union(*map(ids, days))
    everything = [*music.tracks, *music.albums, *music.artists, *episodes, *playlists]
    assert len(set(everything)) == len(everything)
    assert all(re.fullmatch("[0-9A-Za-z]{22}", spotify_id) for spotify_id in everything)
    assert not any(spotify_id.startswith("37i9dQ") for spotify_id in playlists)


def test_the_tracks_of_an_album_are_numbered_and_counted(catalogue: DemoCatalogue) -> None:
    for album_id, tracks in catalogue.music.album_tracks.items():
        assert catalogue.music.albums[album_id].total_tracks == len(tracks)
        places = [(track.disc_number, track.track_number) for track in tracks]
        assert places[0] == (1, 1)
        assert places == sorted(set(places))


def test_one_recording_is_on_several_albums_with_one_isrc(catalogue: DemoCatalogue) -> None:
    releases: dict[str, set[tuple[object, ...]]] = {}
    for track in catalogue.music.tracks.values():
        assert re.fullmatch(r"[A-Z]{2}[A-Z0-9]{3}\d{7}", track.isrc)
        releases.setdefault(track.isrc, set()).add((track.name, track.artists, track.duration_ms))
    assert all(len(recordings) == 1 for recordings in releases.values())
    assert len(catalogue.music.tracks) - len(releases) > 300


def test_there_are_a_dozen_playlists_and_most_are_the_listeners_own(catalogue: DemoCatalogue, days: list[Day]) -> None:
    assert [len(day) for day in days[:30]] == [12] * 11 + [13] * 8 + [12] * 11
    for day in days:
        assert len([p for p in day if not p.is_readable_by(catalogue.listener)]) == 1
        assert len([p for p in day if p.is_collaborative]) == 1
        assert len([p for p in day if len(p.rows) > 100]) >= 2


def test_one_playlist_appears_and_one_disappears_within_thirty_days(days: list[Day]) -> None:
    assert len(ids(days[29]) - ids(days[0])) == 1
    assert len(ids(days[0]) - ids(days[29])) == 1


def test_playlists_have_30_to_300_rows_on_all_days(days: list[Day]) -> None:
    assert all(30 <= len(playlist.rows) <= 300 for day in days for playlist in day)


def test_no_playlist_loses_more_than_40_percent_in_a_day(days: list[Day]) -> None:
    assert max(lost_share(before, after) for before, after in changes(days)) <= 0.4


def test_the_snapshot_id_is_the_same_if_and_only_if_the_content_is(days: list[Day]) -> None:
    for before, after in changes(days):
        assert (before.snapshot_id == after.snapshot_id) == (before == after)
    versions = {playlist for day in days[:60] for playlist in day}
    assert len({playlist.snapshot_id for playlist in versions}) == len(versions)


def test_a_month_brings_several_hundred_changes_and_many_quiet_playlists(days: list[Day]) -> None:
    pairs = list(changes(days[:30]))
    assert 300 < sum((uris(after) - uris(before)).total() for before, after in pairs) < 900
    assert 300 < sum((uris(before) - uris(after)).total() for before, after in pairs) < 900
    unchanged = sum(before == after for before, after in pairs) / len(pairs)
    assert 0.4 < unchanged < 0.8


def test_names_descriptions_covers_and_the_order_of_rows_change_now_and_then(days: list[Day]) -> None:
    pairs = list(changes(days[:30]))
    assert any(before.name != after.name for before, after in pairs)
    assert any(before.description != after.description for before, after in pairs)
    assert any(before.image != after.image for before, after in pairs)
    kept = [([r for r in a.rows if r in b.rows], [r for r in b.rows if r in a.rows]) for a, b in pairs if a != b]
    assert any(earlier != later for earlier, later in kept)


def test_the_catalogue_goes_on_changing_for_years(catalogue: DemoCatalogue) -> None:
    later = [catalogue.playlists_on(FIRST_DAY + timedelta(days=1500 + number)) for number in range(8)]
    assert sum(before != after for before, after in changes(later)) > 20


def test_songs_come_back_after_they_went(days: list[Day]) -> None:
    gone: Counter[tuple[str, str]] = Counter()
    back: Counter[tuple[str, str]] = Counter()
    for before, after in changes(days[:30]):
        gone.update((after.id, uri) for uri in uris(before) - uris(after))
        back.update((after.id, uri) for uri in uris(after) - uris(before) if (after.id, uri) in gone)
    assert back.total() > 10


def test_new_rows_were_added_on_their_day_by_somebody_who_may(days: list[Day]) -> None:
    for number, (before, after) in enumerate(itertools.pairwise(days[:30]), start=1):
        day = FIRST_DAY + timedelta(days=number)
        earlier = {row for playlist in before for row in playlist.rows}
        for playlist in after:
            new = [row for row in playlist.rows if row not in earlier]
            assert all(row.added_at.startswith(day.isoformat()) for row in new)
            assert all(row.added_by == playlist.owner.id for row in new if not playlist.is_collaborative)


def test_several_people_add_to_the_collaborative_playlist(days: list[Day]) -> None:
    shared = next(playlist for playlist in days[0] if playlist.is_collaborative)
    assert len({row.added_by for row in shared.rows}) > 2


def test_every_odd_kind_of_row_occurs(first_rows: list[Row]) -> None:
    contents = [row.content for row in first_rows]
    assert None in contents
    assert any(isinstance(content, LocalFile) for content in contents)
    assert any(isinstance(content, Episode) for content in contents)
    assert any(isinstance(content, Track) and not content.is_playable for content in contents)
    undated = [row for row in first_rows if row.added_at == "1970-01-01T00:00:00Z"]
    assert undated
    assert {row.added_by for row in undated} == {""}


def test_some_tracks_are_twice_in_a_playlist(days: list[Day]) -> None:
    assert any(max(uris(playlist).values()) > 1 for playlist in days[0])


def test_the_uri_of_a_local_file_escapes_its_tags() -> None:
    file = LocalFile("Simon & Co", "", "Why? (live)", 41)
    assert file.uri == "spotify:local:Simon+%26+Co::Why%3F+%28live%29:41"


def test_dice_sample_without_repetition_and_keep_to_their_bounds() -> None:
    dice = Dice("a seed", 1)
    assert sorted(dice.sample(range(10), 99)) == list(range(10))
    assert {dice.between(3, 5) for _ in range(200)} == {3, 4, 5}
    assert {dice.below(2) for _ in range(200)} == {0, 1}
