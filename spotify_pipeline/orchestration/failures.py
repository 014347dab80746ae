"""Errors of the steps as Dagster should treat them, retried only where that can help; and what has failed in a run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from dagster import AssetCheckEvaluation, Backoff, DagsterEvent, DagsterEventType, Failure, Jitter, RetryPolicy

from spotify_pipeline.errors import PipelineError
from spotify_pipeline.steps.publish import not_published

RETRY_POLICY = RetryPolicy(max_retries=3, delay=30, backoff=Backoff.EXPONENTIAL, jitter=Jitter.PLUS_MINUS)
"""For what may pass, such as a network that is down; `explained` rules out the rest."""


@contextmanager
def explained() -> Iterator[None]:
    """Turn errors into Dagster failures; only those that may pass are retried, bugs never are."""
    try:
        yield
    except PipelineError as error:
        raise Failure(description=str(error), allow_retries=error.may_pass) from error
    except Exception as error:
        raise Failure(description=f"{type(error).__name__}: {error}", allow_retries=False) from error


def failures(events: Sequence[DagsterEvent], day: date, *, has_failed: bool) -> list[str]:
    """What has failed in a run of a day, a sentence each: if the run itself has, its cause comes first."""
    checks = failed_checks(events)
    return [
        *([_cause(events, checks, day)] if has_failed else []),
        *(described(check) for check in checks if not check.blocking),  # those that block are the cause
    ]


def failed_checks(events: Sequence[DagsterEvent]) -> list[AssetCheckEvaluation]:
    """The checks that were not passed, in the order in which they were made."""
    made = [event for event in events if event.event_type is DagsterEventType.ASSET_CHECK_EVALUATION]
    return [check for event in made if not (check := event.asset_check_evaluation_data).passed]


def _cause(events: Sequence[DagsterEvent], checks: Sequence[AssetCheckEvaluation], day: date) -> str:
    if blocking := [described(check) for check in checks if check.blocking]:
        return not_published(day, blocking)
    for event in events:
        if event.is_step_failure:
            return next(reversed(list(_messages(event))))
    return "The run failed before its first step; run with --verbose for Dagster's log."


def described(check: AssetCheckEvaluation) -> str:
    """Which check it is, and what it found."""
    return f"{check.asset_key.to_user_string()}.{check.check_name}: {check.description}"


def _messages(event: DagsterEvent) -> Iterator[str]:
    """What each error in the chain says, from the outermost to the first cause, without its class."""
    failure = event.step_failure_data
    error = failure.error
    yield event.message or ""
    while error is not None:
        name, _, message = error.message.strip().partition(": ")
        yield message or name
        error = error.cause
    if failure.user_failure_data is not None and failure.user_failure_data.description:
        yield failure.user_failure_data.description
