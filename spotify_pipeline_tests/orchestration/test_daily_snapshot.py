"""Days run through Dagster."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import msgspec
import polars as pl
import pytest
from dagster import AssetKey, DagsterEventType, DagsterInstance, ExecuteInProcessResult, TableMetadataValue

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.definitions import build_defs
from spotify_pipeline.orchestration.schedules import DAILY_JOB
from spotify_pipeline.query.duckdb import DuckDBEngine
from spotify_pipeline.steps.notices import WATCHES
from spotify_pipeline.steps.verification import VERIFICATIONS
from spotify_pipeline.tables.audit import CHECKS
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.orchestration.conftest import DAY, BackendsOn


def run(
    backends: Backends,
    instance: DagsterInstance,
    day: date = DAY,
    selection: list[str] | None = None,
    config: dict[str, Any] | None = None,
) -> ExecuteInProcessResult:
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return (
        build_defs(backends)
        .resolve_job_def(DAILY_JOB)
        .execute_in_process(
            partition_key=day.isoformat(),
            instance=instance,
            asset_selection=[AssetKey(name) for name in selection] if selection else None,
            run_config=quiet | (config or {}),
            raise_on_error=False,
        )
    )


def published_rows(backends: Backends) -> list[tuple[Any, ...]]:
    sql = "SELECT * FROM playlist_items ORDER BY snapshot_date, playlist_id, position"
    return DuckDBEngine(backends.duckdb_file).ask(sql).rows


@contextmanager
def altered_totals(backends: Backends) -> Iterator[None]:
    """A day whose manifest says that there was more than was read, as after a truncated load."""
    manifest = backends.raw.open_day(DAY).manifest
    rows = [msgspec.structs.replace(row, items_total=(row.items_total or 0) + 1) for row in manifest.playlists]
    backends.raw.commit(msgspec.structs.replace(manifest, playlists=rows))
    yield
    backends.raw.commit(manifest)


def test_a_day_is_extracted_transformed_audited_and_published(
    backends_on: BackendsOn, instance: DagsterInstance
) -> None:
    backends = backends_on(DAY)
    result = run(backends, instance)
    assert result.success
    expected = {check.name for check in CHECKS} | {each.name for each in (*WATCHES, *VERIFICATIONS)}
    assert {evaluation.check_name for evaluation in result.get_asset_check_evaluations()} == expected | {"written"}
    assert all(evaluation.passed for evaluation in result.get_asset_check_evaluations())
    assert backends.tables.published_days() == [DAY]
    assert published_rows(backends)


def test_every_partition_shows_its_rows_its_address_and_a_preview(
    backends_on: BackendsOn, instance: DagsterInstance
) -> None:
    backends = backends_on(DAY)
    result = run(backends, instance)
    for name in TABLES:
        metadata = result.asset_materializations_for_node("tables.transform_playlists")
        (shown,) = [one.metadata for one in metadata if one.asset_key == AssetKey(name)]
        rows = backends.tables.read(name, DAY).height
        assert shown["dagster/partition_row_count"].value == rows
        assert shown["dagster/uri"].value == backends.tables.uri(name, DAY)
        preview = shown["preview"]
        assert isinstance(preview, TableMetadataValue)
        assert len(preview.records) == min(10, rows)


def test_the_raw_playlists_show_what_came_of_each_playlist(backends_on: BackendsOn, instance: DagsterInstance) -> None:
    backends = backends_on(DAY)
    (shown,) = run(backends, instance).asset_materializations_for_node("raw_playlists.extract_playlists")
    manifest = backends.raw.open_day(DAY).manifest
    coverage = shown.metadata["coverage"]
    assert isinstance(coverage, TableMetadataValue)
    assert [(one.data["playlist_id"], one.data["status"]) for one in coverage.records] == [
        (row.playlist_id, row.status.value) for row in manifest.playlists
    ]
    assert shown.metadata["restricted"].value == 1
    assert shown.metadata["requests"].value == manifest.requests
    assert shown.metadata["requests_avoided"].value == manifest.requests_avoided


def test_a_day_that_fails_its_audit_is_not_published_and_sql_shows_what_it_showed(
    backends_on: BackendsOn, instance: DagsterInstance
) -> None:
    backends = backends_on(DAY)
    run(backends, instance)
    before = published_rows(backends)
    with altered_totals(backends):
        result = run(backends, instance, selection=[*TABLES, "catalog"])
    assert not result.success
    failed = [evaluation for evaluation in result.get_asset_check_evaluations() if not evaluation.passed]
    assert [(one.asset_key.to_user_string(), one.check_name) for one in failed] == [("coverage", "complete")]
    assert not result.events_for_node("catalog") or not result.asset_materializations_for_node("catalog")
    assert published_rows(backends) == before


def test_publishing_alone_does_not_go_round_the_audit(backends_on: BackendsOn, instance: DagsterInstance) -> None:
    backends = backends_on(DAY)
    run(backends, instance)
    before = published_rows(backends)
    with altered_totals(backends):
        run(backends, instance, selection=[*TABLES, "catalog"])
    assert not run(backends, instance, selection=["catalog"]).success
    assert published_rows(backends) == before


def test_a_day_run_again_changes_no_table(backends_on: BackendsOn, instance: DagsterInstance) -> None:
    backends = backends_on(DAY)
    run(backends, instance)
    files = [backends.tables._objects.get(key) for key in backends.tables._objects.list("")]
    assert run(backends, instance).success
    assert [backends.tables._objects.get(key) for key in backends.tables._objects.list("")] == files


def test_transform_and_publish_run_for_a_day_that_is_over(backends_on: BackendsOn, instance: DagsterInstance) -> None:
    run(backends_on(DAY), instance, selection=["raw_playlists"])
    later = backends_on(DAY + timedelta(days=3))
    assert run(later, instance, selection=[*TABLES, "catalog"]).success
    assert later.tables.published_days() == [DAY]


def test_extraction_of_another_day_is_refused_and_not_retried(
    backends_on: BackendsOn, instance: DagsterInstance
) -> None:
    result = run(backends_on(DAY + timedelta(days=1)), instance)
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "cannot be extracted, only today, 2026-10-06 (UTC)" in str(failure.step_failure_data.user_failure_data)
    assert DagsterEventType.STEP_UP_FOR_RETRY not in {event.event_type for event in result.all_events}


def test_tables_can_be_loaded_as_frames_by_assets_that_depend_on_them(
    backends_on: BackendsOn, instance: DagsterInstance
) -> None:
    backends = backends_on(DAY)
    run(backends, instance)
    loaded = build_defs(backends).load_asset_value(AssetKey("playlists"), partition_key=DAY.isoformat())
    assert isinstance(loaded, pl.DataFrame)
    assert loaded.equals(backends.tables.read("playlists", DAY))


@pytest.mark.parametrize("refresh", [False, True])
def test_refresh_is_an_option_of_the_extraction(
    backends_on: BackendsOn, instance: DagsterInstance, refresh: bool
) -> None:
    backends = backends_on(DAY)
    run(backends, instance)
    config = {"ops": {"raw_playlists": {"ops": {"extract_playlists": {"config": {"refresh": refresh}}}}}}
    run(backends, instance, config=config, selection=["raw_playlists"])
    assert (backends.raw.open_day(DAY).manifest.requests > 5) is refresh
