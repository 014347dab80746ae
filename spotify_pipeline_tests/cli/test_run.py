"""`spotify-pipeline run` against the stand-in for Spotify, configured as for a real one."""

import gzip
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline_tests.cli.conftest import SECRETS, Run

DAY = date(2026, 10, 5)


@pytest.fixture
def server(name_spotify: Callable[[str, str], None]) -> Iterator[DemoServer]:
    """A Spotify of the first days of October, that the settings name."""
    with DemoServer(DemoCatalogue(), day=DAY) as server:
        name_spotify(server.url, DAY.isoformat())
        yield server


def test_a_day_is_published_and_told_in_two_lines(
    server: DemoServer, run: Run, data_dir: Path, working_dir: Path
) -> None:
    outcome = run("run")
    assert outcome.code == 0, outcome.err
    assert "2026-10-05: 12 playlists (11 observed, 1 restricted)" in outcome.out
    assert f"Published in {data_dir / 'catalog.duckdb'}" in outcome.out
    assert "2026-10-05: 12 of 12" in outcome.err
    assert not list(working_dir.iterdir())


@pytest.mark.no_cover
def test_no_secret_is_written_anywhere(server: DemoServer, run: Run, data_dir: Path) -> None:
    outcome = run("--verbose", "run")
    assert outcome.code == 0, outcome.err
    assert "extract_playlists" in outcome.err  # Dagster's log
    written = [outcome.out.encode(), outcome.err.encode(), *(path.read_bytes() for path in data_dir.rglob("*.*"))]
    assert len(written) > 30
    for content in written:
        for secret in SECRETS:
            assert secret.encode() not in content


def test_a_day_is_run_again_from_a_later_step(server: DemoServer, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("run")
    server.set_day(DAY + timedelta(days=1))
    monkeypatch.setenv("SPOTIFY_PIPELINE_TODAY", str(DAY + timedelta(days=1)))
    for step in ("transform", "publish"):
        outcome = run("run", "--from", step, "--date", DAY.isoformat())
        assert outcome.code == 0, outcome.err
        assert "2026-10-05: 12 playlists" in outcome.out


@pytest.mark.no_cover
def test_refresh_reads_everything_again(server: DemoServer, run: Run, data_dir: Path) -> None:
    run("run")
    manifest = data_dir / "raw" / "playlists" / f"snapshot_date={DAY}" / "_manifest.json"
    before = manifest.read_text()
    assert run("run").code == 0
    assert '"requests": 1,' in manifest.read_text()
    assert run("run", "--refresh").code == 0
    assert before.count("fetched_at") == manifest.read_text().count("fetched_at")
    assert '"requests": 1,\n "hidden' not in manifest.read_text()


def test_a_damaged_document_fails_its_playlist_alone_and_is_named(server: DemoServer, run: Run, data_dir: Path) -> None:
    run("run")
    document = min((data_dir / "raw" / "playlists" / f"snapshot_date={DAY}").glob("*.json.gz"))
    document.write_bytes(gzip.compress(b'{"id": "' + document.name[:22].encode() + b'", "name": 7}'))
    outcome = run("run", "--from", "transform", "--date", DAY.isoformat())
    assert outcome.code == 0, outcome.err
    assert f"warning: {document.name[:22]} is failed" in outcome.err
    assert "Expected `str | null`, got `int` - at `$.name`" in outcome.err
    assert (data_dir / "raw" / "_quarantine" / "playlists" / f"snapshot_date={DAY}" / document.name).exists()
    assert run("run").out.startswith("2026-10-05: 12 playlists (11 observed, 1 restricted)")


def test_a_playlist_that_does_not_exist_is_told_beside_the_others(
    server: DemoServer, run: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("run")
    known = min((data_dir / "raw" / "playlists" / f"snapshot_date={DAY}").glob("*.json.gz")).name[:22]
    monkeypatch.setenv("SPOTIFY_PIPELINE_PLAYLISTS", f"https://open.spotify.com/playlist/{'x' * 22}?si=1, {known}")
    outcome = run("run", "--refresh")
    assert outcome.code == 0
    assert f"warning: {'x' * 22} is not_found on 2026-10-05: Spotify answered 404" in outcome.err


def test_only_playlists_that_do_not_exist_fail_the_day(
    server: DemoServer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTIFY_PIPELINE_PLAYLISTS", "x" * 22)
    outcome = run("run")
    assert outcome.code == 1
    assert "none of the 1 playlists could be read" in outcome.err
    assert f"{'x' * 22} is not_found (Spotify answered 404" in outcome.err
