"""A run that is killed at any moment: the catalog shows whole days, and the next run only does what is left."""

import random
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.settings import Settings
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.faults.library import FIRST_DAY, PLAYLISTS, SECOND_DAY
from spotify_pipeline_tests.faults.processes import COMMAND, TODAY, environment
from spotify_pipeline_tests.faults.runs import Runs
from spotify_pipeline_tests.faults.scenarios import MODES
from spotify_pipeline_tests.test_replayed_days import published, served

_OF_STEPS, _OF_COMMAND = 48, 2  # moments; the command takes long to start, and shows that Dagster goes on as well
_COMMAND_SECONDS = 1.0  # that it takes after its first request
_SLOWLY = {"match": "^/v1/", "kind": "slow", "seconds": 0.03, "times": -1}  # else there is little to interrupt
_TRIALS = 20

Tables = dict[str, list[tuple[Any, ...]]]
FirstDayDone = Callable[[str], Runs]
_undisturbed: dict[str, tuple[float, Tables]] = {}


@pytest.fixture
def first_day_done(
    small_replay: Callable[[str], Any], settings_for: Callable[..., Settings], tmp_path: Path
) -> FirstDayDone:
    """A mode's server, a little slow, and a data folder in which the first day is published."""
    numbers = count()

    def make(mode: str) -> Runs:
        folder = str(tmp_path / f"data-{next(numbers)}")
        runs = Runs(small_replay(mode), partial(settings_for, SPOTIFY_PIPELINE_DATA_DIR=folder))
        runs.run(FIRST_DAY)
        runs.server.set_date(SECOND_DAY.isoformat())
        runs.server.set_faults([_SLOWLY])
        runs.server.clear_log()
        return runs

    return make


class Started(subprocess.Popen[str]):
    """A process that runs the second day."""

    def __init__(self, command: Sequence[str], settings: Settings) -> None:
        pipe = subprocess.PIPE
        super().__init__(command, env=environment(settings), cwd=settings.data_dir, stdout=pipe, stderr=pipe, text=True)

    def wait_for_begin(self) -> None:
        """Wait until everything is imported."""
        assert self.stdout
        assert self.stdout.readline() == "begins\n"

    def wait_for_request(self, server: Any) -> None:
        while not server.log()["requests"]:
            assert self.poll() is None
            time.sleep(0.01)

    def finish(self) -> None:
        _, errors = self.communicate(timeout=60)
        assert self.returncode == 0, errors

    def is_killed_after(self, seconds: float) -> bool:
        """Kill it then, and tell whether it was still running."""
        time.sleep(seconds)
        self.kill()
        self.communicate()
        return self.returncode == -signal.SIGKILL


def undisturbed(mode: str, first_day_done: FirstDayDone) -> tuple[float, Tables]:
    """How long the second day takes, and the tables that it gives."""
    if mode not in _undisturbed:
        backends = first_day_done(mode).backends(SECOND_DAY)
        with Started([*TODAY, "run"], backends.settings) as process:
            process.wait_for_begin()
            begun = time.monotonic()
            process.finish()
        _undisturbed[mode] = time.monotonic() - begun, tables_of(backends)
    return _undisturbed[mode]


def tables_of(backends: Backends) -> Tables:
    """All rows of all days, but for the columns that tell how they were had."""
    with duckdb.connect(backends.duckdb_file, read_only=True) as catalog:
        rows = "SELECT COLUMNS(lambda name: name NOT IN ('fetched_at', 'requests')) FROM"
        return {name: catalog.execute(f"{rows} {name} ORDER BY ALL").fetchall() for name in TABLES}


def require_whole_days(runs: Runs) -> None:
    backends = runs.backends(SECOND_DAY)
    with duckdb.connect(backends.duckdb_file, read_only=True) as catalog:
        days = {day for (day,) in catalog.execute("SELECT DISTINCT snapshot_date FROM coverage").fetchall()}
    assert FIRST_DAY in days
    for day in (FIRST_DAY, SECOND_DAY):
        assert published(backends, day) == (served(runs.server, day) if day in days else {})


def read_whole(settings: Settings) -> set[str]:
    """The playlists of which the second day has all, and knows it."""
    raw, day = settings.data_dir / "raw", f"playlists/snapshot_date={SECOND_DAY}"
    if any((raw / place / "_manifest.json").exists() for place in (day, f"_staged/{day}")):
        return set(PLAYLISTS)
    rows = [row for place in (f"_staged/{day}", "_pending/playlists") for row in (raw / place).glob("*.row.json")]
    documents = [row.with_name(row.name.replace(".row.json", ".json.gz")) for row in rows]
    return {document.name.removesuffix(".json.gz") for document in documents if document.exists()}


@pytest.mark.parametrize("number", range(_OF_STEPS))
def test_what_a_killed_run_has_read_is_not_asked_for_again(number: int, first_day_done: FirstDayDone) -> None:
    mode = MODES[number % len(MODES)]
    seconds, tables = undisturbed(mode, first_day_done)
    for _ in range(_TRIALS):  # where it was faster than the undisturbed one, there was nothing to kill
        runs, moment = first_day_done(mode), random.uniform(0, seconds)  # noqa: S311  # no secret
        settings = runs.backends(SECOND_DAY).settings
        with Started([*TODAY, "run"], settings) as process:
            process.wait_for_begin()
            is_killed = process.is_killed_after(moment)
        print(f"after {moment:.3f} of {seconds:.3f} s: {is_killed=}")  # noqa: T201  # shown where the test fails
        if is_killed:
            break
    assert is_killed

    require_whole_days(runs)
    known = read_whole(settings)
    runs.server.set_faults([])
    asked = {path.split("/")[3].split("?")[0] for path in runs.run(SECOND_DAY) if path.startswith("/v1/playlists/")}
    assert not asked & known
    assert tables_of(runs.backends(SECOND_DAY)) == tables


@pytest.mark.parametrize("number", range(_OF_COMMAND))
def test_the_command_goes_on_where_it_was_killed(number: int, first_day_done: FirstDayDone) -> None:
    mode = MODES[number % len(MODES)]
    _, tables = undisturbed(mode, first_day_done)
    for _ in range(_TRIALS):
        runs, moment = first_day_done(mode), random.uniform(0, _COMMAND_SECONDS)  # noqa: S311
        settings = runs.backends(SECOND_DAY).settings
        with Started([COMMAND, "run"], settings) as process:
            process.wait_for_request(runs.server)
            is_killed = process.is_killed_after(moment)
        print(f"after {moment:.3f} s: {is_killed=}")  # noqa: T201
        if is_killed:
            break
    assert is_killed

    require_whole_days(runs)
    with Started([COMMAND, "run"], settings) as process:
        process.finish()
    assert tables_of(runs.backends(SECOND_DAY)) == tables
