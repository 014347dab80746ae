"""What is looked at every minute: failures, in one place, and days that have to be made again."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from dagster import (
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRecord,
    RunRequest,
    RunsFilter,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from spotify_pipeline.orchestration.assets import FROM_TRANSFORM
from spotify_pipeline.orchestration.failures import failed_checks, failures
from spotify_pipeline.orchestration.partitions import partition_day
from spotify_pipeline.orchestration.schedules import DAILY_JOB
from spotify_pipeline.steps.notifications import tell_failures
from spotify_pipeline.storage.due import Due

DUE_SINCE = "spotify_pipeline/due_since"
"""Tag of a run that makes a day again: the earlier days of which SQL shows something else since it was made."""

_PARTITION = "dagster/partition"  # tag of a run
_LONGEST_RUN = timedelta(hours=2)  # what is under way for longer was killed
_DAYS_AT_ONCE = 20  # an import that was killed leaves hundreds; the next look goes on with them
_UNDER_WAY = [DagsterRunStatus.QUEUED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED]
_TELLING = {DagsterEventType.ASSET_CHECK_EVALUATION, DagsterEventType.STEP_FAILURE}
_FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE]


@sensor(
    minimum_interval_seconds=60,
    default_status=DefaultSensorStatus.RUNNING,
    required_resource_keys={"backends"},
)
def failures_sensor(context: SensorEvaluationContext) -> SensorResult:
    """Log each failed run and each failed check since the last look, as errors, and tell of them.

    A run sensor alone would not do: a failed check that does not block leaves its run successful.
    """
    since = datetime.fromisoformat(context.cursor) if context.cursor else datetime.now(UTC)
    records = context.instance.get_run_records(RunsFilter(statuses=_FINISHED, updated_after=since), ascending=True)
    lines: list[str] = []
    for record in records:
        events = _events(context.instance, record)
        lines += _lines(events, record)
        _tell(context, events, record)
    for line in lines:
        context.log.error(line)
    newest = max((record.update_timestamp.replace(tzinfo=UTC) for record in records), default=since)
    return SensorResult(
        skip_reason=SkipReason(f"{len(lines)} failures in {len(records)} runs since {since:%Y-%m-%d %H:%M:%S} UTC."),
        cursor=newest.isoformat(),
    )


@sensor(
    job_name=DAILY_JOB,
    minimum_interval_seconds=60,
    default_status=DefaultSensorStatus.RUNNING,
    required_resource_keys={"backends"},
)
def due_days_sensor(context: SensorEvaluationContext) -> list[RunRequest] | SkipReason:
    """Make the days again that depend on one that was published late, unless somebody may be about to do so.

    `spotify-pipeline run` does it by itself, in runs of the same job, and a run that is under way may make others due.
    """
    if not (due := context.resources.backends.due.load()):
        return SkipReason("No day is due.")
    since = datetime.now(UTC) - _LONGEST_RUN
    if context.instance.get_runs_count(RunsFilter(job_name=DAILY_JOB, statuses=_UNDER_WAY, updated_after=since)):
        return SkipReason(f"{len(due)} days are due, and a run is under way.")
    return [_made_again(each) for each in list(due.values())[:_DAYS_AT_ONCE]]


def _made_again(due: Due) -> RunRequest:
    return RunRequest(
        run_key=f"{due.day} {due.mark}",
        partition_key=due.day.isoformat(),
        asset_selection=FROM_TRANSFORM,
        tags={DUE_SINCE: due.reason},
    )


def _events(instance: DagsterInstance, record: RunRecord) -> list[DagsterEvent]:
    """What tells of the failures of a run."""
    entries = instance.all_logs(record.dagster_run.run_id, of_type=_TELLING)
    return [event for entry in entries if (event := entry.dagster_event)]


def _lines(events: Sequence[DagsterEvent], record: RunRecord) -> Iterator[str]:
    run = record.dagster_run
    name = f"{run.tags.get(_PARTITION, 'no partition')} (run {run.run_id})"
    if run.status is DagsterRunStatus.FAILURE:
        yield f"Run failed: {run.job_name} of {name}"
    for check in failed_checks(events):
        yield f"Check failed: {check.asset_key.to_user_string()}.{check.check_name} of {name}: {check.description}"


def _tell(context: SensorEvaluationContext, events: Sequence[DagsterEvent], record: RunRecord) -> None:
    backends, run = context.resources.backends, record.dagster_run
    partition = run.tags.get(_PARTITION)
    day = partition_day(partition) if partition else backends.settings.today()
    failed = failures(events, day, has_failed=run.status is DagsterRunStatus.FAILURE)
    tell_failures(backends, backends.table_objects, day, failed, context.log.warning)
