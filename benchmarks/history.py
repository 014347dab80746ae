"""Whether a long history stays cheap: many playlists over many days, transformed and published one day after the other.

    .venv/bin/python -m benchmarks.history --playlists 1000 --days 365

It prints how long the last days took for each second that the first ones took, by step, and the most memory that the
process had. Each day one playlist in twenty changes: a few items come, go and move.
"""

import argparse
import json
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from spotify_pipeline.backends.local import LocalWarehouse
from spotify_pipeline.backends.stores import Stores
from spotify_pipeline.settings import load_settings
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Reading, Status
from spotify_pipeline.steps.publish import publish_day
from spotify_pipeline.steps.transform import transform_day

FIRST = date(2025, 1, 1)
ITEMS = 40
TRACKS = 20_000
CHANGING = 20  # one playlist in so many changes on a day
COMPARED_DAYS = 20


class Library:
    """Invented playlists that change from day to day."""

    def __init__(self, playlists: int) -> None:
        """Fill them."""
        self._random = random.Random(2026)  # noqa: S311  # the same playlists each time
        self.items = {f"{number:022d}": self._random.choices(range(TRACKS), k=ITEMS) for number in range(playlists)}

    def change(self) -> set[str]:
        """Another day: change some playlists, and say which."""
        changed = set(self._random.sample(sorted(self.items), k=max(1, len(self.items) // CHANGING)))
        for playlist_id in changed:
            items = self.items[playlist_id]
            items.insert(0, self._random.randrange(TRACKS))
            items.pop(self._random.randrange(len(items)))
            items.insert(self._random.randrange(len(items)), items.pop())
        return changed

    def document(self, playlist_id: str) -> bytes:
        """A playlist as Spotify would send it."""
        entries = [{"added_at": "2024-05-06T07:08:09Z", "item": _track(number)} for number in self.items[playlist_id]]
        return json.dumps(
            {"id": playlist_id, "name": f"Playlist {playlist_id}", "items": {"items": entries, "total": len(entries)}}
        ).encode()


def _track(number: int) -> dict[str, object]:
    artist = {"id": f"artist{number % 3000}", "name": f"Artist {number % 3000}"}
    album = {"id": f"album{number % 9000}", "name": f"Album {number % 9000}", "artists": [artist]}
    return {
        "type": "track",
        "id": f"{number:022d}",
        "uri": f"spotify:track:{number:022d}",
        "name": f"Song {number}",
        "duration_ms": 180_000,
        "album": album,
        "artists": [artist],
    }


def extract(backends: Stores, library: Library, day: date, changed: set[str], before: Manifest | None) -> None:
    """What an extraction leaves behind."""
    known = before.by_id() if before else {}
    rows = []
    for playlist_id, items in library.items.items():
        known_still = known[playlist_id].last_reading if known and playlist_id not in changed else None
        status, observed = (Status.UNCHANGED, known_still.observed_date) if known_still else (Status.OBSERVED, day)
        fetched_at = known_still.fetched_at if known_still else datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
        reading = Reading(day, status, observed, f"{observed}", len(items), len(items), fetched_at)
        row = Coverage(
            playlist_id,
            status,
            observed_date=observed,
            items_total=len(items),
            items_read=len(items),
            fetched_at=fetched_at,
            last_reading=reading,
        )
        if known_still:
            backends.raw.stage_copy(day, playlist_id, known_still.snapshot_date)
        else:
            backends.raw.stage_document(day, row, library.document(playlist_id))
        rows.append(row)
    backends.raw.commit(Manifest(day, rows))


class Stopwatch:
    """Seconds by step, one number a day."""

    def __init__(self) -> None:
        """Nothing is measured yet."""
        self.seconds: dict[str, list[float]] = {}

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Measure a step of a day."""
        began = time.perf_counter()
        yield
        self.seconds.setdefault(step, []).append(time.perf_counter() - began)


def run(folder: Path, playlists: int, days: int) -> Stopwatch:
    """Run the days."""
    backends = LocalWarehouse(load_settings(SPOTIFY_PIPELINE_DATA_DIR=str(folder)))
    library, stopwatch = Library(playlists), Stopwatch()
    manifest = None
    for number in range(days):
        day = FIRST + timedelta(days=number)
        extract(backends, library, day, library.change(), manifest)
        with stopwatch("transform"):
            raw_day = backends.raw.open_day(day)
            transform_day(backends, raw_day)
        with stopwatch("publish"):
            publish_day(backends, day)
        manifest = raw_day.manifest
        if (number + 1) % 50 == 0:
            print(f"{number + 1} days, {_peak_megabytes():,.0f} MB at most")
    with stopwatch("memberships"):
        answer = backends.engine.ask("SELECT count(*), count_if(is_current), max(days_max) FROM memberships")
    print(f"memberships: {answer.rows[0][0]:,} stays, {answer.rows[0][1]:,} of them current")
    return stopwatch


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--playlists", type=int, default=1000)
    parser.add_argument("--days", type=int, default=365)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="history-") as folder:
        stopwatch = run(Path(folder), options.playlists, options.days)
    for step, seconds in stopwatch.seconds.items():
        if len(seconds) > 1:
            # Not the very first, on which everything is new.
            first, last = (
                statistics.median(part) for part in (seconds[1 : COMPARED_DAYS + 1], seconds[-COMPARED_DAYS:])
            )
            print(f"{step}: the last {COMPARED_DAYS} days took {last / first:.2f} times the first ones")
    print(f"memory: {_peak_megabytes():,.0f} MB at most")


if __name__ == "__main__":
    main()
