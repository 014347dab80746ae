"""The whole daily job in AWS: three days of the replayed archive, started as users start them, against an emulator."""

import copy
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterInstance

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.cli import main
from spotify_pipeline.definitions import build_defs
from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline.orchestration.schedules import DAILY_JOB
from spotify_pipeline.query.engine import Answer
from spotify_pipeline.query.named import named_queries
from spotify_pipeline.query.translator import to_duckdb
from spotify_pipeline.settings import load_settings
from spotify_pipeline.steps.versions import Readings, compare
from spotify_pipeline.tables.declarations import TABLES, VIEWS
from spotify_pipeline_tests.aws.conftest import Aws
from spotify_pipeline_tests.aws.emulator import impatience
from spotify_pipeline_tests.cli.conftest import Run
from spotify_pipeline_tests.conftest import FIRST_ARCHIVE_DAY
from spotify_pipeline_tests.test_replayed_days import run_day as run_steps
from spotify_pipeline_tests.test_replayed_days import served

# The emulator's Athena speaks DuckDB's SQL, so that it is asked in that; these mean the same in both.
UNDERSTOOD = frozenset(
    {
        "additions_by_month",
        "collaborative_additions",
        "explicit_share",
        "freshness",
        "genres",
        "local_files",
        "longest_stays",
        "oldest_additions",
        "playlist_directory",
        "playlist_overlap",
        "popularity_spread",
        "restricted_playlists",
        "top_artists",
        "track_history",
        "tracks_of_artist",
        "unavailable_items",
        "what_changed",
    }
)
DEMO_DAY = date(2026, 10, 5)
DAYS = [FIRST_ARCHIVE_DAY + timedelta(days=number) for number in range(3)]


def on_the_command_line() -> None:
    main(["run"])


def from_dagster() -> None:
    backends = choose_backends(load_settings())
    job = build_defs(backends, retry_policy=None).resolve_job_def(DAILY_JOB)
    with DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(partition_key=str(backends.settings.today()), instance=instance)
    assert result.success
    (failed,) = [evaluation for evaluation in result.get_asset_check_evaluations() if not evaluation.passed]
    assert failed.asset_key.to_user_string() == "playlist_report"
    assert "memberships" in (failed.description or "")  # a view, which the emulator does not know


@pytest.fixture
def on(aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str, str, date], Backends]:
    def set_variables(target: str, url: str, day: date) -> Backends:
        """`on("aws", server.url, day)` lets the settings be those of that day."""
        variables = {
            "SPOTIFY_PIPELINE_TARGET": target,
            "SPOTIFY_PIPELINE_DATA_DIR": str(tmp_path / target),
            "SPOTIFY_PIPELINE_RAW_BUCKET": aws.raw_bucket,
            "SPOTIFY_PIPELINE_TABLES_BUCKET": aws.tables_bucket,
            "SPOTIFY_PIPELINE_GLUE_DATABASE": aws.database,
            "SPOTIFY_PIPELINE_ATHENA_WORKGROUP": aws.workgroup,
            "SPOTIFY_PIPELINE_API_URL": f"{url}/v1/",
            "SPOTIFY_PIPELINE_ACCOUNTS_URL": url,
            "SPOTIFY_PIPELINE_START_DATE": str(FIRST_ARCHIVE_DAY),
            "SPOTIFY_PIPELINE_TODAY": str(day),
            "SPOTIPY_CLIENT_ID": "client",
            "SPOTIPY_CLIENT_SECRET": "app-secret",
            "SPOTIFY_REFRESH_TOKEN": "refresh-token",
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return choose_backends(load_settings(), new_patience=impatience)

    return set_variables


# Both execute the same job, so that one of them does with fewer playlists.
@pytest.mark.no_cover
@pytest.mark.parametrize(("run_day", "share"), [(on_the_command_line, 1), (from_dagster, 4)])
def test_three_days_in_aws_answer_as_on_a_laptop(
    run_day: Callable[[], None],
    share: int,
    replay: Callable[..., Any],
    replay_library: Any,
    on: Callable[[str, str, date], Backends],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    working_dir = tmp_path / "work"
    working_dir.mkdir()
    monkeypatch.chdir(working_dir)
    owned = [playlist_id for number, playlist_id in enumerate(sorted(replay_library.meta)) if number % 17]
    server = replay(mode="development", owned=owned)
    server.library = copy.copy(replay_library)
    server.library.meta = dict(sorted(replay_library.meta.items())[::share])
    for day in DAYS:
        server.set_date(day.isoformat())
        run_steps(on("local", server.url, day), day)
        on("aws", server.url, day)
        run_day()
    local, remote = on("local", server.url, DAYS[-1]), on("aws", server.url, DAYS[-1])

    items = "SELECT playlist_id, position, item_type, item_key, track_id FROM playlist_items WHERE snapshot_date = DATE"
    for day in DAYS:
        assert Counter(remote.engine.ask(f"{items} '{day}'").rows) == served(server, day)
    assert remote.catalog.partitions() == {name: set(DAYS) for name in TABLES}
    for name, query in named_queries().items():
        expected = comparable(local.engine.ask(query.sql()))
        sql = with_views(query.sql())
        assert comparable(remote.engine.ask(to_duckdb(sql))) == expected, name
        if name in UNDERSTOOD:
            assert comparable(remote.engine.ask(sql)) == expected, name
    assert remote.engine.ask("SELECT count(*) AS n FROM coverage").scan is not None
    ((changed,),) = remote.engine.ask("SELECT max(playlist_id) AS playlist_id FROM playlist_events").rows
    here, there = (compare(Readings(backends, changed), DAYS[0]).changes for backends in (local, remote))
    assert here == there != []
    assert {path.name for path in (tmp_path / "aws").iterdir()} <= {
        "dagster",
        "spotify_token.json",
        "spotify_token.lock",
    }
    assert not list(working_dir.iterdir())


def with_views(sql: str) -> str:
    """The query with the statements of the views that it asks, for which the emulator does not look in the catalog."""
    asked = [f"{view.name} AS ({view.sql})" for view in VIEWS.values() if re.search(rf"\b{view.name}\b", sql)]
    return f"WITH {', '.join(asked)} SELECT * FROM ({sql})" if asked else sql


def comparable(answer: Answer) -> tuple[list[str], list[tuple[Any, ...]]]:
    """An answer without what only the emulator does otherwise: it has no decimals, and says that times are in UTC."""

    def value(cell: Any) -> Any:
        if isinstance(cell, datetime):
            return cell.replace(tzinfo=None)
        return round(float(cell), 6) if isinstance(cell, Decimal | float) else cell

    return answer.columns, [tuple(map(value, row)) for row in answer.rows]


def test_a_day_that_cannot_be_verified_is_published_with_a_warning(
    on: Callable[[str, str, date], Backends], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with DemoServer(DemoCatalogue(), day=DEMO_DAY) as server:
        backends = on("aws", server.url, DEMO_DAY)
        monkeypatch.setenv("SPOTIFY_PIPELINE_ATHENA_WORKGROUP", "nobody-made-it")
        outcome = run("run")
    assert outcome.code == 0, outcome.err
    assert backends.catalog.partitions() == {name: {DEMO_DAY} for name in TABLES}
    reported, verified = sorted(
        (line for line in outcome.err.splitlines() if line.startswith("warning: the published day")),
        key=lambda line: "catalog.row_counts" in line,
    )
    assert "catalog.row_counts: It cannot be verified: The Athena workgroup nobody-made-it " in verified
    assert "playlist_report.written: There is no new report: The Athena workgroup nobody-made-it " in reported
