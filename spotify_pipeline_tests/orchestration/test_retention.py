"""Retention as an asset, which is there only if the settings say how many days to keep."""

from datetime import date, timedelta
from typing import Any

import pytest
from dagster import AssetKey, DagsterInstance

from spotify_pipeline.definitions import build_defs
from spotify_pipeline.demo.backends import DemoBackends
from spotify_pipeline_tests.orchestration.conftest import DAY, BackendsOn
from spotify_pipeline_tests.orchestration.test_daily_snapshot import run
from spotify_pipeline_tests.orchestration.test_enrichment import upstream

_KEEP_DAYS = 1


@pytest.fixture
def keeping_on(backends_on: BackendsOn) -> BackendsOn:
    """The backends of a demo folder on a day, with retention."""

    def make(day: date) -> DemoBackends:
        backends = backends_on(day)
        backends.settings = backends.settings.model_copy(update={"retention_days": _KEEP_DAYS})
        return backends

    return make


def test_it_stands_between_the_catalog_and_the_report(backends_on: BackendsOn, keeping_on: BackendsOn) -> None:
    usual = upstream(build_defs(backends_on(DAY)))
    assert upstream(build_defs(keeping_on(DAY))) == {
        **usual,
        "retention": {"catalog"},
        "playlist_report": {"retention"},
    }


def test_the_daily_job_removes_what_is_older(keeping_on: BackendsOn, instance: DagsterInstance) -> None:
    days = [DAY, DAY + timedelta(days=2)]
    for day in days:
        backends = keeping_on(day)
        result = run(backends, instance, day)
        assert result.success
    assert backends.tables.published_days() == backends.raw.days() == days[1:]
    (shown,) = result.asset_materializations_for_node("retention")
    metadata: dict[str, Any] = {name: value.value for name, value in shown.metadata.items()}
    assert metadata["days_removed"] == metadata["published_days_removed"] == 1
    assert metadata["files_removed"] > 10
    assert metadata["first_day_kept"] == str(DAY + timedelta(days=1))
    report = next(
        each for each in result.get_asset_materialization_events() if each.asset_key == AssetKey("playlist_report")
    )
    assert report.materialization.metadata["first_day"].value == str(days[1])
