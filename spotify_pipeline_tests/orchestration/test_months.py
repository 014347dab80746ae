"""Months in Dagster: only if the settings ask for them, and apart from the daily job."""

from datetime import UTC, date, datetime

from dagster import AssetKey, DagsterInstance, build_schedule_context

from spotify_pipeline.definitions import build_defs
from spotify_pipeline.demo.backends import DemoBackends
from spotify_pipeline.orchestration.months import MONTHS, compact_months_schedule
from spotify_pipeline_tests.orchestration.conftest import BackendsOn
from spotify_pipeline_tests.storage.staging import publish_staged, stage
from spotify_pipeline_tests.tables.builders import sound_day

OVER, TODAY = date(2026, 9, 30), date(2026, 10, 5)
SEPTEMBER = date(2026, 9, 1)


def compacting(backends: DemoBackends) -> DemoBackends:
    """The backends with the asset, and a day of a month that is over."""
    backends.settings = backends.settings.model_copy(update={"months": "compact", "start_date": OVER})
    stage(backends.tables, OVER, sound_day())
    publish_staged(backends.tables, OVER)
    return backends


def test_without_the_setting_there_is_no_such_asset(backends_on: BackendsOn) -> None:
    defs = build_defs(backends_on(TODAY))
    assert AssetKey(MONTHS) not in {spec.key for spec in defs.resolve_all_asset_specs()}


def test_the_asset_is_partitioned_by_months_that_are_over_and_is_not_made_by_the_daily_job(
    backends_on: BackendsOn,
) -> None:
    defs = build_defs(compacting(backends_on(TODAY)))
    node = defs.resolve_asset_graph().get(AssetKey(MONTHS))
    assert node.partitions_def is not None
    assert node.partitions_def.get_partition_keys(datetime(2026, 10, 31, 23, tzinfo=UTC)) == [str(SEPTEMBER)]
    assert AssetKey(MONTHS) not in defs.resolve_job_def("daily_snapshot").asset_layer.executable_asset_keys


def test_the_schedule_asks_for_the_months_that_are_over_and_not_there_and_the_asset_makes_them(
    backends_on: BackendsOn, instance: DagsterInstance
) -> None:
    backends = compacting(backends_on(TODAY))
    defs = build_defs(backends)

    def asked_for() -> list[str | None]:
        with build_schedule_context(
            instance,
            resources={"backends": backends},
            scheduled_execution_time=datetime(2026, 10, 2, 12, tzinfo=UTC),
            repository_def=defs.get_repository_def(),
        ) as context:
            return [
                request.partition_key for request in compact_months_schedule.evaluate_tick(context).run_requests or ()
            ]

    assert asked_for() == [str(SEPTEMBER)]
    result = defs.resolve_job_def("compact_months").execute_in_process(partition_key=str(SEPTEMBER), instance=instance)
    (made,) = result.asset_materializations_for_node(MONTHS)
    assert made.metadata["published_days"].value == 1
    assert backends.months.load().keys() == {SEPTEMBER}
    assert asked_for() == []
