"""Retention as an asset, which is there only if the settings say how many days to keep."""

from typing import Any

from dagster import AssetExecutionContext, AssetsDefinition, DailyPartitionsDefinition, MaterializeResult, asset

from spotify_pipeline.orchestration.compute import logged_progress
from spotify_pipeline.orchestration.failures import explained
from spotify_pipeline.steps.retention import plan_removal, remove_days

RETENTION = "retention"


def build_retention(partitions: DailyPartitionsDefinition, keep_days: int) -> AssetsDefinition:
    """The asset. Whatever day it is run for, it goes by today."""

    @asset(
        name=RETENTION,
        partitions_def=partitions,
        deps=["catalog"],
        required_resource_keys={"backends", "progress"},
    )
    def retention(context: AssetExecutionContext) -> MaterializeResult[Any]:
        """No raw documents, tables or catalog entries of days that are older than what is kept."""
        backends = context.resources.backends
        with explained():
            removal = plan_removal(backends, keep_days)
            remove_days(backends, removal, progress=logged_progress(context.op_execution_context))
        return MaterializeResult(
            metadata={
                "first_day_kept": str(removal.first_kept),
                "days_removed": len(removal.days),
                "published_days_removed": removal.published,
                "files_removed": removal.files,
                "bytes_removed": removal.bytes,
            }
        )

    return retention
