"""The pace of requests: as fast as they come until Spotify limits the rate, then as fast as it has shown to allow."""

import math
import threading
from collections import deque

from spotify_pipeline.spotify.patience import Patience

_WINDOW_SECONDS = 30.0
"""Spotify counts the requests of an app in a rolling window of this length."""

_SHARE = 0.9  # of what was allowed when the limit was met: others may use the same app
_QUICKEN = 0.95  # of the interval, after each window without a limit: what was learned may have been a bad moment
_QUICKEN_FAST = 0.5  # where others met the limit: what they leave today says little about what is allowed
_SHORTEST_INTERVAL = 0.005
_WORTH_TELLING_SECONDS = 10.0  # of the spacing: one request after the other waits for it


class Pace:
    """Gives the requests of all threads their turns."""

    def __init__(self, patience: Patience) -> None:
        """Without limit at first: Spotify does not say what it allows."""
        self._patience = patience
        self._lock = threading.Lock()
        self._turns: deque[float] = deque()  # of the newest window
        self._interval = 0.0
        self._quicken = _QUICKEN
        self._next_turn = 0.0
        self._limited_at = -math.inf  # until then, lately, no request could be sent

    def wait_for_turn(self) -> None:
        """Return when the next request may be sent."""
        with self._lock:
            self._forget(self._patience.clock.monotonic())
        while seconds := self._seconds_to_wait():
            is_limited = self._patience.clock.monotonic() < self._limited_at
            is_told = is_limited or seconds >= _WORTH_TELLING_SECONDS
            self._patience.wait(seconds, "Spotify limits the rate of requests" if is_told else "")
        self._patience.wait(0)  # ends where the run was interrupted

    def _seconds_to_wait(self) -> float:
        """0 where it is the caller's turn, which is then taken.

        Nobody takes a turn ahead: whoever waits would not hear of a limit that is met or gone meanwhile.
        """
        with self._lock:
            now = self._patience.clock.monotonic()
            seconds = max(0.0, self._next_turn - now)
            if not seconds:
                self._next_turn = now + self._interval
                self._turns.append(now)
            return seconds

    def slow_down(self, seconds: float) -> None:
        """Learn from a refused request that the rate was too high, and that none may be sent for so many seconds.

        All threads wait, and go on one after the other: if they went on together, they would meet the limit again.
        """
        with self._lock:
            now = self._patience.clock.monotonic()
            self._forget(now)
            if self._turns:
                self._turns.pop()  # the refused request
            if now >= self._limited_at:  # else other threads met the same limit, which says nothing new
                self._learn(max(1, len(self._turns)))
            self._next_turn = max(self._next_turn, now + seconds)
            self._limited_at = now + seconds

    def _learn(self, allowed: int) -> None:
        """Take it that so many requests are allowed in a window, which may be few because there were others before."""
        is_own = allowed * self._interval >= _WINDOW_SECONDS / 2
        self._quicken = _QUICKEN if is_own else _QUICKEN_FAST
        self._interval = max(self._interval, _WINDOW_SECONDS / (allowed * _SHARE))

    def _forget(self, now: float) -> None:
        """Let go what is longer ago than a window, and quicken for each window that passed without a limit."""
        while self._turns and self._turns[0] <= now - _WINDOW_SECONDS:
            self._turns.popleft()
        while self._interval and now - self._limited_at >= _WINDOW_SECONDS:
            self._limited_at += _WINDOW_SECONDS
            self._interval *= self._quicken
            if self._interval < _SHORTEST_INTERVAL:
                self._interval = 0.0
