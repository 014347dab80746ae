"""Whatever Spotify does to a run: it ends, it shows nothing but whole playlists, and the next run makes it good.

How many scenarios passed is told at the end of the session.
"""

import socket
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from spotify_pipeline.settings import Settings
from spotify_pipeline_tests.faults.library import FIRST_DAY, LONG, PLAYLISTS, with_moved_entry
from spotify_pipeline_tests.faults.runs import Ended, Runs, shown, whole
from spotify_pipeline_tests.faults.scenarios import LONGEST_BLOCK_SECONDS, MODES, SCENARIOS, TIMEOUT_SECONDS, Scenario
from spotify_pipeline_tests.test_replayed_days import published, served

pytestmark = pytest.mark.no_cover

_MOST_SECONDS = 30.0
_MOST_TIMES_SENT = 4 + 5 + 1  # one request: its attempts, its waits for the rate limit, and once with a new token

_paths: dict[tuple[str, bool, bool], list[str]] = {}

NewRuns = Callable[..., Runs]


@pytest.fixture
def new_runs(small_replay: Callable[[str], Any], settings_for: Callable[..., Settings], tmp_path: Path) -> NewRuns:
    """Runs of a scenario, in a data folder of their own."""

    def make(scenario: Scenario, folder: str = "data") -> Runs:
        usual = {"SPOTIFY_PIPELINE_DATA_DIR": str(tmp_path / folder)}
        if scenario.named:
            usual["SPOTIFY_PIPELINE_PLAYLISTS"] = ",".join(PLAYLISTS)
        patience = {"timeout": (TIMEOUT_SECONDS, TIMEOUT_SECONDS)} if scenario.hangs else {}
        return Runs(
            small_replay(scenario.mode),
            lambda url, day, **variables: settings_for(url, day, **(usual | variables)),
            **patience,
        )

    return make


def paths_without_faults(scenario: Scenario, new_runs: NewRuns) -> list[str]:
    """What the last day asks for if nothing happens."""
    key = scenario.mode, scenario.second_day, scenario.named
    if key not in _paths:
        runs = new_runs(scenario, "without-faults")
        _paths[key] = [runs.run(day) for day in scenario.days][-1]
    return _paths[key]


def most_requests(scenario: Scenario, without_faults: list[str]) -> int:
    if not scenario.passes:
        return _MOST_TIMES_SENT * len(without_faults)
    longest = max(sum(playlist_id in path for path in without_faults) for playlist_id in PLAYLISTS)
    return len(without_faults) + len(scenario.faults) * (longest + 1)  # it is read again, and its snapshot asked for


def require_end(runs: Runs, ended: Ended, most_requests: int) -> None:
    assert ended.seconds < _MOST_SECONDS
    assert len(ended.paths) <= most_requests
    assert max(runs.clock.waits, default=0) <= runs.backends(FIRST_DAY).settings.longest_wait


def require_recovery(runs: Runs, day: date) -> None:
    """The same day again, with nothing in its way."""
    runs.clock.pass_(LONGEST_BLOCK_SECONDS)
    runs.run(day)
    backends = runs.backends(day)
    assert published(backends, day) == served(runs.server, day)
    assert backends.raw.open_day(day).manifest.counts()["failed"] == 0
    files = [path for path in backends.settings.data_dir.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if {"_staged", "_pending"} & set(path.parts)]


def test_there_are_150_scenarios_or_more() -> None:
    assert len({str(scenario) for scenario in SCENARIOS}) == len(SCENARIOS) >= 150


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_a_run_among_faults_ends_and_shows_whole_playlists_only_and_the_next_one_is_complete(
    scenario: Scenario, new_runs: NewRuns
) -> None:
    without_faults = paths_without_faults(scenario, new_runs)
    runs = new_runs(scenario)
    *earlier_days, day = scenario.days
    for earlier in earlier_days:
        runs.run(earlier)

    ended = runs.run_among_faults(day, [fault.rule(without_faults) for fault in scenario.faults])

    assert any(ended.met)
    require_end(runs, ended, most_requests(scenario, without_faults))
    backends = runs.backends(day)
    rows = shown(backends, day)
    assert rows == whole(backends, runs.server, day)
    assert rows == served(runs.server, day) or not scenario.is_overcome
    require_recovery(runs, day)
    for earlier in earlier_days:
        assert published(backends, earlier) == served(runs.server, earlier)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("page", [1, 2])
@pytest.mark.parametrize("mode", MODES)
def test_a_run_notices_that_an_entry_is_moved_while_pages_are_read(
    mode: str, page: int, named: bool, new_runs: NewRuns
) -> None:
    runs = new_runs(Scenario(mode, (), named=named))
    server, answer = runs.server, runs.server.handle
    left_as_it_is = iter([True] * page)

    def handle(method: str, target: str, *rest: Any) -> Any:
        if f"/playlists/{LONG}" in target and not next(left_as_it_is, False):
            server.library = moved
        return answer(method, target, *rest)

    moved = with_moved_entry(server.library, LONG)
    server.handle = handle
    paths = runs.run(FIRST_DAY)
    assert published(runs.backends(FIRST_DAY), FIRST_DAY) == served(server, FIRST_DAY)
    assert sum(f"/playlists/{LONG}?" in path for path in paths) > 1


@pytest.mark.parametrize("variable", ["SPOTIFY_PIPELINE_API_URL", "SPOTIFY_PIPELINE_ACCOUNTS_URL"])
@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_a_run_that_reaches_nobody_ends_and_the_next_one_is_complete(
    variable: str, host: str, new_runs: NewRuns
) -> None:
    runs = new_runs(Scenario("development", ()))
    with socket.socket() as nobody:  # has the port, but does not listen
        nobody.bind(("127.0.0.1", 0))
        url = f"http://{host}:{nobody.getsockname()[1]}/"
        ended = runs.run_among_faults(FIRST_DAY, [], **{variable: url})
    require_end(runs, ended, most_requests=_MOST_TIMES_SENT)
    assert shown(runs.backends(FIRST_DAY), FIRST_DAY) == {}
    require_recovery(runs, FIRST_DAY)
