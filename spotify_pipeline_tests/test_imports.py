"""Importing history: what becomes of days, of what was read from Spotify, and of an import that is killed."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from spotify_pipeline.errors import DataError, SettingsError
from spotify_pipeline.steps.imports import import_history
from spotify_pipeline.steps.publish import publish_day
from spotify_pipeline.steps.schedule import reason_to_skip
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline.storage.horizon import Horizon
from spotify_pipeline.storage.raw import RawStore
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.fake_backends import FakeBackends
from spotify_pipeline_tests.imports.archives import cumulative, pretty, written
from spotify_pipeline_tests.imports.exports import csv_of, song_id, write_csv
from spotify_pipeline_tests.spotify.fake_spotify import FakePlaylist, FakeSpotify, playlist_id
from spotify_pipeline_tests.storage.crashes import Crash, CrashingSharedStore

TODAY = date(2026, 3, 10)
FIRST = TODAY - timedelta(days=3)
ID = playlist_id(1)
OWN = "imported-mixtape"


@pytest.fixture
def fake() -> FakeSpotify:
    """A Spotify with one playlist of three songs."""
    return FakeSpotify([FakePlaylist(ID, length=3)])


@pytest.fixture
def backends(fake: FakeSpotify, tmp_path: Path) -> FakeBackends:
    """A data folder, on a day of which nothing is read yet."""
    return FakeBackends(fake, tmp_path / "data", TODAY, SPOTIFY_PIPELINE_PLAYLISTS=ID)


def _read_and_publish(backends: FakeBackends) -> None:
    backends.extract()
    _publish(backends, backends.day)


def _publish(backends: FakeBackends, day: date) -> None:
    transform_day(backends, backends.raw.open_day(day))
    publish_day(backends, day)


def _ask(backends: FakeBackends, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in backends.engine.ask(sql).rows]


def _statuses(backends: FakeBackends) -> list[tuple[Any, ...]]:
    return _ask(backends, "SELECT snapshot_date, playlist_id, status FROM coverage ORDER BY snapshot_date, playlist_id")


def _bytes(folder: Path) -> dict[str, bytes]:
    """All that lies in the data folder, but for what only notes when something was done."""
    files = (path for path in folder.rglob("*") if path.is_file() and "_state" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if path.suffix != ".lock"}


def test_a_file_becomes_a_day_with_its_source(backends: FakeBackends, tmp_path: Path) -> None:
    outcome = import_history(backends, write_csv(tmp_path / "Mixtape.csv", [1, 2, 1], FIRST))
    (file,) = outcome.files
    assert (file.accepted, file.refused, file.days, file.kept) == (3, [], {OWN: [FIRST]}, [])
    assert (outcome.written, outcome.made, outcome.failures) == (1, [FIRST], [])
    assert _ask(backends, "SELECT status, reason, observed_date, items_total, items_read, requests FROM coverage") == [
        ("imported", "Exportify CSV Mixtape.csv", FIRST, None, 3, 0)
    ]
    assert _ask(backends, "SELECT position, track_id, name, duration_ms FROM playlist_items ORDER BY position") == [
        (0, song_id(1), "Song 1", None),
        (1, song_id(2), "Song 2", None),
        (2, song_id(1), "Song 1", None),
    ]
    assert _ask(backends, "SELECT artist_id, name FROM artists ORDER BY name")[0] == (song_id(1), "Artist 1")


def test_what_lies_between_imported_days_is_told_by_events_and_stays(backends: FakeBackends, tmp_path: Path) -> None:
    for day, songs in ((FIRST, [1, 2]), (FIRST + timedelta(days=1), [2, 3])):
        write_csv(tmp_path / "days" / str(day) / "Mixtape.csv", songs, day)
    outcome = import_history(backends, tmp_path / "days")
    assert outcome.made == [FIRST, FIRST + timedelta(days=1)]
    assert _ask(backends, "SELECT snapshot_date, event, track_id, gap_days FROM playlist_events ORDER BY event") == [
        (FIRST + timedelta(days=1), "added", song_id(3), 1),
        (FIRST + timedelta(days=1), "removed", song_id(1), 1),
    ]
    stays = _ask(backends, "SELECT item_key, days_min, days_max, is_current FROM memberships ORDER BY item_key")
    assert stays == [
        (f"spotify:track:{song_id(1)}", 1, 1, False),
        (f"spotify:track:{song_id(2)}", 2, 2, True),
        (f"spotify:track:{song_id(3)}", 1, 1, True),
    ]


def test_importing_twice_changes_no_byte(backends: FakeBackends, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "Mixtape.csv", [1, 2], FIRST)
    import_history(backends, file)
    before = _bytes(tmp_path / "data")
    assert before
    again = import_history(backends, file)
    assert (again.written, again.made, again.failures) == (0, [], [])
    assert again.files[0].accepted == 2
    assert _bytes(tmp_path / "data") == before


def test_what_was_read_from_spotify_is_kept(backends: FakeBackends, tmp_path: Path) -> None:
    _read_and_publish(backends)
    before = _bytes(tmp_path / "data")
    outcome = import_history(backends, write_csv(tmp_path / "other.csv", [1, 2], TODAY), playlist=ID)
    assert outcome.files[0].kept == [(ID, TODAY)]
    assert (outcome.written, outcome.made) == (0, [])
    assert _bytes(tmp_path / "data") == before


def test_a_day_without_rows_is_filled_and_the_next_day_still_knows_what_has_not_changed(
    fake: FakeSpotify, tmp_path: Path
) -> None:
    days = [TODAY, TODAY + timedelta(days=1), TODAY + timedelta(days=2)]
    first, second, third = (
        FakeBackends(fake, tmp_path / "data", day, SPOTIFY_PIPELINE_PLAYLISTS="mine") for day in days
    )
    _read_and_publish(first)
    fake.playlists[0].readable, fake.playlists[0].snapshot_id = False, "restricted"
    _read_and_publish(second)
    assert _statuses(second)[-1] == (second.day, ID, "restricted")

    import_history(second, write_csv(tmp_path / "Mixtape.csv", [1, 2], second.day), playlist=ID)
    assert _statuses(second)[-1] == (second.day, ID, "imported")
    fake.playlists[0].readable = True
    _read_and_publish(third)
    assert _statuses(third)[-1] == (third.day, ID, "observed")


def test_a_later_day_is_made_again_because_of_what_is_imported_before_it(
    backends: FakeBackends, tmp_path: Path
) -> None:
    _read_and_publish(backends)
    outcome = import_history(backends, write_csv(tmp_path / "before.csv", [7, 8, 9], FIRST), playlist=ID)
    assert outcome.made == [FIRST, TODAY]
    removed = "SELECT count(*) FROM playlist_events WHERE event = 'removed' AND previous_snapshot_date = date '{}'"
    assert _ask(backends, removed.format(FIRST)) == [(3,)]


def test_an_import_is_no_reason_not_to_read_the_day(backends: FakeBackends, tmp_path: Path) -> None:
    import_history(backends, write_csv(tmp_path / "Mixtape.csv", [1, 2], TODAY))
    import_history(backends, write_csv(tmp_path / "other.csv", [1], TODAY), playlist=ID)
    assert reason_to_skip(backends, TODAY) is None
    _read_and_publish(backends)
    assert reason_to_skip(backends, TODAY) == f"Nothing of {TODAY} is missing."
    assert _statuses(backends) == [(TODAY, ID, "observed"), (TODAY, OWN, "imported")]


def test_a_playlist_of_a_file_alone_is_not_missed_by_later_days(fake: FakeSpotify, tmp_path: Path) -> None:
    today, tomorrow = (FakeBackends(fake, tmp_path / "data", day) for day in (TODAY, TODAY + timedelta(days=1)))
    _read_and_publish(today)
    import_history(today, write_csv(tmp_path / "Mixtape.csv", [1, 2], TODAY))
    _read_and_publish(tomorrow)
    assert _statuses(tomorrow)[-1] == (tomorrow.day, ID, "unchanged")


def test_an_imported_day_between_two_runs_costs_no_request(fake: FakeSpotify, tmp_path: Path) -> None:
    today, later = (FakeBackends(fake, tmp_path / "data", day) for day in (TODAY, TODAY + timedelta(days=2)))
    _read_and_publish(today)
    import_history(later, write_csv(tmp_path / "Mixtape.csv", [1], TODAY + timedelta(days=1)))
    _read_and_publish(later)
    assert _statuses(later)[-1] == (later.day, ID, "unchanged")


def test_what_spotify_says_of_a_song_is_believed_rather_than_what_a_file_says(
    backends: FakeBackends, tmp_path: Path
) -> None:
    _read_and_publish(backends)
    song = _ask(backends, "SELECT track_id, name FROM tracks ORDER BY track_id")[0][0]
    text = csv_of([1]).replace(f"track:{song_id(1)}", f"track:{song}").replace("Song 1", "Wrong name")
    file = tmp_path / "AAA.csv"
    file.write_text(text)
    import_history(backends, file, day=TODAY)
    assert _ask(backends, f"SELECT name FROM tracks WHERE track_id = '{song}'") == [("Song 0",)]
    assert ("Wrong name",) in _ask(backends, "SELECT name FROM playlist_items")


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (date(2024, 12, 31), "it would be of 2024-12-31, but tells of 2025-01-01: give its day with --day"),
        (TODAY + timedelta(days=1), "it would be of 2026-03-11, which is still to come: give its day with --day"),
    ],
)
def test_a_day_that_cannot_be_is_refused(backends: FakeBackends, tmp_path: Path, day: date, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        import_history(backends, write_csv(tmp_path / "Mixtape.csv", [1], day))
    assert import_history(backends, tmp_path / "Mixtape.csv", day=TODAY).made == [TODAY]


def test_days_before_the_first_partition_are_refused_before_anything_is_written(
    backends: FakeBackends, tmp_path: Path
) -> None:
    write_csv(tmp_path / "days" / "new.csv", [1], TODAY)
    write_csv(tmp_path / "days" / "old.csv", [], date(2024, 1, 2))
    with pytest.raises(SettingsError, match="set SPOTIFY_PIPELINE_START_DATE to 2024-01-02 and import again"):
        import_history(backends, tmp_path / "days")
    assert not (tmp_path / "data" / "raw").exists()


def test_a_day_that_loses_most_of_a_playlist_is_held_back_until_it_is_accepted(
    backends: FakeBackends, tmp_path: Path
) -> None:
    second = FIRST + timedelta(days=1)
    for day, songs in ((FIRST, range(8)), (second, [1])):
        write_csv(tmp_path / "days" / str(day) / "Mixtape.csv", list(songs), day)
    outcome = import_history(backends, tmp_path / "days")
    assert outcome.made == [FIRST]
    assert [failure for failure in outcome.failures if "88% fewer" in failure] == outcome.failures
    assert [row[0] for row in _statuses(backends)] == [FIRST]
    accepted = import_history(backends, tmp_path / "days", accept=[OWN])
    assert (accepted.made, accepted.failures) == ([FIRST, second], [])


def test_a_playlist_of_the_history_is_recognised_by_its_name_if_no_other_is_called_so(
    fake: FakeSpotify, tmp_path: Path
) -> None:
    fake.playlists.append(FakePlaylist(playlist_id(2), length=1))
    backends = FakeBackends(fake, tmp_path / "data", TODAY)
    _read_and_publish(backends)
    name = f"Playlist {ID}"
    file = write_csv(tmp_path / f"{name.replace(' ', '_').lower()}.csv", [1], FIRST)
    assert list(import_history(backends, file).files[0].days) == [ID]


def test_a_playlist_of_which_most_was_refused_is_refused_as_a_whole(backends: FakeBackends, tmp_path: Path) -> None:
    file = tmp_path / "Mixtape.csv"
    file.write_text(csv_of([1]) + "nonsense\n" * 2)
    with pytest.raises(DataError, match="2 of its 3 rows were refused: the rest is not the playlist"):
        import_history(backends, file, day=TODAY)


def test_days_that_are_not_kept_are_not_imported(fake: FakeSpotify, tmp_path: Path) -> None:
    variables = {"SPOTIFY_PIPELINE_PLAYLISTS": ID, "SPOTIFY_PIPELINE_RETENTION_DAYS": "2"}
    backends = FakeBackends(fake, tmp_path / "data", TODAY, None, **variables)
    file = write_csv(tmp_path / "Mixtape.csv", [1], FIRST)
    with pytest.raises(DataError, match=f"it is of {FIRST}, and days before 2026-03-08 are not kept"):
        import_history(backends, file)
    assert import_history(backends, file, day=date(2026, 3, 8)).made == [date(2026, 3, 8)]


def test_days_that_were_removed_do_not_come_back(backends: FakeBackends, tmp_path: Path) -> None:
    backends.tables.horizon.save(Horizon(TODAY))
    file = write_csv(tmp_path / "Mixtape.csv", [1], FIRST)
    with pytest.raises(DataError, match=f"it is of {FIRST}, and days before {TODAY} are not kept"):
        import_history(backends, file)


def test_of_two_files_with_the_same_playlist_and_day_the_one_that_holds_more_is_believed(
    backends: FakeBackends, tmp_path: Path
) -> None:
    folder = tmp_path / "playlists"
    for kind, content in (
        ("cumulative", cumulative(ID, [(1, "2020-01-01", None)], date_first_scraped="2020-01-01")),
        ("pretty", pretty(ID, "Hits", [1, 1])),
    ):
        (folder / kind).mkdir(parents=True)
        (folder / kind / f"{ID}.json").write_text(written(content))
    poor, rich = import_history(backends, folder, day=TODAY).files
    assert (poor.accepted, poor.days, [refusal.reason for refusal in poor.refused]) == (
        0,
        {},
        [f"{ID}.json, which holds more, has a {ID} of {TODAY} too"],
    )
    assert (rich.accepted, rich.days, rich.refused) == (2, {ID: [TODAY]}, [])


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Files of two playlists over three days."""
    for number in range(3):
        day = FIRST + timedelta(days=number)
        for name in ("Mixtape", "Other"):
            write_csv(tmp_path / "history" / str(day) / f"{name}.csv", [1, 2, 3 + number], day)
    return tmp_path / "history"


def _crashing(backends: FakeBackends, changes: int) -> None:
    """Let this process end after so many changes of either store."""
    raw, tables = (CrashingSharedStore(store, changes) for store in (backends.raw_objects, backends.table_objects))
    backends.raw, backends.table_objects = RawStore(raw), tables


@pytest.mark.parametrize("changes", [0, 2, 5, 12, 14, 23, 61])
def test_an_import_that_was_killed_is_completed_by_the_next_one(
    changes: int, fake: FakeSpotify, history: Path, tmp_path: Path
) -> None:
    def days_of(folder: str) -> Iterator[FakeBackends]:
        while True:
            yield FakeBackends(fake, tmp_path / folder, TODAY, SPOTIFY_PIPELINE_PLAYLISTS=ID)

    undisturbed, killed = days_of("undisturbed"), days_of("killed")
    import_history(next(undisturbed), history)
    dying = next(killed)
    _crashing(dying, changes)
    with pytest.raises(Crash):
        import_history(dying, history)
    outcome = import_history(next(killed), history)
    assert outcome.failures == []
    assert next(killed).due.load() == {}
    raw = [_bytes(tmp_path / folder / "raw") for folder in ("undisturbed", "killed")]
    assert raw[0] == raw[1]
    assert _published(next(undisturbed)) == _published(next(killed))


def _published(backends: FakeBackends) -> dict[str, list[Any]]:
    days = backends.tables.published_days()
    assert len(days) == 3
    return {name: pl.concat([backends.tables.read_published(name, day) for day in days]).rows() for name in TABLES}


def test_the_row_of_a_replaced_document_is_never_there_without_it(
    backends: FakeBackends, tmp_path: Path, history: Path
) -> None:
    """Whenever it is killed, the day's manifest and its documents agree."""
    import_history(backends, history)
    other = write_csv(tmp_path / "new" / "Mixtape.csv", [7, 8, 9, 10], FIRST)
    for changes in range(3):
        fresh = FakeBackends(backends._fake, tmp_path / "data", TODAY, SPOTIFY_PIPELINE_PLAYLISTS=ID)
        raw = CrashingSharedStore(fresh.raw_objects, changes)
        fresh.raw = RawStore(raw)
        with pytest.raises(Crash):
            import_history(fresh, other)
        day = backends.raw.open_day(FIRST)
        row = day.manifest.by_id().get(OWN)
        expected = {None: None, 3: 3, 4: 4}
        songs = day.document(OWN).count(b'"type":"track"') if row else None
        assert songs == expected[row.items_read if row else None]
        import_history(backends, history)
        assert backends.raw.open_day(FIRST).manifest.by_id()[OWN].items_read == 3
