"""The same IO managers over folders and over S3 buckets."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from dagster import AssetKey, DagsterInstance, MarkdownMetadataValue

from spotify_pipeline.definitions import build_defs
from spotify_pipeline.demo.backends import Demo, DemoBackends
from spotify_pipeline.settings import load_settings
from spotify_pipeline.storage.raw import RawDay
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.orchestration.conftest import DAY, FIRST_DAY
from spotify_pipeline_tests.orchestration.test_daily_snapshot import run
from spotify_pipeline_tests.storage.staging import publish_staged

Buckets = tuple[str, str]


def on_day(day: date, data_dir: Path, buckets: Buckets | None = None) -> DemoBackends:
    """A demo in a folder, or in buckets for raw documents and for tables."""
    variables = {"SPOTIFY_PIPELINE_DATA_DIR": str(data_dir)}
    if buckets:
        variables["SPOTIFY_PIPELINE_TARGET"] = "aws"
        variables["SPOTIFY_PIPELINE_RAW_BUCKET"], variables["SPOTIFY_PIPELINE_TABLES_BUCKET"] = buckets
    settings = load_settings(**variables).model_copy(update={"fixed_today": day})
    return DemoBackends(settings, Demo(FIRST_DAY, seed=7))


@pytest.fixture
def buckets(new_bucket: Callable[[], str]) -> Buckets:
    return new_bucket(), new_bucket()


@pytest.fixture
def in_s3(tmp_path: Path, buckets: Buckets) -> DemoBackends:
    return on_day(DAY, tmp_path, buckets)


def test_days_are_written_to_s3_and_read_back(
    in_s3: DemoBackends, instance: DagsterInstance, tmp_path: Path, buckets: Buckets
) -> None:
    made = ["raw_playlists", *TABLES]
    assert run(in_s3, instance, selection=made).success
    next_day = DAY + timedelta(days=1)
    result = run(on_day(next_day, tmp_path, buckets), instance, next_day, selection=made)
    assert result.success

    assert in_s3.raw.days() == [DAY, next_day]
    assert in_s3.tables.staged(next_day)
    counts = in_s3.raw.open_day(next_day).manifest.counts()
    assert counts["unchanged"] > 0  # the documents of the day before were found and copied inside S3
    assert not any(tmp_path.rglob("*.parquet"))
    assert not any(tmp_path.rglob("*.json.gz"))

    shown = {event.asset_key: event.materialization for event in result.get_asset_materialization_events()}
    digest = shown[AssetKey("playlist_events")].metadata["digest"]
    assert isinstance(digest, MarkdownMetadataValue)
    events = in_s3.tables.read("playlist_events", next_day)
    changed = {f"https://open.spotify.com/playlist/{playlist_id}" for playlist_id in events["playlist_id"]}
    assert changed == set(re.findall(r"\((https://[^)]*)\)", digest.md_str or ""))

    loaded = build_defs(in_s3).load_asset_value(AssetKey("raw_playlists"), partition_key=DAY.isoformat())
    assert isinstance(loaded, RawDay)
    documents = dict(loaded)
    assert documents.keys() == loaded.manifest.by_id().keys()
    assert all(document.startswith(b'{"') for document in documents.values())


def test_a_day_in_s3_has_the_same_rows_as_in_a_folder(in_s3: DemoBackends, instance: DagsterInstance) -> None:
    in_folder = on_day(DAY, in_s3.settings.data_dir)
    for backends in (in_s3, in_folder):
        assert run(backends, instance, selection=["raw_playlists", *TABLES]).success
    for name in TABLES:
        in_both = [backends.tables.read(name, DAY) for backends in (in_s3, in_folder)]
        assert in_both[0].drop("fetched_at", strict=False).equals(in_both[1].drop("fetched_at", strict=False))


def test_the_audit_of_a_day_in_s3_publishes_it(in_s3: DemoBackends, instance: DagsterInstance) -> None:
    result = run(in_s3, instance, selection=["raw_playlists", *TABLES])
    assert all(evaluation.passed for evaluation in result.get_asset_check_evaluations())
    publish_staged(in_s3.tables, DAY)
    assert in_s3.tables.published_days() == [DAY]
    assert in_s3.tables.staged(DAY) is None
