"""A day from raw documents to published tables, with `spotify-pipeline run`: time and memory, step by step."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from benchmarks.contest import Day
from benchmarks.measure import Measured, TooMuchMemoryError, measure
from benchmarks.raw_day import DAY

COMMAND = "from spotify_pipeline.cli import main; main()"


def whole_day(day: Day) -> dict[str, Any]:
    """Run everything that comes after extraction.

    Returns:
        `wall` and `cpu` in seconds, `peak_bytes`, `raw_bytes` and `tables_bytes` on the disk, and `steps`: each Dagster
        step with its seconds and its peak. Or why it was `left_out`.
    """
    folder = day.folder.with_name("output")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "raw").symlink_to(day.folder.resolve() / "raw", target_is_directory=True)
    command = [sys.executable, "-c", COMMAND, "run", "--from", "transform", "--date", str(DAY)]
    about: dict[str, Any] = {"items": day.items, "shape": day.shape, "json_bytes": day.json_bytes}
    try:
        measured = measure(command, {"SPOTIFY_PIPELINE_DATA_DIR": str(folder.resolve())})
    except TooMuchMemoryError as error:
        return about | {"left_out": str(error)}
    sizes = {f"{kind}_bytes": _size(folder / kind) for kind in ("raw", "tables")}
    steps = json.loads(measure([sys.executable, "-m", "benchmarks.steps", folder.resolve()]).output)
    shutil.rmtree(folder)
    return (
        about
        | sizes
        | {
            "wall": measured.wall,
            "cpu": measured.cpu,
            "peak_bytes": measured.peak_bytes,
            "steps": _with_peaks(steps, measured),
        }
    )


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.resolve().rglob("*") if path.is_file())


def _with_peaks(steps: list[dict[str, Any]], measured: Measured) -> list[dict[str, Any]]:
    """The steps, and before them what comes before the first."""
    first = min(step["began"] for step in steps)
    before = {"step": "start", "began": measured.began, "ended": first}
    return [
        {
            "step": step["step"],
            "wall": step["ended"] - step["began"],
            "peak_bytes": max(
                (used for moment, used in measured.memory if step["began"] <= moment <= step["ended"]), default=0
            ),
        }
        for step in (before, *sorted(steps, key=lambda step: step["began"]))
    ]
