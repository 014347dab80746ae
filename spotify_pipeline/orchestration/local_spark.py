"""Spark on this machine, or wherever the user's own configuration of Spark says."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from dagster import OpExecutionContext, PipesSubprocessClient, PipesTempFileMessageReader

from spotify_pipeline.orchestration.spark_job import SparkError, SparkJob


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
        # Executors on this machine take whichever `python3` is first on the PATH, unless they are told.
        python = os.environ.get("PYSPARK_PYTHON", sys.executable)
        client.run(context=self._context, command=command, env={"PYSPARK_PYTHON": python})

    def _explain(self, failure: Exception | None) -> str:
        return f"The Spark job ended without telling what came of it ({failure or 'no error'}): see {self._log}."


def require_spark() -> None:
    """Make sure that Spark can be started here.

    Raises:
        SparkError: something is missing.
    """
    if importlib.util.find_spec("pyspark") is None:
        raise SparkError("Spark is not installed: install spotify-pipeline[spark], or unset SPOTIFY_PIPELINE_COMPUTE.")
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise SparkError("Spark needs Java 17 or newer: install it, or name its folder in JAVA_HOME.")
