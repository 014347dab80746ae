"""Days that are run against a replay server, in one data folder, by a clock that goes when somebody waits."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any, NamedTuple

import duckdb

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.errors import DataError, SpotifyError
from spotify_pipeline.settings import Settings
from spotify_pipeline_tests.spotify.fake_clock import FakeClock
from spotify_pipeline_tests.test_replayed_days import published, run_day, served

_HAVE_ROWS = "SELECT playlist_id FROM coverage WHERE snapshot_date = ? AND status IN ('observed', 'unchanged')"


class Ended(NamedTuple):
    """What a run took, and which faults it met."""

    seconds: float
    paths: list[str]
    met: list[bool]


class Runs:
    """The runs in one data folder."""

    def __init__(self, server: Any, settings_for: Callable[..., Settings], **patience: tuple[float, float]) -> None:
        self.server, self.clock = server, FakeClock()
        self._settings_for, self._patience = settings_for, patience

    def backends(self, day: date, **variables: str) -> Backends:
        return choose_backends(
            self._settings_for(self.server.url, day, **variables),
            new_patience=lambda tell: self.clock.patience(tell, **self._patience),
        )

    def run(self, day: date) -> list[str]:
        """Run a day to its end, and return the paths that were asked for."""
        self._turn_to(day)
        run_day(self.backends(day), day)
        return self._paths()

    def run_among_faults(self, day: date, rules: Sequence[Mapping[str, Any]], **variables: str) -> Ended:
        """Run a day to whatever end; then no more faults happen."""
        self._turn_to(day)
        self.server.set_faults(rules)
        begun = time.monotonic()
        with suppress(SpotifyError, DataError):
            run_day(self.backends(day, **variables), day)
        seconds = time.monotonic() - begun
        met = [rule["seen"] > rule["after"] for rule in self.server._faults]
        self.server.set_faults([])
        return Ended(seconds, self._paths(), met)

    def _turn_to(self, day: date) -> None:
        if self.server.day != day.isoformat():  # else what was edited would be as before
            self.server.set_date(day.isoformat())
        self.server.clear_log()

    def _paths(self) -> list[str]:
        return [path for _, path in self.server.log()["requests"]]


def shown(backends: Backends, day: date) -> Counter[tuple[Any, ...]]:
    """As `published`, also where nothing has been published yet."""
    return published(backends, day) if backends.duckdb_file.exists() else Counter()


def whole(backends: Backends, server: Any, day: date) -> Counter[tuple[Any, ...]]:
    """What may be shown: of each playlist that the catalog says it has all rows that are served, and no other row."""
    if not backends.duckdb_file.exists():
        return Counter()
    with duckdb.connect(backends.duckdb_file, read_only=True) as catalog:
        have_rows = {playlist_id for (playlist_id,) in catalog.execute(_HAVE_ROWS, [day]).fetchall()}
    return Counter({row: count for row, count in served(server, day).items() if row[0] in have_rows})
