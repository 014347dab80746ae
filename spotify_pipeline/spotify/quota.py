"""How many requests the app may still send: Spotify's quota and the user's own budget, remembered from run to run."""

import threading
from datetime import date, datetime, timedelta
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from spotify_pipeline.spotify.errors import QuotaError
from spotify_pipeline.spotify.patience import Clock

_LONGEST_BLOCK = timedelta(days=7)
"""Nothing that says to wait longer is believed: it is garbage, or was written down when the clock was wrong."""

_WRITTEN_AHEAD = 25  # requests: a run that is killed has then counted up to so many too many, never one too few


class Memory(Protocol):
    """Where the state of the quota is kept: a few bytes, replaced whole or not at all."""

    def load(self) -> bytes | None:
        """What was saved last."""
        ...

    def save(self, state: bytes) -> None:
        """Keep these bytes."""
        ...


class Forgetful:
    """Remembers nothing beyond the process."""

    def __init__(self) -> None:
        self._state: bytes | None = None

    def load(self) -> bytes | None:
        """What was saved last."""
        return self._state

    def save(self, state: bytes) -> None:
        """Keep these bytes."""
        self._state = state


class QuotaState(Struct, frozen=True):
    """What is known of the quota. `spent` are the requests of `day`, all runs together."""

    day: date
    spent: int = 0
    blocked_until: Annotated[datetime, Meta(tz=True)] | None = None


class BudgetError(QuotaError):
    """The user's own budget is spent, but for what was kept back of it."""


class Quota:
    """Counts the requests of all threads, and says no where Spotify or the budget does."""

    def __init__(self, memory: Memory, clock: Clock, today: date, budget: int | None = None) -> None:
        """Nothing is loaded yet."""
        self._memory, self._clock, self._today, self._budget = memory, clock, today, budget
        self._lock = threading.Lock()
        self._saved: QuotaState | None = None  # as last loaded or saved
        self._spent = 0  # by this process
        self._booked = 0  # of the saved number, what stands for this process
        self._reserved = 0

    def state(self) -> QuotaState:
        """What is known now."""
        with self._lock:
            return self._current()

    def require(self) -> None:
        """Make sure that a request may be sent.

        Raises:
            QuotaError: none may, for longer than a run can wait; the message says until when.
        """
        with self._lock:
            self._require(self._current())

    def spend(self) -> None:
        """Count a request that is about to be sent.

        Raises:
            QuotaError: it may not be sent; the message says until when.
        """
        with self._lock:
            self._require(self._current())
            if self._spent == self._booked:
                self._save(ahead=_WRITTEN_AHEAD)
            self._spent += 1

    def reserve(self, requests: int) -> None:
        """Keep so many requests of the budget back; 0 sets them free."""
        with self._lock:
            self._reserved = requests

    def block(self, seconds: float) -> QuotaError:
        """Remember that Spotify wants no request for so long, and give the error that says so."""
        with self._lock:
            until = self._clock.now() + min(timedelta(seconds=seconds), _LONGEST_BLOCK)
            self._save(ahead=0, blocked_until=until)
            return _used_up(until)

    def save(self) -> None:
        """Write down exactly what was spent, as a last thing."""
        with self._lock:
            if self._spent != self._booked:
                self._save(ahead=0)

    def _current(self) -> QuotaState:
        self._saved = self._saved or self._load()
        return replace(self._saved, spent=max(0, self._saved.spent - self._booked) + self._spent)

    def _load(self) -> QuotaState:
        saved = self._memory.load()
        try:
            state = msgspec.json.decode(saved, type=QuotaState) if saved else QuotaState(self._today)
        except (msgspec.DecodeError, UnicodeDecodeError):  # it only saves requests, so it is not worth a failed day
            state = QuotaState(self._today)
        if state.blocked_until and state.blocked_until - self._clock.now() > _LONGEST_BLOCK:
            state = replace(state, blocked_until=None)
        return state if state.day == self._today else QuotaState(self._today, blocked_until=state.blocked_until)

    def _save(self, ahead: int, blocked_until: datetime | None = None) -> None:
        # Loaded anew, because another process may have counted its requests meanwhile.
        self._saved = self._load()
        state = self._current()
        self._booked = self._spent + ahead
        self._saved = replace(state, spent=state.spent + ahead, blocked_until=blocked_until or state.blocked_until)
        self._memory.save(msgspec.json.encode(self._saved))

    def _require(self, state: QuotaState) -> None:
        if state.blocked_until and self._clock.now() < state.blocked_until:
            raise _used_up(state.blocked_until)
        if self._budget is not None and state.spent >= self._budget - self._reserved:
            raise BudgetError(
                f"The budget of {self._budget} requests a day is used up: run again tomorrow, or raise "
                "SPOTIFY_PIPELINE_REQUEST_BUDGET."
            )


def _used_up(until: datetime) -> QuotaError:
    return QuotaError(
        f"Spotify's quota for this app is used up: it may be asked again from {until:%Y-%m-%d %H:%M} UTC; run again "
        "after that."
    )
