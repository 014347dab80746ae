"""Runs with a limited time: what is complete is kept, and those that follow make the same day as one without limit."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_pipeline.spotify.errors import OutOfTimeError
from spotify_pipeline.spotify.manifest import Manifest, Status
from spotify_pipeline.spotify.patience import Patience
from spotify_pipeline.steps.extract import extract_day
from spotify_pipeline_tests.fake_backends import FakeBackends
from spotify_pipeline_tests.spotify.fake_clock import FakeClock
from spotify_pipeline_tests.spotify.fake_spotify import FakePlaylist, FakeSpotify, error, playlist_id

DAY = date(2026, 1, 2)
IDS = [playlist_id(number) for number in range(1, 9)]
NAMED = {"SPOTIFY_PIPELINE_PLAYLISTS": ",".join(IDS)}
EVERYTHING = 10_000

Limited = Callable[..., FakeBackends]


def slow_spotify(lengths: list[int]) -> tuple[FakeSpotify, FakeClock]:
    """A Spotify that takes a second for each answer, and the clock that tells so."""
    fake, clock = (
        FakeSpotify([FakePlaylist(id_, length) for id_, length in zip(IDS, lengths, strict=False)]),
        FakeClock(),
    )
    fake.on(".*", lambda _: clock.pass_(1), times=EVERYTHING)
    return fake, clock


def limited(
    fake: FakeSpotify, clock: FakeClock, folder: Path, seconds: float | None, variables: dict[str, str]
) -> FakeBackends:
    """The backends of a run that has so many seconds from now on."""
    backends = FakeBackends(fake, folder, DAY, **variables)
    deadline = None if seconds is None else clock.now() + timedelta(seconds=seconds)
    usual = clock.patience()
    backends.new_patience = lambda tell: Patience(usual.clock, tell, deadline=deadline)
    return backends


@pytest.fixture
def run_for(tmp_path: Path) -> Limited:
    fake, clock = slow_spotify([3] * len(IDS))
    return lambda seconds, **variables: limited(fake, clock, tmp_path, seconds, variables)


def statuses(manifest: Manifest) -> list[Status]:
    return [row.status for row in manifest.playlists]


def test_what_is_complete_when_the_time_is_up_is_kept_and_the_rest_failed(run_for: Limited) -> None:
    manifest = run_for(6, **NAMED).extract()
    assert manifest.out_of_time
    assert manifest.stopped == "The time for this run is up: what is missing is read when the day is run again."
    assert Status.OBSERVED in statuses(manifest)
    assert {row.reason for row in manifest.playlists if row.status is Status.FAILED} == {manifest.stopped}


def test_the_next_run_asks_only_for_the_rest(run_for: Limited) -> None:
    first = run_for(6, **NAMED).extract()
    second = run_for(None, **NAMED).extract()
    assert not second.out_of_time
    assert statuses(second) == [Status.OBSERVED] * len(IDS)
    assert second.requests == statuses(first).count(Status.FAILED)


def test_a_run_without_time_for_anything_says_so(run_for: Limited) -> None:
    with pytest.raises(OutOfTimeError, match="The time for this run is up"):
        run_for(1.5).extract()


def test_a_wait_that_would_last_beyond_the_deadline_is_not_begun(tmp_path: Path) -> None:
    fake, clock = slow_spotify([3])
    fake.on("playlists/.*", lambda _: error(429, "Too many requests", Retry_After="100"))
    backends = limited(fake, clock, tmp_path, 60, {"SPOTIFY_PIPELINE_PLAYLISTS": IDS[0]})
    with pytest.raises(OutOfTimeError):
        backends.extract()
    assert clock.now() < datetime(2026, 1, 2, 5, 1, tzinfo=UTC)


def test_losses_are_accepted_by_the_run_that_ends_the_day(run_for: Limited) -> None:
    assert not any(row.accepted for row in run_for(6, **NAMED).extract(accept=IDS[-1]).playlists)
    assert run_for(None, **NAMED).extract(accept=IDS[-1]).by_id()[IDS[-1]].accepted


def test_a_refresh_that_is_gone_on_with_reads_nothing_twice(tmp_path: Path) -> None:
    fake, clock = slow_spotify([3] * len(IDS))
    limited(fake, clock, tmp_path, None, NAMED).extract()
    began = datetime.now(UTC)
    requests = 0
    for _ in range(len(IDS)):
        backends = limited(fake, clock, tmp_path, 6, NAMED)
        manifest = extract_day(backends, DAY, refresh=True, since=began)
        backends.raw.commit(manifest)
        requests += manifest.requests
        if not manifest.out_of_time:
            break
    assert not manifest.out_of_time
    assert all(row.fetched_at and row.fetched_at >= began for row in manifest.playlists)
    assert len(IDS) <= requests < 2 * len(IDS)


def whole_day(
    lengths: list[int], seconds: float | None, variables: dict[str, str], *, refresh: bool
) -> dict[str, bytes]:
    """The documents of a day, by playlist, that is run again and again until it is done."""
    fake, clock = slow_spotify(lengths)
    with TemporaryDirectory() as folder:
        if refresh:
            limited(fake, clock, Path(folder), None, variables).extract()
        began = datetime.now(UTC)
        for _ in range(60):
            backends = limited(fake, clock, Path(folder), seconds, variables)
            try:
                manifest = extract_day(backends, DAY, refresh=refresh, since=began)
            except OutOfTimeError:  # everything that was read waits to be confirmed
                continue
            backends.raw.commit(manifest)
            if not manifest.out_of_time:
                assert not backends.raw.pending()
                assert set(statuses(manifest)) == {Status.OBSERVED}
                return dict(backends.raw.open_day(DAY))
    pytest.fail("The day does not come to an end.")


@given(
    lengths=st.lists(st.integers(1, 230), min_size=1, max_size=len(IDS)),
    # Enough for four long playlists at once: what a run has read of a playlist is lost where it cannot end it.
    seconds=st.integers(25, 80),
    is_named=st.booleans(),
    refresh=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_runs_with_little_time_make_the_same_day_as_one_with_enough(
    lengths: list[int], seconds: int, is_named: bool, refresh: bool
) -> None:
    variables = {"SPOTIFY_PIPELINE_PLAYLISTS": ",".join(IDS[: len(lengths)])} if is_named else {}
    assert whole_day(lengths, seconds, variables, refresh=refresh) == whole_day(
        lengths, None, variables, refresh=refresh
    )
