"""When the daily job runs."""

from datetime import UTC, date, datetime, timedelta

from dagster import DagsterInstance, build_schedule_context
from dagster._core.definitions.schedule_definition import ScheduleExecutionData
from msgspec.structs import replace

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.definitions import build_defs
from spotify_pipeline.orchestration.schedules import daily_snapshot_schedule
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Status
from spotify_pipeline_tests.orchestration.conftest import DAY, BackendsOn

COMPLETE = Manifest(DAY, [Coverage("p" * 22, Status.OBSERVED), Coverage("q" * 22, Status.NOT_FOUND)])
INCOMPLETE = Manifest(DAY, [*COMPLETE.playlists, Coverage("r" * 22, Status.FAILED)])


def tick(backends: Backends, hour: int, day: date = DAY) -> ScheduleExecutionData:
    time = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    with (
        DagsterInstance.ephemeral() as instance,
        build_schedule_context(
            instance,
            resources={"backends": backends},
            scheduled_execution_time=time,
            repository_def=build_defs(backends).get_repository_def(),
        ) as context,
    ):
        return daily_snapshot_schedule.evaluate_tick(context)


def asked_for(tick: ScheduleExecutionData) -> list[tuple[str | None, str | None]]:
    return [(request.run_key, request.partition_key) for request in tick.run_requests or ()]


def test_the_first_tick_of_a_day_runs_its_partition(backends_on: BackendsOn) -> None:
    assert asked_for(tick(backends_on(DAY), 5)) == [("2026-10-05", "2026-10-05")]


def test_a_later_tick_runs_again_if_something_is_missing(backends_on: BackendsOn) -> None:
    backends = backends_on(DAY)
    assert asked_for(tick(backends, 11)) == [("2026-10-05T11", "2026-10-05")]  # the machine slept at five
    backends.raw.commit(INCOMPLETE)
    assert asked_for(tick(backends, 17)) == [("2026-10-05T17", "2026-10-05")]


def test_a_later_tick_leaves_a_complete_day_alone(backends_on: BackendsOn) -> None:
    backends = backends_on(DAY)
    backends.raw.commit(COMPLETE)
    assert tick(backends, 11).skip_message == "Nothing of 2026-10-05 is missing."
    backends.raw.commit(replace(INCOMPLETE, snapshot_date=DAY - timedelta(days=1)))
    assert asked_for(tick(backends, 17)) == []


def test_a_later_tick_waits_until_spotify_may_be_asked(backends_on: BackendsOn) -> None:
    backends = backends_on(DAY)
    backends.raw.commit(INCOMPLETE)
    backends.quota(DAY).block(3600)
    skipped = tick(backends, 11)
    assert asked_for(skipped) == []
    assert "it may be asked again from" in str(skipped.skip_message)
