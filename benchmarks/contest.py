"""The transformation beside others and beside its floors, on the same documents in the same run."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.catalogue import Shape
from benchmarks.measure import TooMuchMemoryError, measure, memory_bytes

Results = list[dict[str, Any]]
"""Rows of the results, as they are written."""


@dataclass(frozen=True)
class Contender:
    """A module of `benchmarks.contenders`.

    Attributes:
        module: its name.
        title: for tables and charts.
        reads: `gz` or `plain`: what its documents are.
        requires: what has to be installed besides the project.
        bytes_for_byte: the memory that it takes for a byte of JSON, about; it is left out where that is too much.
    """

    module: str
    title: str
    reads: str
    requires: str | None = None
    bytes_for_byte: float = 0

    @property
    def is_ours(self) -> bool:
        """Whether it is this project."""
        return self.module.startswith("pipeline")

    @property
    def is_floor(self) -> bool:
        """Whether it makes no tables."""
        return self.module.startswith("floor_")


CONTENDERS = (
    Contender("pipeline", "this project", "gz"),
    Contender("pipeline_in_one_process", "this project in one process", "gz"),
    Contender("tutorial", "json.load and pandas", "gz", "pandas", bytes_for_byte=2),
    Contender("duckdb_sql", "DuckDB", "gz", bytes_for_byte=1.2),
    Contender("polars_json", "polars", "gz"),
    Contender("floor_gunzip_decode", "gunzip and typed decode", "gz"),
    Contender("floor_decode", "typed decode alone", "plain"),
    Contender("floor_simdjson", "simdjson alone", "plain", "simdjson"),
    Contender("floor_gunzip", "gunzip alone", "gz"),
)

TABLES = ("playlists", "playlist_items", "tracks", "albums", "artists", "track_artists", "album_artists")
"""Those of which the rows of all contenders have to be as many."""


@dataclass(frozen=True)
class Day:
    """An invented day in a folder.

    Attributes:
        folder: where it is.
        items: how many its playlists have.
        shape: of its documents.
        json_bytes: how long they are, not compressed.
    """

    folder: Path
    items: int
    shape: Shape
    json_bytes: int


def laid_day(folder: Path, items: int, shape: Shape) -> Day:
    """The day in a folder: that of an earlier run, if it was finished."""
    finished = folder / "json_bytes"
    if not finished.exists():
        shutil.rmtree(folder, ignore_errors=True)
        command = [sys.executable, "-m", "benchmarks.raw_day", str(folder), "--plain", str(folder / "plain")]
        measure([*command, "--items", str(items), "--shape", shape])
        finished.write_text(str(sum(path.stat().st_size for path in (folder / "plain").iterdir())))
    return Day(folder, items, shape, int(finished.read_text()))


def run_once(contender: Contender, day: Day) -> dict[str, Any]:
    """Let a contender make its tables in a process of its own: what it took, and how many rows there are."""
    output = day.folder.with_name("output")
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir()
    module = f"benchmarks.contenders.{contender.module}"
    measured = measure([sys.executable, "-m", module, "--shape", day.shape, day.folder.resolve(), output.resolve()])
    rows = {} if contender.is_floor else _rows(output)
    shutil.rmtree(output)
    return {
        "wall": measured.wall,
        "cpu": measured.cpu,
        "peak_bytes": measured.peak_bytes,
        "work": float(measured.output),
        "rows": rows,
    }


def contest(
    day: Day,
    repetitions: int,
    known: Results,
    tell: Callable[[str], None],
    *,
    once: Callable[[Contender, Day], dict[str, Any]] = run_once,
) -> Iterator[dict[str, Any]]:
    """Measure every contender so many times, each after the others, so that what disturbs them disturbs all.

    Args:
        day: what they make tables of.
        repetitions: how many times.
        known: what an interrupted run has measured; it is not measured again.
        tell: is told what comes next.
        once: measures a contender.

    Yields:
        For each measurement, or for each contender that is left out, a row of the results.

    Raises:
        RuntimeError: a contender failed, or its tables have not as many rows as this project's.
    """
    done: set[tuple[str, int | None]] = {(row["contender"], row["repetition"]) for row in known if _is_of(row, day)}
    expected = next((row["rows"] for row in known if _is_of(row, day) and row["contender"] == "pipeline"), None)
    for repetition in range(repetitions):
        for contender in CONTENDERS:
            if (contender.module, repetition) in done or (contender.module, None) in done:
                continue
            about = {"contender": contender.module, "shape": day.shape, "items": day.items}
            row: dict[str, Any] = about | {"json_bytes": day.json_bytes}
            if reason := _obstacle(contender, day):
                if repetition == 0:
                    yield row | {"repetition": None, "left_out": reason}
                continue
            tell(f"{day.items:,} items, {contender.title} ({repetition + 1} of {repetitions})")
            try:
                result = row | {"repetition": repetition} | once(contender, day)
            except TooMuchMemoryError as error:
                yield row | {"repetition": None, "left_out": str(error)}
                done.add((contender.module, None))
                continue
            if not contender.is_floor:
                expected = expected or result["rows"]
                _compare(contender, result["rows"], expected)
            yield result


def _rows(output: Path) -> dict[str, int]:
    """How many rows its tables have; in another process, because this one is to stay small."""
    counts: dict[str, int] = json.loads(measure([sys.executable, "-m", "benchmarks.rows", output, *TABLES]).output)
    return counts


def _compare(contender: Contender, rows: dict[str, int], expected: dict[str, int]) -> None:
    made = {table: count for table, count in expected.items() if table in rows}
    if rows != made or "tracks" not in rows:
        raise RuntimeError(f"The tables of {contender.title} have {rows} rows, those of this project {expected}.")


def _obstacle(contender: Contender, day: Day) -> str | None:
    if contender.requires and find_spec(contender.requires) is None:
        return f"{contender.requires} is not installed"
    needed = contender.bytes_for_byte * day.json_bytes
    if needed > memory_bytes():
        return f"needs about {needed / 1e9:.0f} GB of memory"
    return None


def _is_of(row: dict[str, Any], day: Day) -> bool:
    return bool(row["items"] == day.items and row["shape"] == day.shape)
