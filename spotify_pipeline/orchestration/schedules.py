"""When the daily job runs."""

from dagster import RunRequest, ScheduleEvaluationContext, schedule

DAILY_JOB = "daily_snapshot"


@schedule(job_name=DAILY_JOB, cron_schedule="0 5 * * *", execution_timezone="UTC")
def daily_snapshot_schedule(context: ScheduleEvaluationContext) -> RunRequest:
    """Early every day, the partition of that day, once."""
    day = context.scheduled_execution_time.date().isoformat()
    return RunRequest(run_key=day, partition_key=day)
