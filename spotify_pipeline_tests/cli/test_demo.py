"""`spotify-pipeline demo`, and what can be done with the folder that it makes."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from spotify_pipeline.demo.backends import Demo
from spotify_pipeline_tests.cli.conftest import Run

TODAY = datetime.now(UTC).date()


@pytest.fixture
def demo(run: Run) -> str:
    """Two days of the demo; what was printed."""
    outcome = run("demo", "--days", "2")
    assert outcome.code == 0, outcome.err
    return outcome.out


def test_the_demo_makes_days_of_history_says_where_to_look_and_marks_its_folder(
    demo: str, data_dir: Path, working_dir: Path
) -> None:
    assert "playlist_items" in demo
    assert demo.count(" query --name ") == 3
    assert str(data_dir / "catalog.duckdb") in demo
    assert "make dev" in demo
    with duckdb.connect(data_dir / "catalog.duckdb", read_only=True) as catalog:
        days = catalog.execute("SELECT DISTINCT snapshot_date FROM playlist_items ORDER BY 1").fetchall()
    assert days == [(TODAY - timedelta(days=1),), (TODAY,)]
    assert not list(working_dir.iterdir())
    marker = json.loads((data_dir / "demo.json").read_text())
    assert marker == {"first_day": str(TODAY - timedelta(days=1)), "seed": 2026}  # what its history is made from
    assert set(marker) == set(Demo.__struct_fields__)


def test_the_history_of_the_demo_is_queried_and_goes_on(
    demo: str, run: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = run("query", "--format", "json", "SELECT status, count(*) AS n FROM coverage GROUP BY 1 ORDER BY 1")
    assert {row["status"] for row in json.loads(answer.out)} == {"observed", "restricted", "unchanged"}

    changes = json.loads(run("query", "--format", "json", "--name", "what_changed").out)
    _, _, *rows, count = demo.partition("--name what_changed):\n\n")[2].partition("\n\n")[0].splitlines()
    assert len(rows) == min(len(changes), 10)
    assert count == (f"10 rows and {len(changes) - 10} more" if len(changes) > 10 else f"{len(changes)} rows")

    again = run("demo", "--days", "2")  # all days are there already
    assert again.code == 0
    assert again.out == demo

    today = run("run")  # the stand-in is there for today, without credentials
    assert today.code == 0, today.err
    assert f"{TODAY}: 12 playlists" in today.out
    assert "1 more are listed, but Spotify does not tell" in today.out

    longer = run("demo", "--days", "3")
    assert (longer.code, longer.out) == (1, "")
    assert f"begins on {TODAY - timedelta(days=1)}" in longer.err

    monkeypatch.setenv("SPOTIPY_CLIENT_ID", "my-own-app")
    monkeypatch.setenv("SPOTIPY_CLIENT_SECRET", "secret")
    mixed = run("run")
    assert mixed.code == 1
    assert "holds the demo's invented history" in mixed.err


def test_the_demo_is_not_mixed_into_a_real_history(run: Run, data_dir: Path) -> None:
    day = data_dir / "raw" / "playlists" / "snapshot_date=2026-01-01"
    day.mkdir(parents=True)
    (day / "_manifest.json").write_text("{}")
    outcome = run("demo", "--days", "1")
    assert outcome.code == 1
    assert "already holds a history that is not the demo's" in outcome.err


def test_a_damaged_mark_is_named(run: Run, data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "demo.json").write_text("{")
    outcome = run("run")
    assert outcome.code == 1
    assert f"Cannot read {data_dir / 'demo.json'}" in outcome.err


def test_a_demo_s_folder_does_not_send_invented_days_to_aws(
    run: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir.mkdir()
    (data_dir / "demo.json").write_text(json.dumps({"first_day": str(TODAY), "seed": 1}))
    monkeypatch.setenv("SPOTIFY_PIPELINE_TARGET", "aws")
    monkeypatch.setenv("SPOTIFY_PIPELINE_RAW_BUCKET", "my-raw")
    monkeypatch.setenv("SPOTIFY_PIPELINE_TABLES_BUCKET", "my-tables")
    outcome = run("demo", "--days", "1")
    assert outcome.code == 1
    assert "The demo is for a folder, and SPOTIFY_PIPELINE_TARGET is aws" in outcome.err
