"""The report as an asset, and pictures in metadata."""

import base64
import re
from typing import Any

import pytest
from dagster import AssetCheckSeverity, AssetKey, DagsterInstance, MarkdownMetadataValue

from spotify_pipeline.cli.daily_job import execute_day
from spotify_pipeline.orchestration import report as module
from spotify_pipeline.report import page
from spotify_pipeline.report.pictures import CAPTIONS
from spotify_pipeline_tests.orchestration.conftest import DAY, BackendsOn
from spotify_pipeline_tests.orchestration.test_daily_snapshot import run


def assert_shows_a_picture(value: Any) -> None:
    assert isinstance(value, MarkdownMetadataValue)
    found = re.fullmatch(r".+\.\n\n!\[[^\]]+\]\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)", value.value)
    assert found
    assert base64.b64decode(found[1]).startswith(b"<svg ")


def test_a_day_ends_with_the_report_and_tables_have_pictures(
    backends_on: BackendsOn, instance: DagsterInstance
) -> None:
    backends = backends_on(DAY)
    result = run(backends, instance)
    assert result.success
    (shown,) = result.asset_materializations_for_node("playlist_report")
    file = backends.settings.data_dir / "report.html"
    assert shown.metadata["dagster/uri"].value == str(file)
    assert shown.metadata["bytes"].value == file.stat().st_size
    assert shown.metadata["newest_day"].value == str(DAY)
    assert_shows_a_picture(shown.metadata["known_days"])
    pictures = {
        one.asset_key.to_user_string(): one.metadata["picture"]
        for one in result.asset_materializations_for_node("tables.transform_playlists")
        if "picture" in one.metadata
    }
    assert pictures.keys() == CAPTIONS.keys() - {"playlist_events"}  # a first day has none
    for picture in pictures.values():
        assert_shows_a_picture(picture)


def test_a_report_that_fails_is_told_by_its_check_and_the_day_stays_published(
    backends_on: BackendsOn, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    backends = backends_on(DAY)
    monkeypatch.setattr(page, "render", lambda *_, **__: 1 / 0)
    problems = execute_day(backends, DAY, instance)
    assert problems == ["playlist_report.written: There is no new report: ZeroDivisionError: division by zero"]
    assert backends.tables.published_days() == [DAY]
    assert not (backends.settings.data_dir / "report.html").exists()
    assert instance.get_latest_materialization_event(AssetKey("playlist_report")) is None


def test_the_check_of_the_report_warns(
    backends_on: BackendsOn, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "publish_report", lambda _: 1 / 0)
    result = run(backends_on(DAY), instance, selection=["playlist_report"])
    assert result.success
    (evaluation,) = result.get_asset_check_evaluations()
    assert (evaluation.passed, evaluation.severity, evaluation.blocking) == (False, AssetCheckSeverity.WARN, False)


def test_pictures_that_fail_leave_the_tables_without_them(
    backends_on: BackendsOn, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spotify_pipeline.report.pictures.table_picture", lambda *_: 1 / 0)
    result = run(backends_on(DAY), instance)
    assert result.success
    materialized = result.asset_materializations_for_node("tables.transform_playlists")
    assert materialized
    assert not any("picture" in one.metadata for one in materialized)
