"""Lays an invented day into a data folder, as an extraction would leave it.

    .venv/bin/python -m benchmarks.raw_day --items 100000 FOLDER

Everything goes through the project's own raw store, compression included. `--plain` writes the same documents, not
compressed, into another folder as well.
"""

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from benchmarks.catalogue import Shape
from benchmarks.documents import Library
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Reading, Status
from spotify_pipeline.storage.objects import open_store
from spotify_pipeline.storage.raw import RawStore

DAY = date(2025, 6, 1)
_FETCHED_AT = datetime(2025, 6, 1, 5, tzinfo=UTC)
_SHARES = os.cpu_count() or 1


@dataclass(frozen=True)
class Laid:
    """What a share of the playlists has come to.

    Attributes:
        rows: of the manifest.
        json_bytes: what the documents are long, not compressed.
    """

    rows: list[Coverage]
    json_bytes: int


def lay_raw_day(library: Library, data_dir: Path, day: date = DAY, plain: Path | None = None) -> int:
    """Lay a finished day, and say how long its JSON is.

    Args:
        library: the playlists.
        data_dir: the data folder of the local target.
        day: the day on which they are observed.
        plain: where the documents go a second time as `<playlist_id>.json`, if anywhere.

    Returns:
        The bytes of all documents together, not compressed.
    """
    if plain:
        plain.mkdir(parents=True, exist_ok=True)
    lay = partial(_lay_share, library, data_dir, day, plain)
    if len(library.lengths) < _SHARES * 20:  # a process would take longer than the documents
        laid = [lay(0, 1)]
    else:
        with ProcessPoolExecutor(_SHARES, get_context("spawn")) as pool:
            laid = list(pool.map(lay, range(_SHARES), [_SHARES] * _SHARES))
    rows = sorted((row for share in laid for row in share.rows), key=lambda row: row.playlist_id)
    _raw_store(data_dir).commit(Manifest(day, rows, requests=sum(row.requests for row in rows)))
    return sum(share.json_bytes for share in laid)


def _lay_share(library: Library, data_dir: Path, day: date, plain: Path | None, share: int, shares: int) -> Laid:
    store, rows, json_bytes = _raw_store(data_dir), [], 0
    for document in library.documents(share, shares):
        row = _row(document.playlist_id, document.items, day)
        store.stage_document(day, row, document.json)
        if plain:
            (plain / f"{document.playlist_id}.json").write_bytes(document.json)
        rows.append(row)
        json_bytes += len(document.json)
    return Laid(rows, json_bytes)


def _row(playlist_id: str, items: int, day: date) -> Coverage:
    requests = 1 + items // 100
    reading = Reading(day, Status.OBSERVED, day, playlist_id, items, items, _FETCHED_AT, requests)
    return Coverage(
        playlist_id,
        Status.OBSERVED,
        observed_date=day,
        items_total=items,
        items_read=items,
        requests=requests,
        fetched_at=_FETCHED_AT,
        last_reading=reading,
    )


def _raw_store(data_dir: Path) -> RawStore:
    return RawStore(open_store(str(data_dir / "raw")))


def main() -> None:
    """Lay one, and print what it came to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a data folder")
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--mean-length", type=int, default=100, help="items a playlist")
    parser.add_argument("--shape", type=Shape, choices=list(Shape), default=Shape.OLD)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--day", type=date.fromisoformat, default=DAY)
    parser.add_argument("--plain", type=Path, help="a folder for the same documents, not compressed")
    options = parser.parse_args()
    library = Library(options.items, options.mean_length, options.shape, options.seed)
    began = time.perf_counter()
    json_bytes = lay_raw_day(library, options.folder, options.day, options.plain)
    print(
        f"{len(library.lengths):,} playlists, {options.items:,} items, {json_bytes / 1e6:,.0f} MB of JSON "
        f"({json_bytes / options.items:,.0f} bytes an item) in {time.perf_counter() - began:.1f} s"
    )


if __name__ == "__main__":
    main()
