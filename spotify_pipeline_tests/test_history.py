"""Events over days on which not everything could be read."""

import gzip
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from spotify_pipeline.spotify.manifest import Coverage, Status
from spotify_pipeline.steps.publish import publish_day
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline_tests.fake_backends import FakeBackends
from spotify_pipeline_tests.spotify.fake_spotify import FakePlaylist, FakeSpotify, error, playlist_id

DAYS = [date(2026, 1, 2) + timedelta(days=number) for number in range(4)]
ID, OTHER = playlist_id(1), playlist_id(2)  # the other one can always be read, so that there is a day

Run = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def fake() -> FakeSpotify:
    return FakeSpotify([FakePlaylist(ID, length=3), FakePlaylist(OTHER)])


@pytest.fixture
def run(fake: FakeSpotify, tmp_path: Path) -> Run:
    """`run(day)`: extract, transform and publish a day; gives its events."""

    def events(day: date, status: Status = Status.OBSERVED, *, published: bool = True) -> list[dict[str, Any]]:
        backends = FakeBackends(fake, tmp_path / "data", day, SPOTIFY_PIPELINE_PLAYLISTS=f"{ID},{OTHER}")
        assert backends.extract().by_id()[ID].status == status
        transform_day(backends, backends.raw.open_day(day))
        if published:
            publish_day(backends, day)
        return backends.tables.read("playlist_events", day).to_dicts()

    return events


def grow(fake: FakeSpotify, items: int = 1) -> None:
    playlist = fake.playlists[0]
    playlist.length += items
    playlist.snapshot_id += "+"


def test_the_first_day_has_no_events(run: Run) -> None:
    assert run(DAYS[0]) == []


def test_the_next_day_is_compared_with_it(run: Run, fake: FakeSpotify) -> None:
    run(DAYS[0])
    grow(fake)
    (event,) = run(DAYS[1])
    assert (event["event"], event["position"], event["event_number"]) == ("added", 3, 0)
    assert (event["previous_snapshot_date"], event["gap_days"]) == (DAYS[0], 1)


def test_an_unchanged_day_has_no_events_and_is_what_the_next_is_compared_with(run: Run, fake: FakeSpotify) -> None:
    run(DAYS[0])
    assert run(DAYS[1], Status.UNCHANGED) == []
    grow(fake)
    (event,) = run(DAYS[2])
    assert (event["previous_snapshot_date"], event["gap_days"]) == (DAYS[1], 1)


def fail(fake: FakeSpotify) -> None:
    fake.on(f"playlists/{ID}", lambda _: error(403, "Forbidden"))


def restrict(fake: FakeSpotify) -> None:
    fake.playlists[0].readable = False


def hide(fake: FakeSpotify) -> None:
    fake.on(f"playlists/{ID}", lambda _: error(404, "Resource not found"))


@pytest.mark.parametrize(
    ("hinder", "status"), [(fail, Status.FAILED), (restrict, Status.RESTRICTED), (hide, Status.NOT_FOUND)]
)
def test_a_day_that_could_not_be_read_has_no_events_and_is_passed_over(
    hinder: Callable[[FakeSpotify], None], status: Status, run: Run, fake: FakeSpotify
) -> None:
    run(DAYS[0])
    grow(fake)
    hinder(fake)
    assert run(DAYS[1], status) == []
    fake.playlists[0].readable = True
    (event,) = run(DAYS[2])
    assert (event["event"], event["previous_snapshot_date"], event["gap_days"]) == ("added", DAYS[0], 2)


def test_the_first_day_on_which_a_playlist_can_be_read_has_no_events(run: Run, fake: FakeSpotify) -> None:
    restrict(fake)
    run(DAYS[0], Status.RESTRICTED)
    fake.playlists[0].readable = True
    assert run(DAYS[1]) == []
    grow(fake)
    assert len(run(DAYS[2])) == 1


def test_a_day_without_a_run_is_passed_over(run: Run, fake: FakeSpotify) -> None:
    run(DAYS[0])
    grow(fake)
    (event,) = run(DAYS[3])
    assert (event["previous_snapshot_date"], event["gap_days"]) == (DAYS[0], 3)


def test_a_day_that_is_held_back_is_passed_over(run: Run, fake: FakeSpotify) -> None:
    run(DAYS[0])
    grow(fake, -2)  # such as a failure of Spotify's would look
    assert len(run(DAYS[1], published=False)) == 2
    grow(fake, 3)
    (event,) = run(DAYS[2])
    assert (event["event"], event["previous_snapshot_date"], event["gap_days"]) == ("added", DAYS[0], 2)


def test_a_day_that_is_unchanged_since_one_that_is_held_back_is_compared_with_what_is_shown(
    run: Run, fake: FakeSpotify
) -> None:
    run(DAYS[0])
    grow(fake, -2)
    run(DAYS[1], published=False)
    events = run(DAYS[2], Status.UNCHANGED, published=False)
    assert [(event["event"], event["previous_snapshot_date"], event["gap_days"]) for event in events] == [
        ("removed", DAYS[0], 2)
    ] * 2


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(gzip.compress(b"no playlist"))])
def test_where_the_earlier_document_is_gone_an_older_one_is_compared_with(
    spoil: Callable[[Path], object], run: Run, fake: FakeSpotify, tmp_path: Path
) -> None:
    run(DAYS[0])
    grow(fake)
    run(DAYS[1])
    spoil(tmp_path / "data" / "raw" / "playlists" / f"snapshot_date={DAYS[1]}" / f"{ID}.json.gz")
    grow(fake)
    events = run(DAYS[2])
    assert [(event["event"], event["position"]) for event in events] == [("added", 3), ("added", 4)]
    assert {(event["previous_snapshot_date"], event["gap_days"]) for event in events} == {(DAYS[0], 2)}


def test_where_no_earlier_document_is_left_history_begins_anew(run: Run, fake: FakeSpotify, tmp_path: Path) -> None:
    run(DAYS[0])
    (tmp_path / "data" / "raw" / "playlists" / f"snapshot_date={DAYS[0]}" / f"{ID}.json.gz").unlink()
    grow(fake)
    assert run(DAYS[1]) == []


def test_a_day_made_again_has_the_same_events(run: Run, fake: FakeSpotify) -> None:
    run(DAYS[0])
    grow(fake)
    assert run(DAYS[1]) == run(DAYS[1])


def test_what_was_read_here_is_not_taken_for_what_another_machine_has_read_on_the_same_day(
    fake: FakeSpotify, tmp_path: Path
) -> None:
    def extract(machine: str, day: date) -> Coverage:
        backends = FakeBackends(fake, tmp_path / machine, day, SPOTIFY_PIPELINE_PLAYLISTS=f"{ID},{OTHER}")
        return backends.extract().by_id()[ID]

    extract("here", DAYS[0])
    grow(fake)
    extract("there", DAYS[0])
    fail(fake)
    assert extract("there", DAYS[1]).status is Status.FAILED
    folder = f"raw/playlists/snapshot_date={DAYS[1]}"
    shutil.copytree(tmp_path / "there" / folder, tmp_path / "here" / folder)
    fake.as_usual()
    row = extract("here", DAYS[2])
    assert (row.status, row.items_read) == (Status.OBSERVED, 4)
