"""What is measured does what it says it does; how fast it is, no test asks."""

import importlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from benchmarks.catalogue import Shape
from benchmarks.contenders import Given
from benchmarks.contest import CONTENDERS, TABLES, Contender, Day, contest
from benchmarks.documents import Library
from benchmarks.raw_day import DAY, lay_raw_day
from benchmarks.rows import rows
from spotify_pipeline.backends.local import LocalWarehouse
from spotify_pipeline.settings import load_settings
from spotify_pipeline.steps.publish import publish_day

OURS, *OTHERS = CONTENDERS
ITEMS = 400


@pytest.fixture(scope="module", params=[Shape.OLD, Shape.NEW])
def given(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Given:
    """A small day, with the tables that this project makes of it in `output`."""
    day = tmp_path_factory.mktemp("day")
    lay_raw_day(Library(ITEMS, 40, request.param), day, plain=day / "plain")
    made = Given(day, tmp_path_factory.mktemp("tables"), request.param)
    contend(OURS, made)
    return made


def contend(contender: Contender, given: Given) -> None:
    if contender.requires and find_spec(contender.requires) is None:
        pytest.skip(f"{contender.requires} is not installed: it is in the extra `bench` only")
    importlib.import_module(f"benchmarks.contenders.{contender.module}").contend(given)


@pytest.mark.parametrize("contender", [one for one in OTHERS if not one.is_floor], ids=lambda one: one.module)
def test_everybody_makes_as_many_rows(contender: Contender, given: Given, tmp_path: Path) -> None:
    contend(contender, Given(given.day, tmp_path, given.shape))
    ours, theirs = rows(given.output, list(TABLES)), rows(tmp_path, list(TABLES))
    assert ours["playlist_items"] == ITEMS
    assert theirs.keys() >= {"playlist_items", "tracks", "albums", "artists"}
    assert theirs == {table: ours[table] for table in theirs}


@pytest.mark.parametrize("contender", [one for one in OTHERS if one.is_floor], ids=lambda one: one.module)
def test_floors_read_every_document(contender: Contender, given: Given, tmp_path: Path) -> None:
    contend(contender, given)
    documents = given.plain if contender.reads == "plain" else given.compressed
    for document in documents:
        copy = tmp_path / document.relative_to(given.day)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(document.read_bytes())
    copy.write_bytes(document.read_bytes()[:-20])
    with pytest.raises(Exception, match=r"."):  # each library has its own
        contend(contender, Given(tmp_path, tmp_path, given.shape))


def test_the_invented_day_passes_its_audit(given: Given) -> None:
    backends = LocalWarehouse(load_settings(SPOTIFY_PIPELINE_DATA_DIR=str(given.output)))
    publish_day(backends, DAY)
    assert backends.engine.ask("SELECT count(*) FROM playlist_items").rows == [(ITEMS,)]


def fake_once(contender: Contender, _: Day) -> dict[str, Any]:
    return {"work": 1.0, "rows": {} if contender.is_floor else {"tracks": 7}}


@pytest.fixture
def day(tmp_path: Path) -> Day:
    return Day(tmp_path, ITEMS, Shape.OLD, json_bytes=1)


def test_an_interrupted_contest_goes_on_where_it_stopped(day: Day) -> None:
    every = list(contest(day, 2, [], lambda _: None, once=fake_once))
    assert {row["contender"] for row in every} == {one.module for one in CONTENDERS}
    assert list(contest(day, 2, every[:5], lambda _: None, once=fake_once)) == every[5:]


def test_who_needs_more_memory_than_there_is_is_left_out_with_the_reason(tmp_path: Path) -> None:
    day = Day(tmp_path, ITEMS, Shape.OLD, json_bytes=10**15)
    found = {row["contender"]: row for row in contest(day, 1, [], lambda _: None, once=fake_once)}
    assert "GB of memory" in found["tutorial"]["left_out"] or "not installed" in found["tutorial"]["left_out"]
    assert "GB of memory" in found["duckdb_sql"]["left_out"]
    assert "left_out" not in found["pipeline"]


def test_other_rows_than_ours_end_the_contest(day: Day) -> None:
    def once(contender: Contender, _: Day) -> dict[str, Any]:
        return {"rows": {} if contender.is_floor else {"tracks": 8 if contender.module == "duckdb_sql" else 7}}

    with pytest.raises(RuntimeError, match=r"DuckDB have .*8.* rows, those of this project .*7"):
        list(contest(day, 1, [], lambda _: None, once=once))
