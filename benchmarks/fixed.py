"""What a day costs that has next to nothing in it: the daily run, a query, and cold starts of the functions in AWS."""

import json
import platform
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import measure

ROOT = Path(__file__).parents[1]
_REPETITIONS = 5
_MOST_PACKAGES = 6  # of imports that are named
_ARCHITECTURES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}

Parts = dict[str, float]
"""Seconds of each part, in the order in which they come."""


def fixed_costs(tell: Callable[[str], None]) -> dict[str, Any]:
    """The parts of each command, medians of several runs; why one was left out, where that is so."""
    with tempfile.TemporaryDirectory(prefix="fixed-") as folder, _stand_in() as settings:
        environment = settings | {"SPOTIFY_PIPELINE_DATA_DIR": folder}
        tell("the daily run of a small day")
        measure([sys.executable, "-m", "benchmarks.inside.daily"], environment)  # the folder is new once
        daily = _median([_timed("daily", environment) for _ in range(_REPETITIONS)])
        tell("a query")
        query = _median([_timed("query", environment) for _ in range(_REPETITIONS)])
    events = round(daily.pop("events"))
    steps = sum(seconds for part, seconds in daily.items() if part.startswith("step "))
    end = daily.pop("Python ends")
    daily["between the steps"] = daily.pop("run") - daily["Dagster's definitions"] - steps
    event_log, daily["Python ends"] = daily.pop("event log"), end
    imports = import_shares([sys.executable], "spotify_pipeline.cli, spotify_pipeline.cli.daily_job")
    return {
        "daily run": {
            "parts": _with_packages(daily, imports),
            "note": f"{events} events were written to Dagster's log in {event_log:.2f} s of these",
        },
        "query": {"parts": _with_packages(query, import_shares([sys.executable], "spotify_pipeline.cli"))},
        **{f"Lambda {function}": _lambda_start(function, tell) for function in ("extract", "transform")},
    }


def import_shares(python: Sequence[str], modules: str, environment: Mapping[str, str] | None = None) -> Parts:
    """Which share of the time that an import takes goes into which package, the largest first, then all others.

    Args:
        python: what starts Python.
        modules: with commas between.
        environment: variables, if not those of this process.
    """
    command = [*python, "-X", "importtime", "-c", f"import {modules}"]
    told = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)  # noqa: S603
    seconds: Counter[str] = Counter()
    for line in told.stderr.splitlines():
        own, _, module = line.removeprefix("import time:").split("|") if line.count("|") == 2 else ("", "", "")
        if own.strip().isdigit():
            seconds[_package(module.strip())] += int(own)
    total = seconds.total()
    shares = {name: taken / total for name, taken in seconds.most_common(_MOST_PACKAGES)}
    return shares | {"others": 1 - sum(shares.values())}


def _package(module: str) -> str:
    name = module.partition(".")[0]
    return "Python's own" if name in sys.stdlib_module_names else name


@contextmanager
def _stand_in() -> Iterator[dict[str, str]]:
    """The settings of a Spotify on this machine."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.inside.stand_in"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield json.loads(process.stdout.readline() if process.stdout else "")
        process.communicate()


def _timed(script: str, environment: Mapping[str, str]) -> Parts:
    """The parts of a script in `benchmarks.inside`, with Python's own start and end around."""
    measured = measure([sys.executable, "-m", f"benchmarks.inside.{script}"], environment)
    told: dict[str, Any] = json.loads(measured.output)
    end = measured.began + measured.wall
    parts: Parts = told["parts"]
    return {"Python starts": told["began"] - measured.began} | parts | {"Python ends": end - told["ended"]}


def _median(runs: Sequence[Parts]) -> Parts:
    return {part: median(run[part] for run in runs) for part in runs[0]}


def _with_packages(parts: Parts, shares: Parts) -> list[dict[str, Any]]:
    """The parts as rows, imports split by package."""
    rows = []
    for part, seconds in parts.items():
        if part == "imports":
            rows += [{"part": f"import {name}", "seconds": seconds * share} for name, share in shares.items()]
        else:
            rows.append({"part": part, "seconds": seconds})
    return rows


def _lambda_start(function: str, tell: Callable[[str], None]) -> dict[str, Any]:
    """What a function imports when it starts cold, with the Python and the packages that AWS has."""
    python = ROOT / ".venv-lambda" / "bin" / "python"
    archive = ROOT / ".lambda" / f"{function}-{_ARCHITECTURES.get(platform.machine(), '')}.zip"
    if sys.platform != "linux" or not python.exists() or not archive.exists():
        return {"left_out": "`make lambda` has not made its zip for this machine"}
    tell(f"a cold start of the function {function}")
    module = f"spotify_pipeline.lambdas.{function}"
    with tempfile.TemporaryDirectory(prefix="lambda-") as folder:
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(folder)
        environment = {"PYTHONPATH": folder}
        runs = [measure([python, "-c", f"import {module}"], environment).wall for _ in range(_REPETITIONS)]
        empty = [measure([python, "-c", ""], environment).wall for _ in range(_REPETITIONS)]
        shares = import_shares([str(python)], module, environment)
    parts = {"Python starts and ends": median(empty), "imports": median(runs) - median(empty)}
    return {"parts": _with_packages(parts, shares)}
