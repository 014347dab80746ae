"""Months: SQL answers the same with them as without, whatever has happened to their days."""

import shutil
import tempfile
from contextlib import suppress
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import polars.selectors as cs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.catalog.publication import stray_partitions
from spotify_pipeline.errors import DataError
from spotify_pipeline.query.duckdb import DuckDBEngine
from spotify_pipeline.query.named import named_queries
from spotify_pipeline.report.facts import gather
from spotify_pipeline.settings import load_settings
from spotify_pipeline.steps import months
from spotify_pipeline.steps.months import compact_month, stale_months
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.query.history import DAYS, History
from spotify_pipeline_tests.storage.staging import publish_staged, stage
from spotify_pipeline_tests.tables.builders import sound_day

JANUARY, FEBRUARY = date(2025, 1, 1), date(2025, 2, 1)
EXAMPLES = [JANUARY, date(2025, 1, 30), date(2025, 1, 31), FEBRUARY, date(2025, 2, 2)]
TITLES = ("Old", "New")  # as long as each other, so that files of the same size differ
frames_of = cache(sound_day)


@pytest.fixture
def backends(tmp_path: Path) -> Backends:
    return backends_in(tmp_path / "data")


def backends_in(folder: Path, today: date = date(2025, 3, 1)) -> Backends:
    chosen = load_settings(SPOTIFY_PIPELINE_DATA_DIR=str(folder))
    return choose_backends(chosen.model_copy(update={"fixed_today": today}))


def publish(backends: Backends, day: date, title: str = "Old") -> None:
    stage(backends.tables, day, frames_of(title))
    publish_staged(backends.tables, day)
    backends.catalog.publish()


def remove(backends: Backends, day: date) -> None:
    """As whoever has to forget a day: `coverage`, which makes it, goes first."""
    for table in ("coverage", *TABLES):
        for key in backends.tables.files(table).get(day, {}):
            backends.table_objects.delete(key)
    backends.catalog.publish()


def rows_in_sql(backends: Backends) -> dict[str, list[str]]:
    """All rows of all tables, in one order."""
    with duckdb.connect(backends.duckdb_file, read_only=True) as connection:
        return {name: sorted(map(repr, connection.execute(f"FROM {name}").fetchall())) for name in TABLES}


def rows_of_days(backends: Backends) -> dict[str, list[str]]:
    """The same, read from the files of the published days."""
    rows = {}
    for name in TABLES:
        frames = {day: backends.tables.read_published(name, day) for day in backends.tables.published_days()}
        without_zone = cs.datetime().dt.replace_time_zone(None)
        rows[name] = sorted(
            repr((*row, day)) for day, frame in frames.items() for row in frame.with_columns(without_zone).iter_rows()
        )
    return rows


def shown_from_months(backends: Backends) -> set[date]:
    return {date.fromisoformat(part[:10]) for part in view_of_tracks(backends).split("/month=")[1:]}


def view_of_tracks(backends: Backends) -> str:
    with duckdb.connect(backends.duckdb_file, read_only=True) as connection:
        return str(connection.execute("SELECT sql FROM duckdb_views() WHERE view_name = 'tracks'").fetchall()[0][0])


def drop(backends: Backends, first: date) -> None:
    backends.months.drop([first])
    backends.catalog.publish()


actions = st.one_of(
    st.tuples(st.just(publish), st.sampled_from(EXAMPLES), st.sampled_from(TITLES)),
    st.tuples(st.just(remove), st.sampled_from(EXAMPLES)),
    st.tuples(st.just(compact_month), st.sampled_from([JANUARY, FEBRUARY])),
    st.tuples(st.just(drop), st.sampled_from([JANUARY, FEBRUARY])),
)


@pytest.mark.no_cover
@settings(max_examples=12, deadline=None)
@given(actions=st.lists(actions, min_size=2, max_size=6))
def test_sql_shows_the_rows_of_the_published_days_whatever_happens_in_whatever_order(
    actions: list[tuple[Any, ...]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        backends = backends_in(Path(folder))
        backends.catalog.publish()
        for action, *arguments in actions:
            with suppress(DataError):  # there is no day in the month
                action(backends, *arguments)
            assert rows_in_sql(backends) == rows_of_days(backends)
        assert list(stray_partitions(backends.catalog, backends.tables)) == []


def test_a_month_is_read_until_one_of_its_days_is_published_anew_and_again_once_it_is_made_again(
    backends: Backends,
) -> None:
    for day in EXAMPLES:
        publish(backends, day)
    assert stale_months(backends) == [JANUARY, FEBRUARY]
    made = compact_month(backends, JANUARY)
    assert (made.first, made.days, made.rows) == (JANUARY, 3, 3 * sum(frame.height for frame in sound_day().values()))
    assert shown_from_months(backends) == {JANUARY}
    assert stale_months(backends) == [FEBRUARY]
    publish(backends, EXAMPLES[3])
    assert shown_from_months(backends) == {JANUARY}  # the day is of another month
    publish(backends, EXAMPLES[1], "New")
    assert shown_from_months(backends) == set()
    assert stale_months(backends) == [JANUARY, FEBRUARY]
    compact_month(backends, JANUARY)
    assert shown_from_months(backends) == {JANUARY}
    remove(backends, EXAMPLES[2])
    assert shown_from_months(backends) == set()


def test_a_month_that_is_there_is_not_made_again_and_one_that_is_replaced_leaves_nothing(backends: Backends) -> None:
    publish(backends, JANUARY)
    compact_month(backends, JANUARY)
    before = backends.table_objects.versions("_months/")
    assert compact_month(backends, JANUARY).bytes == 0
    assert backends.table_objects.versions("_months/") == before
    publish(backends, JANUARY, "New")
    compact_month(backends, JANUARY)
    after = backends.table_objects.versions("_months/")
    assert len(after) == len(before) == len(TABLES)
    assert not after.keys() & before.keys()


def test_a_dropped_month_leaves_no_file_and_its_days_are_read(backends: Backends) -> None:
    publish(backends, JANUARY)
    compact_month(backends, JANUARY)
    drop(backends, JANUARY)
    assert backends.table_objects.list("_months/") == []
    assert backends.months.load() == {}
    assert rows_in_sql(backends) == rows_of_days(backends)


def test_a_file_has_the_declared_columns_and_the_day_sorted_by_key(backends: Backends) -> None:
    for day in EXAMPLES[:3]:
        publish(backends, day)
    compact_month(backends, JANUARY)
    (key,) = backends.months.load()[JANUARY].files["playlist_items"]
    frame = pl.read_parquet(backends.tables.address(key), hive_partitioning=False)
    assert frame.schema == pl.Schema({**TABLES["playlist_items"].polars_schema(), "snapshot_date": pl.Date()})
    assert frame.equals(frame.sort("playlist_id", "position", "snapshot_date"))
    assert frame["snapshot_date"].unique().sort().to_list() == EXAMPLES[:3]


def test_a_month_of_many_rows_has_several_files_each_with_all_days_of_some_keys(
    backends: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(months, "_ROWS_IN_A_FILE", 4)
    for day in EXAMPLES[:3]:
        publish(backends, day)
    compact_month(backends, JANUARY)
    assert shown_from_months(backends) == {JANUARY}
    assert rows_in_sql(backends) == rows_of_days(backends)
    keys = backends.months.load()[JANUARY].files["coverage"]
    files = [pl.read_parquet(backends.tables.address(key), hive_partitioning=False) for key in keys]
    assert [set(file["playlist_id"]) for file in files] == [{"p1"}, {"p2"}]


def test_a_day_from_before_a_column_was_added_has_nulls_in_it(backends: Backends) -> None:
    for day in EXAMPLES[:2]:
        publish(backends, day)
    expected = rows_in_sql(backends)
    old = Path(backends.tables.uri("tracks", JANUARY), "part-0.parquet")
    pl.read_parquet(old, hive_partitioning=False).drop("popularity").write_parquet(old)  # which is null
    compact_month(backends, JANUARY)
    assert shown_from_months(backends) == {JANUARY}
    assert rows_in_sql(backends) == expected


def test_a_month_that_is_not_over_and_one_without_days_are_refused(backends: Backends) -> None:
    with pytest.raises(DataError, match="No day of the month of 2025-01-01 is published"):
        compact_month(backends, JANUARY)
    publish(backends, date(2025, 3, 1))
    assert stale_months(backends) == []
    with pytest.raises(DataError, match="The month of 2025-03-01 is not over"):
        compact_month(backends, date(2025, 3, 1))


def test_a_day_that_is_published_while_its_month_is_made_is_not_forgotten(backends: Backends) -> None:
    publish(backends, JANUARY)
    progress = iter([lambda: publish(backends, EXAMPLES[1])])

    class Publisher:
        def tell(self, _: str) -> None:
            next(progress, lambda: None)()

    with pytest.raises(DataError, match="was published meanwhile"):
        compact_month(backends, JANUARY, progress=Publisher())  # type: ignore[arg-type]
    assert shown_from_months(backends) == set()
    compact_month(backends, JANUARY)
    assert backends.engine.ask("SELECT count(DISTINCT snapshot_date) FROM tracks").rows == [(2,)]


@pytest.fixture(scope="module")
def compacted(history: History, tmp_path_factory: pytest.TempPathFactory) -> DuckDBEngine:
    """The demo's history, all of which lies in months."""
    folder = tmp_path_factory.mktemp("compacted") / "data"
    shutil.copytree(history.folder / "tables", folder / "tables")
    backends = backends_in(folder, DAYS[-1] + timedelta(days=31))
    for first in stale_months(backends):
        compact_month(backends, first)
    assert backends.catalog.partitions() == {name: set(DAYS) for name in TABLES}
    assert "/snapshot_date=" not in view_of_tracks(backends)
    return DuckDBEngine(backends.duckdb_file)


def test_named_queries_answer_the_same_from_months(compacted: DuckDBEngine, history: History) -> None:
    for query in named_queries().values():
        assert compacted.ask(query.sql()) == history.engine.ask(query.sql()), query.name


def test_the_report_has_the_same_facts_from_months(compacted: DuckDBEngine, history: History) -> None:
    assert gather(compacted) == gather(history.engine)
