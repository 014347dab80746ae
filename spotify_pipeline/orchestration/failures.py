"""Errors of the steps as Dagster should treat them: explained, and retried only where that can help."""

from collections.abc import Iterator
from contextlib import contextmanager

from dagster import Backoff, Failure, Jitter, RetryPolicy

from spotify_pipeline.errors import PipelineError

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
