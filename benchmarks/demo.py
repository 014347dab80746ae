"""Where the time of the demo goes: `spotify-pipeline demo` in a new folder, and how much of it each part took.

    .venv/bin/python -m benchmarks.demo --days 30

A timer interrupts the program every few milliseconds. The seconds since it did so last, of the clock and of both cores,
go to the part in which it is then: the innermost of the parts below on its stack. So each second is counted once, those
of threads with what waits for them, and a library's with whatever of ours has called it.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Self

_EVERY = 0.004  # seconds
_SHORTEST = 0.1  # seconds, for which a part gets a row of its own

# The part of whatever is called by a file whose path contains this.
_PARTS = {
    "dagster/_core/storage/": "Dagster's databases: events, runs, checks",
    "spotify_pipeline/orchestration/instance": "Dagster's databases: events, runs, checks",
    "spotify_pipeline/demo/catalogue": "the stand-in for Spotify",
    "spotify_pipeline/demo/": "the stand-in for Spotify",
    "spotify_pipeline/report/pictures": "pictures of tables and of the report",
    "spotify_pipeline/report/page": "the report: its page",
    "spotify_pipeline/report/charts": "the report: its charts' specifications",
    "spotify_pipeline/report/": "the report: its sentences and rows",
    "spotify_pipeline/steps/report": "the report: writing it",
    "spotify_pipeline/query/": "SQL",
    "spotify_pipeline/catalog/": "publishing and verifying the catalog",
    "spotify_pipeline/storage/": "reading and writing files",
    "spotify_pipeline/spotify/": "extraction",
    "spotify_pipeline/steps/extract": "extraction",
    "spotify_pipeline/tables/": "transformation and audit",
    "spotify_pipeline/steps/": "other steps",
    "spotify_pipeline/orchestration/": "assets, checks and their metadata",
    "spotify_pipeline/definitions": "Dagster's definitions of the assets",
    "dagster/": "Dagster itself",
    "importlib._bootstrap>": "importing modules",
    "spotify_pipeline/cli/": "the rest",
}


class Sampler:
    """Adds up seconds by part while it is entered."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.wall: dict[str, float] = defaultdict(float)
        self.cpu: dict[str, float] = defaultdict(float)
        self._seen = self._now()

    def __enter__(self) -> Self:
        self._seen = self._now()
        signal.signal(signal.SIGALRM, self._sample)
        signal.siginterrupt(signal.SIGALRM, False)
        signal.setitimer(signal.ITIMER_REAL, _EVERY, _EVERY)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._sample(0, None)

    def _now(self) -> tuple[float, float]:
        return time.perf_counter(), time.process_time()

    def _sample(self, _: int, frame: FrameType | None) -> None:
        now = self._now()
        part = next(_parts_of(frame), "the rest")
        self.wall[part] += now[0] - self._seen[0]
        self.cpu[part] += now[1] - self._seen[1]
        self._seen = now


def _parts_of(frame: FrameType | None) -> Iterator[str]:
    while frame is not None:
        path = frame.f_code.co_filename
        for place, part in _PARTS.items():
            if place in path:
                yield part
        frame = frame.f_back


def main() -> None:
    """Run the demo and print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--days", type=int, default=30)
    days = arguments.parse_args().days
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SPOTIFY_PIPELINE_DATA_DIR"] = folder
        out = sys.stdout
        with Path(os.devnull).open("w") as sys.stdout, Sampler() as sampler:
            from spotify_pipeline.cli.main import cli  # noqa: PLC0415  # importing it is a part as well

            cli.main(["demo", "--days", str(days)], standalone_mode=False)
        sys.stdout = out
    wall, cpu = sum(sampler.wall.values()), sum(sampler.cpu.values())
    print(f"{'part':<48}{'seconds':>9}{'CPU':>9}{'share':>8}")
    for part, seconds in sorted(sampler.wall.items(), key=lambda item: -item[1]):
        print(f"{part:<48}{seconds:>9.1f}{sampler.cpu[part]:>9.1f}{seconds / wall:>8.0%}")
    print(f"{'all':<48}{wall:>9.1f}{cpu:>9.1f}")


if __name__ == "__main__":
    main()
