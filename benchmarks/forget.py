"""How long it takes to forget a playlist, or an account that stands in most of them, and to remove half of the days.

    .venv/bin/python -m benchmarks.forget --playlists 300 --days 365

It makes an invented history of so many days, raw documents and published tables, and copies it for each of the three.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from benchmarks.invented_days import FIRST, InventedDays
from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.settings import load_settings
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Status
from spotify_pipeline.steps.forget import forget, trace
from spotify_pipeline.steps.retention import plan_removal, remove_days
from spotify_pipeline.storage.gzipped import compress
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline.tables.parquet import to_parquet

ITEMS = 100
CHANGING = 0.05  # of the playlists, on a day


def make(folder: Path, playlists: int, days: int) -> None:
    """Write a history as a pipeline that was never killed leaves it, without a file system's waiting for the disk."""
    documents: dict[str, bytes] = {}
    for day, frames in InventedDays(playlists, ITEMS, CHANGING).days(days):
        coverage = frames["coverage"]
        for playlist_id in coverage.filter(pl.col("observed_date") == day)["playlist_id"]:
            documents[playlist_id] = compress(document(playlist_id, frames))
        raw = _made(folder / "raw" / "playlists" / f"snapshot_date={day}")
        rows = []
        for row in coverage.sort("playlist_id").iter_rows(named=True):
            (raw / f"{row['playlist_id']}.json.gz").write_bytes(documents[row["playlist_id"]])
            rows.append(Coverage(**(row | {"status": Status(row["status"])})))
        (raw / "_manifest.json").write_bytes(msgspec.json.encode(Manifest(day, rows)))
        for name, frame in frames.items():
            partition = _made(folder / "tables" / name / f"snapshot_date={day}")
            (partition / "part-0.parquet").write_bytes(to_parquet(TABLES[name], frame))


def document(playlist_id: str, frames: dict[str, pl.DataFrame]) -> bytes:
    """A playlist as Spotify would have sent it, as far as these commands look at it."""
    (row,) = frames["playlists"].filter(pl.col("playlist_id") == playlist_id).iter_rows(named=True)
    items = frames["playlist_items"].filter(pl.col("playlist_id") == playlist_id).sort("position")
    entries = [_entry(item) for item in items.iter_rows(named=True)]
    owner = {"id": row["owner_id"], "display_name": row["owner_name"]}
    page = {"items": entries, "total": len(entries), "next": None}
    return msgspec.json.encode({"id": playlist_id, "name": row["name"], "owner": owner, "items": page})


def _entry(item: dict[str, Any]) -> dict[str, Any]:
    user, address = item["added_by_id"], "https://open.spotify.com/user/"
    return {
        "added_at": item["added_at"],
        "added_by": {"id": user, "uri": f"spotify:user:{user}", "external_urls": {"spotify": f"{address}{user}"}},
        "item": {
            "id": item["track_id"],
            "uri": item["item_key"],
            "name": item["name"],
            "images": [f"https://i.scdn.co/image/{item['track_id']}-{size}" for size in range(20)],
        },
    }


def main() -> None:
    """Make the history, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--playlists", type=int, default=300)
    parser.add_argument("--days", type=int, default=365)
    options = parser.parse_args()
    last = FIRST + timedelta(days=options.days - 1)
    with tempfile.TemporaryDirectory() as work:
        original = Path(work, "original")
        make(original, options.playlists, options.days)
        newest = _opened(original, last).tables.read_published("playlists", last).row(0, named=True)
        for name, playlists, users in (
            ("a playlist", [newest["playlist_id"]], []),
            ("an account", [], [newest["owner_id"]]),
        ):
            with _measured(f"forget {name}", original, last) as backends:
                forget(backends, trace(backends, playlists, users))
        with _measured("remove half of the days", original, last) as backends:
            remove_days(backends, plan_removal(backends, options.days // 2))


@contextmanager
def _measured(what: str, original: Path, today: date) -> Iterator[Backends]:
    """Give the backends of a copy, and print how long they are used."""
    copy = original.with_name("copy")
    shutil.copytree(original, copy)
    began = time.monotonic()
    yield _opened(copy, today)
    print(f"{what}: {time.monotonic() - began:.0f} s", flush=True)  # it is what this program is for
    shutil.rmtree(copy)


def _opened(folder: Path, today: date) -> Backends:
    return choose_backends(
        load_settings(
            SPOTIFY_PIPELINE_DATA_DIR=str(folder),
            SPOTIFY_PIPELINE_API_URL="http://127.0.0.1:1/v1/",
            SPOTIFY_PIPELINE_TODAY=str(today),
        )
    )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


if __name__ == "__main__":
    main()
