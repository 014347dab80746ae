"""One call of a function: its log, its time, its metrics, and Dagster, if it is Dagster that called."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date, timedelta
from typing import Any, Protocol

import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from msgspec import Struct

from spotify_pipeline.backends.base import Base
from spotify_pipeline.errors import PipelineError
from spotify_pipeline.lambdas import pipes
from spotify_pipeline.lambdas.answers import Problem
from spotify_pipeline.progress import LoggedProgress
from spotify_pipeline.spotify.patience import Clock, Patience, Tell
from spotify_pipeline.steps.notifications import telling_failure
from spotify_pipeline.storage.lease import leased
from spotify_pipeline.storage.objects import SharedStore

_LOG = Logger(service="spotify-pipeline", location=None)
_NAMESPACE = "SpotifyPipeline"
_MARGIN_SECONDS = 150.0
"""Kept back for the request that is under way, and for storing what is complete."""
_MARGIN_SHARE = 0.25  # of the time that there is, where that is less
_ANSWER_SECONDS = 60.0  # for one answer of Spotify: less than the margin


class LambdaContext(Protocol):
    """What Lambda tells of an invocation, as far as it is used."""

    aws_request_id: str
    function_name: str
    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int:
        """The milliseconds until Lambda ends the function."""
        ...


class Invocation:
    """One call of a function.

    Attributes:
        request_id: of the event; Lambda gives a repeated event the same.
        function: the ARN with which the function was called.
        ends: when Lambda ends it.
        deadline: when it should stop asking, so that what is complete can still be stored.
        progress: lines for the log.
        clock: the time.
        is_of_dagster: whether Dagster waits for the answer.
    """

    def __init__(self, context: LambdaContext, tell_dagster: Tell | None) -> None:
        """Begin now."""
        seconds = context.get_remaining_time_in_millis() / 1000
        self.request_id, self.function = context.aws_request_id, context.invoked_function_arn
        self.clock, self.is_of_dagster = Clock(), tell_dagster is not None
        self.ends = self.clock.now() + timedelta(seconds=seconds)
        self.deadline = self.ends - timedelta(seconds=min(_MARGIN_SECONDS, seconds * _MARGIN_SHARE))
        self.progress = LoggedProgress(self.tell)
        self._tell_dagster = tell_dagster
        self._metrics = EphemeralMetrics(namespace=_NAMESPACE)
        self._metrics.add_dimension("FunctionName", context.function_name)

    def patience(self, tell: Tell) -> Patience:
        """Patience that ends with the time there is."""
        return Patience(self.clock, tell, answer_seconds=_ANSWER_SECONDS, deadline=self.deadline)

    def alone(self, objects: SharedStore, work: str) -> AbstractContextManager[None]:
        """Do a work alone; another invocation that is at it is waited for, while there is time.

        Raises:
            LeaseTakenError: there was not enough.
            StorageError: the lease in `objects` cannot be read or written.
        """
        return leased(objects, work, self.request_id, self.ends, self.clock, wait_until=self.deadline)

    def telling_failure(self, backends: Base, objects: SharedStore, day: date) -> AbstractContextManager[None]:
        """As the step of that name; Dagster, if it has called, tells by itself."""
        return nullcontext() if self.is_of_dagster else telling_failure(backends, objects, day, self.warn)

    def tell(self, text: str) -> None:
        """Write a line to the log, and to Dagster's."""
        _LOG.info(text)
        if self._tell_dagster:
            self._tell_dagster(text)

    def warn(self, text: str) -> None:
        """Write a line that somebody should see."""
        _LOG.warning(text)
        if self._tell_dagster:
            self._tell_dagster(text)

    def count(self, metrics: Mapping[str, int]) -> None:
        """Add metrics that are numbers of something."""
        for name, value in metrics.items():
            self._metrics.add_metric(name, MetricUnit.Count, value)

    def flush(self, seconds: float) -> None:
        """Write the metrics to the log, where CloudWatch finds them."""
        self._metrics.add_metric("Seconds", MetricUnit.Seconds, seconds)
        self._metrics.flush_metrics()


def answer(
    event: Mapping[str, Any],
    context: LambdaContext,
    work: Callable[[Invocation], Struct],
) -> dict[str, Any]:
    """Do the work of a function, and give its outcome as the function's answer.

    To Dagster, an error that the user can put right is the answer, a `Problem`; to others it is raised, so that Lambda
    repeats the event and hands it to the dead-letter queue at last.

    Raises:
        PipelineError: something that the user can put right; its message is all that there is to know.
    """
    _LOG.clear_state()
    _LOG.append_keys(function_name=context.function_name, request_id=context.aws_request_id)
    with pipes.session(event) as dagster:
        invocation = Invocation(context, dagster.log.info if dagster else None)
        try:
            with _timed(invocation):
                outcome: dict[str, Any] = msgspec.to_builtins(work(invocation))
        except PipelineError as error:
            _LOG.error(str(error), extra={"error": type(error).__name__})
            if dagster is None:
                raise error.with_traceback(None) from None  # the message is for people, and says it all
            outcome = msgspec.to_builtins(Problem(str(error), error.may_pass))
        _LOG.info("done", extra={"outcome": outcome})
    return outcome


@contextmanager
def _timed(invocation: Invocation) -> Iterator[None]:
    started = time.monotonic()
    try:
        yield
    finally:
        invocation.flush(time.monotonic() - started)
