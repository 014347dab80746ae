"""What a command does, done part by part in a process of its own with the time taken of each; `benchmarks.fixed` asks.

A stopwatch is started before anything else is imported, so this package imports next to nothing.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Seconds by part, from the moment at which it was made."""

    def __init__(self) -> None:
        """Begin."""
        self.began = time.time()
        self.parts: dict[str, float] = {}

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        """Take the time of a part."""
        started = time.perf_counter()
        yield
        self.parts[part] = self.parts.get(part, 0.0) + time.perf_counter() - started

    def print(self) -> None:
        """Print what was taken, as JSON."""
        print(json.dumps({"began": self.began, "ended": time.time(), "parts": self.parts}))
