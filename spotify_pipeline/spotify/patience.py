"""How long to wait for what: time-outs, pauses between attempts, and waiting that is told and can be ended."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from spotify_pipeline.spotify.errors import OutOfTimeError, UnreachableError

Tell = Callable[[str], None]
"""Is told, in a few words, what is being waited for."""

_WORTH_TELLING_SECONDS = 1.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 8.0


def _wait(seconds: float, interrupted: threading.Event) -> None:
    interrupted.wait(seconds)


@dataclass(frozen=True)
class Clock:
    """The time, and waiting for it to pass; tests have one that is always right on time."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic
    wait: Callable[[float, threading.Event], None] = _wait
    """Let seconds pass, or return early when the event is set."""


class Patience:
    """The time-outs and pauses of everything that one client does, in all of its threads.

    Attributes:
        clock: the time.
        timeout: seconds for connecting, and between two bytes of an answer.
        answer_seconds: for a whole answer; a server that sends a byte now and then would otherwise never be given up.
        attempts: how often a request is sent that gets no answer, or none that can be read.
        deadline: from when on nothing more is asked or waited for, where the run has a limited time.
    """

    def __init__(
        self,
        clock: Clock = Clock(),
        tell: Tell = lambda _: None,
        *,
        timeout: tuple[float, float] = (10.0, 30.0),
        answer_seconds: float = 120.0,
        attempts: int = 4,
        deadline: datetime | None = None,
    ) -> None:
        self.clock, self.timeout, self.answer_seconds, self.attempts = clock, timeout, answer_seconds, attempts
        self.deadline = deadline
        self._tell = tell
        self._interrupted = threading.Event()

    def pauses(self) -> Iterator[float]:
        """The seconds to wait before each further attempt: longer and longer, and by chance, so that threads spread."""
        for attempt in range(self.attempts - 1):
            longest = min(_FIRST_PAUSE_SECONDS * 2**attempt, _LONGEST_PAUSE_SECONDS)
            yield random.uniform(longest / 2, longest)  # noqa: S311  # no secret

    def wait(self, seconds: float, why: str = "") -> None:
        """Let time pass; a longer wait is told. Each request comes through here, if only to wait for no time at all.

        Raises:
            OutOfTimeError: the deadline would be over afterwards.
            UnreachableError: `end` was called, so whoever waits should give up.
        """
        if self.deadline and self.clock.now() + timedelta(seconds=seconds) >= self.deadline:
            raise OutOfTimeError("The time for this run is up: what is missing is read when the day is run again.")
        if why and seconds >= _WORTH_TELLING_SECONDS:
            self._tell(f"{why}: waiting {seconds:.0f} s")
        if seconds > 0:
            self.clock.wait(seconds, self._interrupted)
        if self._interrupted.is_set():
            raise UnreachableError("The run was interrupted.")

    def end(self) -> None:
        """Let all that wait now, or will, give up at once."""
        self._interrupted.set()
