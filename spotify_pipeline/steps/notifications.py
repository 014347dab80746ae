"""Telling of what has failed. The digest of a day is told by `digest.py`, which needs more than extraction has."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date

from spotify_pipeline.backends.base import Base
from spotify_pipeline.errors import PipelineError
from spotify_pipeline.notifications.outbox import never_failing, outboxes
from spotify_pipeline.storage.objects import SharedStore


def tell_failures(
    backends: Base, objects: SharedStore, day: date, sentences: Iterable[str], warn: Callable[[str], object]
) -> None:
    """Send what has failed, wherever the settings say; what was told of that day is not told again.

    Args:
        backends: the settings and the time.
        objects: where to remember what was sent: the raw documents' or the tables', as whoever fails may write them.
        day: the day that it is about.
        sentences: what has failed, one each, without a secret.
        warn: takes a sentence about what could not be sent.
    """
    listed = list(sentences)
    if not listed or backends.is_invented:
        return
    for outbox in outboxes(backends.settings, objects, backends.clock):
        with never_failing("What has failed", warn):
            outbox.failures(day, listed)


@contextmanager
def telling_failure(backends: Base, objects: SharedStore, day: date, warn: Callable[[str], object]) -> Iterator[None]:
    """Send the error with which the work inside ends, and let it pass; arguments as of `tell_failures`."""
    try:
        yield
    except PipelineError as error:
        tell_failures(backends, objects, day, [str(error)], warn)
        raise
