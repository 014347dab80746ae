"""The daily job and when it runs."""

from dagster import (
    AssetSelection,
    RunRequest,
    ScheduleEvaluationContext,
    define_asset_job,
    in_process_executor,
    schedule,
)

daily_snapshot = define_asset_job(
    "daily_snapshot",
    selection=AssetSelection.all(),
    executor_def=in_process_executor,  # a process for each step costs 2 to 3 s
    description="One day from Spotify to SQL: extract, transform, audit, publish.",
)


@schedule(job=daily_snapshot, cron_schedule="0 5 * * *", execution_timezone="UTC")
def daily_snapshot_schedule(context: ScheduleEvaluationContext) -> RunRequest:
    """Early every day, the partition of that day, once."""
    day = context.scheduled_execution_time.date().isoformat()
    return RunRequest(run_key=day, partition_key=day)
