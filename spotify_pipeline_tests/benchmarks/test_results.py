"""What the page about performance shows is what was measured."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks.charts import charts, digests
from benchmarks.measure import measure
from benchmarks.requests_of_day import count
from benchmarks.tables import TABLES

RESULTS = json.loads((Path(__file__).parents[2] / "benchmarks" / "results.json").read_text())


def test_charts_are_of_the_newest_results() -> None:
    assert digests(RESULTS)
    for path, digest in digests(RESULTS).items():
        assert f"<!-- {digest} -->" in path.read_text(), f"{path.name} is not current: run `make docs`"


def test_charts_have_the_colours_of_both_themes() -> None:
    row = {
        "contender": "pipeline",
        "shape": "old",
        "items": 10,
        "json_bytes": 1,
        "work": 1.5,
        "cpu": 1,
        "peak_bytes": 1,
    }
    (drawn,) = charts({"transform": [row]}).values()
    assert "1.50" in drawn
    assert "this project" in drawn
    assert drawn.count("--ink:") == 2


@pytest.mark.parametrize("name", TABLES)
def test_nothing_measured_is_no_table(name: str) -> None:
    assert TABLES[name]({}) == ""
    assert TABLES[name](RESULTS)


def test_memory_and_processors_of_processes_that_a_command_starts_count() -> None:
    child = "import time; held = b'x' * 80_000_000; end = time.time() + .2\nwhile time.time() < end: pass"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); print('done')"
    measured = measure([sys.executable, "-c", script])
    assert measured.output == "done\n"
    assert measured.peak_bytes > 90_000_000
    assert measured.cpu > 0.15
    assert measured.wall > 0.2


def test_a_command_that_fails_is_not_measured() -> None:
    with pytest.raises(RuntimeError, match="no such thing"):
        measure([sys.executable, "-c", "raise SystemExit('no such thing')"])


@pytest.mark.parametrize(("shape", "first"), [("old", 42), ("new", 62)])
def test_requests_of_a_day_are_those_that_were_sent(shape: str, first: int) -> None:
    counted = count(20, 200, shape)  # type: ignore[arg-type]  # as given
    assert (counted["first"], counted["quiet"], counted["changed"]) == (first, 1, 4 if shape == "old" else 5)
