"""A clock for tests: time passes only when somebody waits, and then at once."""

import threading
from datetime import UTC, datetime, timedelta

from spotify_pipeline.spotify.patience import Clock, Patience, Tell


class FakeClock:
    """Time that begins at `start`; `waits` holds the seconds of each wait."""

    def __init__(self, start: datetime = datetime(2026, 1, 2, 5, tzinfo=UTC)) -> None:
        self._start, self._passed, self._lock = start, 0.0, threading.Lock()
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return 1_000.0 + self._passed

    def wait(self, seconds: float, interrupted: threading.Event) -> None:
        del interrupted
        with self._lock:
            self.waits.append(seconds)
            self._passed += seconds

    def pass_(self, seconds: float) -> None:
        """Let time pass while nobody waits."""
        with self._lock:
            self._passed += seconds

    def set_wall(self, hours: float) -> None:
        """Set the clock on the wall forward, or back; no time passes."""
        self._start += timedelta(hours=hours)

    def patience(self, tell: Tell = lambda _: None, **options: float | tuple[float, float]) -> Patience:
        """Patience by this clock."""
        clock = Clock(now=self.now, monotonic=self.monotonic, wait=self.wait)
        return Patience(clock, tell, **options)  # type: ignore[arg-type]  # as given
