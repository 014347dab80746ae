"""The transformation function: what starts it, what it publishes, what it refuses."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from msgspec.structs import replace

from spotify_pipeline.errors import DataError, PipelineError, SettingsError
from spotify_pipeline.storage.horizon import Horizon
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.lambdas.conftest import DAY, Functions
from spotify_pipeline_tests.storage.staging import read_all, stage

PUBLISHED = {name: {DAY} for name in TABLES}
NOTHING: dict[str, set[date]] = {name: set() for name in TABLES}


@pytest.fixture
def extracted(functions: Functions) -> Functions:
    functions.extract()
    return functions


def test_a_days_manifest_lets_it_publish_the_day(extracted: Functions) -> None:
    outcome = extracted.transform()
    warehouse = extracted.warehouse
    assert warehouse.catalog.partitions() == PUBLISHED
    assert outcome == json.loads(json.dumps(outcome))
    assert (outcome["day"], outcome["published_days"], outcome.get("problems")) == (str(DAY), 1, None)
    assert outcome["rows"] == {name: warehouse.tables.row_count(name, DAY) for name in TABLES}
    answer = warehouse.engine.ask(f"SELECT count(*) AS n FROM tracks WHERE snapshot_date = DATE '{DAY}'")
    assert answer.rows == [(outcome["rows"]["tracks"],)]


def test_the_key_may_be_encoded_as_in_other_notifications_of_s3(extracted: Functions) -> None:
    encoded = extracted.manifest_event(f"playlists/snapshot_date%3D{DAY}/_manifest.json")
    assert extracted.transform(encoded)["day"] == str(DAY)


@pytest.mark.parametrize(
    "key",
    [
        f"_staged/playlists/snapshot_date={DAY}/_manifest.json",
        f"playlists/snapshot_date={DAY}/4WH3ZNEJ4xavUtENcfOEJs.json.gz",
        "playlists/snapshot_date=someday/_manifest.json",
        f"playlists/snapshot_date={DAY}/more/_manifest.json",
        "_manifest.json",
        "",
    ],
)
def test_another_object_than_a_days_manifest_is_refused(key: str, extracted: Functions) -> None:
    with pytest.raises(SettingsError, match=r"An event of aws.s3 \(Object Created\) is not for this function"):
        extracted.transform(extracted.manifest_event(key))


def test_a_manifest_in_another_bucket_is_refused(extracted: Functions) -> None:
    event = extracted.manifest_event()
    event["detail"]["bucket"]["name"] = "another"
    with pytest.raises(SettingsError, match="is not for this function"):
        extracted.transform(event)


def test_by_hand_it_takes_today_or_the_day_that_is_named(extracted: Functions) -> None:
    assert extracted.transform({})["day"] == str(DAY)
    with pytest.raises(DataError, match="There is no raw data for 2026-10-04"):
        extracted.transform({"day": "2026-10-04"})
    with pytest.raises(SettingsError, match=r"Invalid RFC3339 date|not what docs/lambda.md describes"):
        extracted.transform({"day": "yesterday"})


def test_it_may_be_asked_for_one_of_its_steps(extracted: Functions) -> None:
    staged = extracted.transform({"day": str(DAY), "steps": ["transform"]})
    warehouse = extracted.warehouse
    assert staged["rows"].keys() == TABLES.keys()
    assert warehouse.tables.staged(DAY)
    assert warehouse.catalog.partitions() == NOTHING
    published = extracted.transform({"day": str(DAY), "steps": ["publish"]})
    assert published == {"day": str(DAY), "published_days": 1}
    assert warehouse.catalog.partitions() == PUBLISHED


def test_a_day_that_does_not_pass_its_audit_is_not_published(
    extracted: Functions, printed: Callable[[], list[dict[str, Any]]]
) -> None:
    extracted.transform({"steps": ["transform"]})
    warehouse = extracted.warehouse
    frames = read_all(warehouse.tables, DAY)
    stage(warehouse.tables, DAY, frames | {"tracks": pl.concat([frames["tracks"], frames["tracks"].head(1)])})
    with pytest.raises(DataError, match=f"{DAY} is not published, because"):
        extracted.transform({"steps": ["publish"]})
    assert warehouse.catalog.partitions() == NOTHING
    assert [line["level"] for line in printed() if "level" in line][-1] == "ERROR"


def bring(functions: Functions, day: date) -> None:
    """A day whose raw documents come from elsewhere: it is as the other one, but for the playlists' names."""
    raw = functions.warehouse.raw
    source = raw.open_day(DAY)
    rows = [
        replace(row, observed_date=day, fetched_at=row.fetched_at - (DAY - day)) if row.fetched_at else row
        for row in source.manifest.playlists
    ]
    raw.begin(day)
    for row in rows:
        if row.status.has_document:
            document = json.loads(source.document(row.playlist_id)) | {"name": f"on {day}"}
            raw.stage_document(day, row, json.dumps(document).encode())
    raw.commit(replace(source.manifest, snapshot_date=day, playlists=rows))


def test_a_day_that_depends_on_a_late_one_is_made_again_as_soon_as_there_is_time(
    extracted: Functions, printed: Callable[[], list[dict[str, Any]]]
) -> None:
    extracted.transform()
    late = DAY - timedelta(days=1)
    bring(extracted, late)
    event = {"day": str(late)}
    outcome = extracted.transform(event, milliseconds=0)
    assert (outcome["published_days"], outcome["still_due"]) == (2, (str(DAY),))
    outcome = extracted.transform(event)
    assert (outcome["day"], outcome["made_again"], outcome.get("still_due")) == (str(late), (str(DAY),), None)
    tables = extracted.warehouse.tables
    assert set(tables.read_published("playlist_events", DAY)["previous_snapshot_date"]) == {late}
    assert f"{DAY} was made again, because it depends on {late}" in [line.get("message") for line in printed()]
    assert "made_again" not in extracted.transform(event)


def test_a_day_that_cannot_be_made_again_fails_the_invocation_after_all_else_is_done(extracted: Functions) -> None:
    removed = DAY + timedelta(days=1)
    extracted.warehouse.due.add([removed], since=DAY)
    with pytest.raises(
        PipelineError, match=f"^{removed} depends on {DAY}, but could not be made again: There is no raw"
    ):
        extracted.transform()
    assert extracted.warehouse.catalog.partitions() == PUBLISHED


def test_what_the_verification_finds_is_told_and_the_day_is_published_all_the_same(
    extracted: Functions, printed: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTIFY_PIPELINE_ATHENA_WORKGROUP", "nobody-made-it")
    (problem,) = extracted.transform()["problems"]
    assert "nobody-made-it" in problem
    assert extracted.warehouse.catalog.partitions() == PUBLISHED
    (warning,) = [line["message"] for line in printed() if line.get("level") == "WARNING"]
    assert warning == f"The published day is not as it should be: {problem}"


def test_the_metrics_are_the_rows_and_the_time(
    extracted: Functions, printed: Callable[[], list[dict[str, Any]]]
) -> None:
    printed()
    outcome = extracted.transform()
    (line,) = [line for line in printed() if "_aws" in line]
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert {metric["Name"] for metric in directive["Metrics"]} == {"Rows", "Seconds"}
    assert line["Rows"] == [sum(outcome["rows"].values())]
    assert line["FunctionName"] == "spotify-pipeline-transform"


def test_it_knows_no_secret(extracted: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPOTIFY_PIPELINE_SECRET_ID")
    assert extracted.transform()["published_days"] == 1


def test_where_days_are_not_kept_for_ever_the_catalog_lets_them_go(
    extracted: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    extracted.transform()
    assert extracted.warehouse.tables.horizon.load() == Horizon()
    monkeypatch.setenv("SPOTIFY_PIPELINE_RETENTION_DAYS", "7")
    extracted.transform()
    assert extracted.warehouse.tables.horizon.load() == Horizon(DAY - timedelta(days=7), is_clear=False)
    assert extracted.warehouse.catalog.partitions() == PUBLISHED
