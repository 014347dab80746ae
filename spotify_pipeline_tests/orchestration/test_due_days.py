"""Days that are due, in Dagster."""

from contextlib import nullcontext
from datetime import timedelta

import pytest
from dagster import AssetKey, DagsterInstance, DagsterRun, DagsterRunStatus, build_sensor_context
from dagster._core.definitions.sensor_definition import SensorExecutionData

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.definitions import build_defs
from spotify_pipeline.orchestration.schedules import DAILY_JOB
from spotify_pipeline.orchestration.sensors import DUE_SINCE, due_days_sensor
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.orchestration.conftest import DAY, FIRST_DAY, BackendsOn
from spotify_pipeline_tests.orchestration.test_daily_snapshot import altered_totals, run

LATE = DAY - timedelta(days=1)


@pytest.fixture
def backends(backends_on: BackendsOn) -> Backends:
    return backends_on(DAY)


def tick(backends: Backends, instance: DagsterInstance) -> SensorExecutionData:
    definitions = build_defs(backends).get_repository_def()
    with build_sensor_context(
        instance=instance, resources={"backends": backends}, repository_def=definitions
    ) as context:
        return due_days_sensor.evaluate_tick(context)


def test_the_sensor_asks_for_each_due_day_once_each_time_it_is_due(
    backends: Backends, instance: DagsterInstance
) -> None:
    assert tick(backends, instance).skip_message == "No day is due."
    backends.due.add([DAY], since=LATE)
    (first,) = tick(backends, instance).run_requests or ()
    (same,) = tick(backends, instance).run_requests or ()
    assert (first.partition_key, first.tags[DUE_SINCE]) == (str(DAY), str(LATE))
    assert first.run_key == same.run_key
    backends.due.add([DAY], since=LATE)
    (again,) = tick(backends, instance).run_requests or ()
    assert again.run_key != first.run_key


def test_it_waits_while_a_run_is_under_way_that_may_do_it(backends: Backends, instance: DagsterInstance) -> None:
    backends.due.add([DAY], since=LATE)
    instance.add_run(DagsterRun(DAILY_JOB, status=DagsterRunStatus.STARTED))
    waiting = tick(backends, instance)
    assert (waiting.run_requests, waiting.skip_message) == ([], "1 days are due, and a run is under way.")


def test_of_very_many_days_the_oldest_are_asked_for_first(backends: Backends, instance: DagsterInstance) -> None:
    days = [FIRST_DAY + timedelta(days=number) for number in range(30)]
    backends.due.add_changed(days)
    requests = tick(backends, instance).run_requests or ()
    assert [request.partition_key for request in requests] == [str(day) for day in days[:20]]
    assert {request.tags[DUE_SINCE] for request in requests} == {"a change of its documents"}


def test_what_it_asks_for_makes_the_day_again_and_once_made_it_is_due_no_longer_be_it_held_back(
    backends: Backends, instance: DagsterInstance
) -> None:
    run(backends, instance, selection=["raw_playlists"])
    for held_back in (False, True):
        backends.due.add([DAY], since=LATE)
        (request,) = tick(backends, instance).run_requests or ()
        selection = [key.to_user_string() for key in request.asset_selection or ()]
        with altered_totals(backends) if held_back else nullcontext():
            again = run(backends, instance, selection=selection)
        assert again.success is not held_back
        assert {event.asset_key for event in again.get_asset_materialization_events()} >= set(map(AssetKey, TABLES))
        assert backends.due.load() == {}
