"""Failures in one place: the log of one sensor."""

from collections.abc import Iterator
from datetime import UTC, datetime

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRecord,
    RunsFilter,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

_FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE]


@sensor(minimum_interval_seconds=60, default_status=DefaultSensorStatus.RUNNING)
def failures_sensor(context: SensorEvaluationContext) -> SensorResult:
    """Log each failed run and each failed check since the last look, as errors.

    A run sensor alone would not do: a failed check that does not block leaves its run successful.
    """
    since = datetime.fromisoformat(context.cursor) if context.cursor else datetime.now(UTC)
    records = context.instance.get_run_records(RunsFilter(statuses=_FINISHED, updated_after=since), ascending=True)
    lines = [line for record in records for line in _failures(context.instance, record)]
    for line in lines:
        context.log.error(line)
    newest = max((record.update_timestamp.replace(tzinfo=UTC) for record in records), default=since)
    return SensorResult(
        skip_reason=SkipReason(f"{len(lines)} failures in {len(records)} runs since {since:%Y-%m-%d %H:%M:%S} UTC."),
        cursor=newest.isoformat(),
    )


def _failures(instance: DagsterInstance, record: RunRecord) -> Iterator[str]:
    run = record.dagster_run
    name = f"{run.tags.get('dagster/partition', 'no partition')} (run {run.run_id})"
    if run.status is DagsterRunStatus.FAILURE:
        yield f"Run failed: {run.job_name} of {name}"
    for event in instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION):
        evaluation = event.get_dagster_event().asset_check_evaluation_data
        if not evaluation.passed:
            check = f"{evaluation.asset_key.to_user_string()}.{evaluation.check_name}"
            yield f"Check failed: {check} of {name}: {evaluation.description}"
