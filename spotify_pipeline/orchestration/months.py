"""Months as an asset, which is there only if the settings ask for it, with a job and a schedule of its own."""

from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetsDefinition,
    AssetSelection,
    MaterializeResult,
    MonthlyPartitionsDefinition,
    RunRequest,
    ScheduleEvaluationContext,
    SkipReason,
    asset,
    define_asset_job,
    schedule,
)

from spotify_pipeline.orchestration.assets import OWNERS
from spotify_pipeline.orchestration.compute import logged_progress
from spotify_pipeline.orchestration.failures import RETRY_POLICY, explained
from spotify_pipeline.orchestration.partitions import partition_day
from spotify_pipeline.steps.months import compact_month, stale_months
from spotify_pipeline.tables.declarations import TABLES

MONTHS = "table_months"
_JOB = "compact_months"
_VERSION = "1"

compact_months = define_asset_job(
    _JOB,
    selection=AssetSelection.assets(MONTHS),
    description="Copies the published days of a month into a few large files, which SQL then reads.",
    op_retry_policy=RETRY_POLICY,
)


def build_months(partitions: MonthlyPartitionsDefinition) -> AssetsDefinition:
    """The asset."""

    @asset(
        name=MONTHS,
        partitions_def=partitions,
        deps=list(TABLES),
        group_name="catalog",
        kinds={"polars", "parquet"},
        owners=OWNERS,
        code_version=_VERSION,
        required_resource_keys={"backends", "progress"},
    )
    def table_months(context: AssetExecutionContext) -> MaterializeResult[Any]:
        """Copies of the published days, a month of each table together: SQL reads less where it looks at many days."""
        progress = logged_progress(context.op_execution_context)
        with explained():
            made = compact_month(context.resources.backends, partition_day(context.partition_key), progress=progress)
        return MaterializeResult(
            metadata={"published_days": made.days, "dagster/row_count": made.rows, "bytes": made.bytes}
        )

    return table_months


@schedule(
    job_name=_JOB,
    cron_schedule="0 12 2 * *",
    execution_timezone="UTC",
    required_resource_keys={"backends"},
)
def compact_months_schedule(context: ScheduleEvaluationContext) -> list[RunRequest] | SkipReason:
    """On the second of each month all months that are over, and are not there yet or no longer what is published."""
    stale = stale_months(context.resources.backends)
    if not stale:
        return SkipReason("All months that are over are there as they are published.")
    tick = context.scheduled_execution_time.date()
    return [RunRequest(run_key=f"{first} {tick}", partition_key=first.isoformat()) for first in stale]
