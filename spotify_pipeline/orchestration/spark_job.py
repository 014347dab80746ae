"""A job on Apache Spark, started and followed through Dagster Pipes: what is the same wherever Spark is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
from dagster import OpExecutionContext, PipesMessageReader
from dagster._core.errors import DagsterPipesExecutionError

from spotify_pipeline.errors import PipelineError
from spotify_pipeline.orchestration.pipes import HeardMessages
from spotify_pipeline.spark.answers import Outcome, Problem


class SparkError(PipelineError):
    """A Spark job cannot be started, or has not told what came of it."""


class SparkJob(ABC):
    """A job, as one step of Dagster runs it."""

    def __init__(self, context: OpExecutionContext) -> None:
        """Get ready; log lines go into the log and the progress of `context`."""
        self._context = context
        self._answers: list[Any] = []

    def run(self, day: date) -> Outcome:
        """Let it stage the tables of a day, and wait.

        Raises:
            SparkError: it could not be started, or could not do it; the sentence is the job's own, where it has one.
        """
        failure = None
        try:
            self._follow(day)
        except (DagsterPipesExecutionError, RuntimeError) as error:  # as Dagster's clients say that a job has failed
            failure = error
        answer = self._answer()
        if isinstance(answer, Problem):
            raise as_error(answer.error, may_pass=answer.may_pass)
        if failure or answer is None:
            raise SparkError(self._explain(failure))
        return answer

    @abstractmethod
    def facts(self) -> Mapping[str, Any]:
        """What Dagster shows of the job."""

    @abstractmethod
    def _follow(self, day: date) -> None:
        """Start it and wait for its end; any error says that it has failed."""

    @abstractmethod
    def _explain(self, failure: Exception | None) -> str:
        """Why there is no answer, in a sentence."""

    def _heard(self, reader: PipesMessageReader) -> HeardMessages:
        """The messages with the lines told to whoever waits, and the answer heard here."""
        return HeardMessages(reader, self._context.resources.progress.tell, self._answers.append)

    def _answer(self) -> Outcome | Problem | None:
        return msgspec.convert(self._answers[-1], Outcome | Problem) if self._answers else None


def as_error(sentence: str, *, may_pass: bool = False) -> SparkError:
    """An error that may pass, or not."""
    error = SparkError(sentence)
    error.may_pass = may_pass
    return error
