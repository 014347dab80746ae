"""Spark on this machine, or wherever the user's own configuration of Spark says."""

import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from dagster import OpExecutionContext, PipesSubprocessClient, PipesTempFileMessageReader

from spotify_pipeline.orchestration.spark_job import SparkJob
from spotify_pipeline.spark.requirements import require_spark


class LocalSparkJob(SparkJob):
    """A process of its own, which ends with its Spark."""

    def __init__(self, data_dir: Path, context: OpExecutionContext) -> None:
        """Work on a data folder."""
        super().__init__(context)
        self._data_dir, self._log = data_dir, data_dir / "spark.log"

    def facts(self) -> Mapping[str, Any]:
        """Where its log is."""
        return {"spark_log": str(self._log)}

    def _follow(self, day: date) -> None:
        require_spark()
        client = PipesSubprocessClient(message_reader=self._heard(PipesTempFileMessageReader()))
        arguments = [f"--day={day}", f"--data-dir={self._data_dir}", f"--log={self._log}"]
        command = [sys.executable, "-m", "spotify_pipeline.spark", *arguments]
        client.run(context=self._context, command=command)

    def _explain(self, failure: Exception | None) -> str:
        return f"The Spark job ended without telling what came of it ({failure or 'no error'}): see {self._log}."
