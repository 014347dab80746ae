"""Measures everything, prints tables and writes `benchmarks/results.json`, from which `make docs` makes the page.

    .venv/bin/python -m benchmarks --items 1000000

What is measured is kept under `.benchmarks/` until the end: a run that was interrupted goes on where it stopped, unless
the code has changed since.
"""

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.catalogue import Shape
from benchmarks.contest import contest, laid_day
from benchmarks.fixed import fixed_costs
from benchmarks.measure import measure, memory_bytes
from benchmarks.tables import printed
from benchmarks.whole_day import whole_day

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results.json")
_WORK = ROOT / ".benchmarks"
_PROGRESS = _WORK / "progress.json"

_SIZES = (1_000, 10_000, 100_000, 1_000_000)
_REPETITIONS = {1_000: 5, 10_000: 5, 100_000: 3}
_REPETITIONS_OF_LARGEST = 1
_NEW_SHAPE_ITEMS = 100_000
_LIBRARIES = ("dagster", "duckdb", "msgspec", "pandas", "polars", "pyarrow", "pysimdjson")
_PLAYLISTS, _ITEMS = (100, 1_000, 10_000), (100, 500)

Tell = Callable[[str], None]


class Progress:
    """What has been measured, on disk after each measurement."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Go on with what there is, if the same is to be measured with the same code."""
        self._of = {"options": [options.items, options.only], "code": _digest("spotify_pipeline", "benchmarks")}
        known = json.loads(_PROGRESS.read_text()) if _PROGRESS.exists() else {}
        self.results: dict[str, Any] = known.get("results", {}) if known.get("of") == self._of else {}

    def keep(self, part: str, result: Any) -> None:  # noqa: ANN401  # whatever JSON holds
        """Keep the result of a part."""
        self.results[part] = result
        _PROGRESS.write_text(json.dumps({"of": self._of, "results": self.results}))


def run(options: argparse.Namespace, tell: Tell) -> dict[str, Any]:
    """Measure the parts that are wanted, and say what was found."""
    _WORK.mkdir(exist_ok=True)
    progress = Progress(options)
    days = [(items, Shape.OLD) for items in _SIZES if items <= options.items]
    if options.items >= _NEW_SHAPE_ITEMS:
        days.append((_NEW_SHAPE_ITEMS, Shape.NEW))
    if "transform" in options.only:
        for items, shape in days:
            _contest(items, shape, progress, tell)
    if "day" in options.only and "day" not in progress.results:
        day = _laid(*max(day for day in days if day[1] is Shape.OLD), tell)
        tell(f"{day.items:,} items from raw documents to published tables")
        progress.keep("day", whole_day(day))
    if "fixed" in options.only and "fixed" not in progress.results:
        progress.keep("fixed", fixed_costs(tell))
    if "requests" in options.only and "requests" not in progress.results:
        tell("the requests of a day")
        progress.keep("requests", _requests(options.items))
    if "requests" in options.only and "s3" not in progress.results:
        tell("the requests to S3 of a day")
        progress.keep("s3", json.loads(measure([sys.executable, "-m", "benchmarks.s3_of_day"]).output))
    return progress.results | {"machine": _machine()}


def _contest(items: int, shape: Shape, progress: Progress, tell: Tell) -> None:
    rows = progress.results.get("transform", [])
    repetitions = _REPETITIONS.get(items, _REPETITIONS_OF_LARGEST)
    for row in contest(_laid(items, shape, tell), repetitions, rows, tell):
        rows.append(row)
        progress.keep("transform", rows)


def _laid(items: int, shape: Shape, tell: Tell) -> Any:  # noqa: ANN401
    tell(f"{items:,} items, the documents")
    return laid_day(_WORK / f"{items}-{shape}-{_digest('benchmarks')}", items, shape)


def _requests(most_items: int) -> list[dict[str, Any]]:
    cases = [
        (shape, playlists, items)
        for shape in (Shape.OLD, Shape.NEW)
        for playlists in _PLAYLISTS
        for items in _ITEMS
        if playlists * 100 <= most_items
    ]

    def count(case: tuple[Shape, int, int]) -> dict[str, Any]:
        shape, playlists, items = case
        numbers = ["--playlists", str(playlists), "--items", str(items)]
        command = [sys.executable, "-m", "benchmarks.requests_of_day", "--shape", shape, *numbers]
        counted: dict[str, Any] = json.loads(measure(command).output)
        return counted

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(count, cases))


def _digest(*packages: str) -> str:
    """What the code of packages comes to, so that nothing is taken over from other code."""
    code = (path.read_bytes() for package in packages for path in sorted((ROOT / package).rglob("*.py")))
    return blake2b(b"".join(code), digest_size=4).hexdigest()


def _machine() -> dict[str, Any]:
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_bytes": memory_bytes(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def main() -> None:
    """Measure, print and write."""
    parts = ("transform", "day", "fixed", "requests")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=_SIZES[-1], help="of the largest day")
    parser.add_argument("--only", choices=parts, nargs="+", default=list(parts), help="measure these parts alone")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where to write them")
    options = parser.parse_args()
    results = run(options, lambda what: print(f"… {what}", file=sys.stderr, flush=True))
    before = json.loads(options.results.read_text()) if options.results.exists() else {}
    kept = {part: before[part] for part in parts if part in before and part not in options.only}
    options.results.write_text(f"{json.dumps(kept | results, indent=1)}\n")
    print(printed(kept | results))
    shutil.rmtree(_WORK)


if __name__ == "__main__":
    main()
