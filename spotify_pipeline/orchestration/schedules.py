"""When the daily job runs."""

from dagster import RunRequest, ScheduleEvaluationContext, SkipReason, schedule

from spotify_pipeline.steps.schedule import reason_to_skip

DAILY_JOB = "daily_snapshot"
_FIRST_HOUR = 5


@schedule(
    job_name=DAILY_JOB,
    cron_schedule=f"0 {_FIRST_HOUR},11,17,23 * * *",
    execution_timezone="UTC",
    required_resource_keys={"backends"},
)
def daily_snapshot_schedule(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
    """Early every day the partition of that day, and later on the same day again if something of it is missing.

    Tomorrow Spotify no longer tells what a playlist was today.
    """
    time = context.scheduled_execution_time
    day = time.date()
    if time.hour > _FIRST_HOUR and (reason := reason_to_skip(context.resources.backends, day)):
        return SkipReason(reason)
    run_key = day.isoformat() if time.hour == _FIRST_HOUR else f"{day}T{time.hour}"
    return RunRequest(run_key=run_key, partition_key=day.isoformat())
