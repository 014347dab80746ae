"""Five days of a real archive, and every capture, from Spotify to SQL: row for row what was served.

It is in development mode here; test_replayed_history.py has thirty days in extended mode.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.steps.extract import extract_day
from spotify_pipeline.steps.publish import publish_day
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.conftest import FIRST_ARCHIVE_DAY

DAYS = [FIRST_ARCHIVE_DAY + timedelta(days=number) for number in range(5)]


def run_day(backends: Backends, day: date) -> None:
    backends.raw.commit(extract_day(backends, day))
    transform_day(backends, backends.raw.open_day(day))
    publish_day(backends, day)


def served(server: Any, day: date) -> Counter[tuple[Any, ...]]:
    """The rows that `playlist_items` must have, from what the server knows."""
    rows: Counter[tuple[Any, ...]] = Counter()
    for row in server.expected(day.isoformat()):
        item_type = "unavailable" if row.uri is None else "local" if row.is_local else row.type
        key = row.uri or f"unavailable:{row.position}"
        rows[row.playlist_id, row.position, item_type, key, row.track_id if item_type == "track" else None] += 1
    return rows


def published(backends: Backends, day: date) -> Counter[tuple[Any, ...]]:
    sql = "SELECT playlist_id, position, item_type, item_key, track_id FROM playlist_items WHERE snapshot_date = ?"
    with duckdb.connect(backends.duckdb_file, read_only=True) as catalog:
        return Counter(catalog.execute(sql, [day]).fetchall())


def run_and_check(server: Any, backends: Backends, day: date) -> None:
    """Run a day: it is published row for row, and unchanged playlists have cost no call."""
    server.set_date(day.isoformat())
    server.clear_log()
    run_day(backends, day)
    assert published(backends, day) == served(server, day)

    asked = {path.split("?")[0].split("/")[3] for _, path in server.log()["requests"] if "/v1/playlists/" in path}
    manifest = backends.raw.open_day(day).manifest
    unchanged = {row.playlist_id for row in manifest.playlists if row.requests == 0}
    assert not asked & unchanged
    assert manifest.counts()["failed"] == 0
    assert bool(manifest.counts()["unchanged"]) is (day != DAYS[0])


@pytest.mark.no_cover
def test_five_days_are_published_row_for_row_and_unchanged_playlists_cost_no_call(
    replay: Callable[..., Any], replay_library: Any, backends_for: Callable[..., Backends]
) -> None:
    owned = [playlist_id for number, playlist_id in enumerate(sorted(replay_library.meta)) if number % 17]
    server = replay(mode="development", owned=owned)
    for day in DAYS:
        backends = backends_for(server.url, day)
        run_and_check(server, backends, day)
    for day in DAYS:  # the days before are still as they were
        assert published(backends, day) == served(server, day)


def test_a_day_run_twice_changes_no_file_of_any_table(
    replay: Callable[..., Any], backends_for: Callable[..., Backends]
) -> None:
    server = replay(mode="development", owned="all")
    backends = backends_for(server.url)
    run_day(backends, DAYS[0])
    before = {name: backends.tables.read(name, DAYS[0]) for name in TABLES}
    server.clear_log()
    run_day(backends, DAYS[0])
    assert set(server.log()["families"]) == {"my_playlists"}  # the token is remembered
    for name, frame in before.items():
        assert backends.tables.read(name, DAYS[0]).equals(frame)
