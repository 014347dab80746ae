"""The transformation on Apache Spark; extraction and details stay in Dagster's process, where they mostly wait."""

from collections.abc import Mapping
from typing import Any

from dagster import OpExecutionContext

from spotify_pipeline.orchestration.compute import InProcess
from spotify_pipeline.orchestration.local_spark import LocalSparkJob
from spotify_pipeline.orchestration.spark_job import SparkJob
from spotify_pipeline.storage.raw import RawDay


class InSpark(InProcess):
    """A Spark job stages the tables; audit, publication and verification stay here, where their checks are."""

    def _stage_tables(self, context: OpExecutionContext, raw_day: RawDay) -> Mapping[str, Any]:
        """Start the job and follow it."""
        job = self._job(context)
        outcome = job.run(raw_day.manifest.snapshot_date)
        return {**job.facts(), "spark_shares": outcome.shares}

    def _job(self, context: OpExecutionContext) -> SparkJob:
        settings = self._backends.settings
        if settings.target == "local":
            return LocalSparkJob(settings.data_dir, context)
        # Late, because that imports dagster_aws, which takes two to five seconds.
        from spotify_pipeline.orchestration.glue_job import GlueJob  # noqa: PLC0415

        return GlueJob(settings.spark_job, str(settings.raw_bucket), context, self._backends.clock)
