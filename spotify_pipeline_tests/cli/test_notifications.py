"""`spotify-pipeline run` without anybody looking: somebody is told."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline_tests.cli.conftest import Run
from spotify_pipeline_tests.notifications.conftest import webhook  # noqa: F401  # a fixture
from spotify_pipeline_tests.notifications.webhook import SECRET_PATH, FakeWebhook

DAY = date(2026, 10, 5)


def test_a_run_tells_what_is_missing_and_what_has_come_and_the_address_is_written_nowhere(
    run: Run,
    name_spotify: Callable[[str, str], None],
    webhook: FakeWebhook,  # noqa: F811  # the fixture
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SPOTIFY_PIPELINE_WEBHOOK_URL", webhook.url)
    monkeypatch.setenv("SPOTIFY_PIPELINE_REQUEST_BUDGET", "14")
    webhook.answers = [(404, {})]
    with DemoServer(DemoCatalogue(), day=DAY) as server:
        name_spotify(server.url, DAY.isoformat())
        first = run("--verbose", "run")
        second = run("--verbose", "run", "--from", "publish", "--date", str(DAY))
    assert first.code == 1
    assert f"The digest of {DAY} could not be sent: The webhook did not take the message: it answered 404." in first.err
    lost, missing, digest = webhook.texts
    assert lost == digest
    assert "Nothing could be compared" in digest
    assert "raw_playlists.complete: " in missing
    assert "are missing: The budget of 14 requests a day is used up" in missing
    written = [path.read_bytes() for path in data_dir.rglob("*.*") if path.is_file()]
    for content in (first.err.encode(), second.err.encode(), first.out.encode(), *written):
        assert SECRET_PATH.encode() not in content


@pytest.mark.usefixtures("data_dir")
def test_a_run_that_fails_tells_why_once(run: Run, webhook: FakeWebhook, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setenv("SPOTIFY_PIPELINE_WEBHOOK_URL", webhook.url)
    monkeypatch.setenv("SPOTIFY_PIPELINE_API_URL", "http://127.0.0.1:9/v1/")
    monkeypatch.setenv("SPOTIFY_PIPELINE_TODAY", DAY.isoformat())
    outcomes = [run("run") for _ in range(2)]
    assert [outcome.code for outcome in outcomes] == [1, 1]
    sentence = outcomes[0].err.splitlines()[-1].removeprefix("spotify-pipeline: ")
    assert sentence.startswith("No Spotify credentials")
    assert webhook.texts == [f"Spotify playlists: something is wrong on {DAY}\n{sentence}"]
