"""What the functions tell of days and of failures, where Dagster does not."""

from typing import Any

import polars as pl
import pytest
from dagster_pipes import encode_param

from spotify_pipeline.errors import PipelineError
from spotify_pipeline_tests.lambdas.conftest import DAY, Functions
from spotify_pipeline_tests.notifications.conftest import webhook  # noqa: F401  # a fixture
from spotify_pipeline_tests.notifications.webhook import FakeWebhook
from spotify_pipeline_tests.storage.staging import read_all, stage


@pytest.fixture
def told(
    functions: Functions,
    webhook: FakeWebhook,  # noqa: F811  # the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> Functions:
    monkeypatch.setenv("SPOTIFY_PIPELINE_WEBHOOK_URL", webhook.url)
    monkeypatch.setenv("SPOTIFY_PIPELINE_REQUEST_BUDGET", "14")
    return functions


def test_a_day_is_told_once_and_what_is_missing_and_what_holds_it_back(told: Functions, webhook: FakeWebhook) -> None:  # noqa: F811
    told.extract()
    (incomplete,) = webhook.texts
    assert incomplete.startswith(f"Spotify playlists: something is wrong on {DAY}\n")
    assert "are missing: The budget of 14 requests a day is used up" in incomplete

    for _ in range(2):
        told.transform()
    _, digest = webhook.texts
    assert digest.startswith(f"Spotify playlists on {DAY}\nNothing could be compared;")

    told.transform({"steps": ["transform"]})
    tables = told.warehouse.tables
    frames = read_all(tables, DAY)
    stage(tables, DAY, frames | {"tracks": pl.concat([frames["tracks"], frames["tracks"].head(1)])})
    for event in ({"steps": ["publish"]}, {"steps": ["publish"]}):
        with pytest.raises(PipelineError):
            told.transform(event)
    *_, held_back = webhook.texts
    assert f"{DAY} is not published, because" in held_back
    assert len(webhook.texts) == 3


def test_dagster_which_has_called_tells_by_itself(told: Functions, webhook: FakeWebhook) -> None:  # noqa: F811
    context = {"extras": {}, "run_id": "run", "job_name": "job", "retry_number": 0}
    of_dagster: dict[str, Any] = {
        "DAGSTER_PIPES_CONTEXT": encode_param({"data": context}),
        "DAGSTER_PIPES_MESSAGES": encode_param({"bucket": told.aws.raw_bucket, "key_prefix": "_pipes/messages"}),
    }
    outcome = told.transform(of_dagster | {"day": "2026-01-01"})
    assert "There is no raw data" in outcome["error"]
    assert webhook.bodies == []
