import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from spotify_pipeline.catalog.duckdb import DuckDBCatalog
from spotify_pipeline.errors import StorageError
from spotify_pipeline.storage.objects import FolderStore
from spotify_pipeline.storage.tables import TableStore
from spotify_pipeline.tables.declarations import TABLES, VIEWS
from spotify_pipeline.tables.schema import Table, View
from spotify_pipeline_tests.storage.staging import publish_staged, stage
from spotify_pipeline_tests.tables.builders import sound_day

DAY, NEXT = date(2025, 3, 1), date(2025, 3, 2)
SOUND = sound_day()
DUCKDB_TYPES = {
    "string": "VARCHAR",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "array<string>": "VARCHAR[]",
}
each_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose catalog was published before any day; only to be read."""
    folder = tmp_path_factory.mktemp("empty")
    assert catalog_in(folder).publish().days == []
    return folder


@pytest.fixture(scope="module")
def one_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one published day; only to be read."""
    folder = tmp_path_factory.mktemp("one day")
    publish_day(folder, DAY)
    assert catalog_in(folder).publish().days == [DAY]
    return folder


@pytest.fixture(params=["empty", "one_day"])
def either(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.getfixturevalue(request.param)
    return folder


def tables_in(data: Path) -> TableStore:
    return TableStore(FolderStore(data / "tables"))


def catalog_in(data: Path) -> DuckDBCatalog:
    return DuckDBCatalog(data / "catalog.duckdb", tables_in(data))


def publish_day(data: Path, day: date, frames: dict[str, pl.DataFrame] = SOUND) -> None:
    tables = tables_in(data)
    stage(tables, day, frames)
    publish_staged(tables, day)


@contextmanager
def opened(data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(data / "catalog.duckdb", read_only=True) as connection:
        yield connection


def ask(data: Path, sql: str) -> list[tuple[Any, ...]]:
    with opened(data) as connection:
        return connection.execute(sql).fetchall()


def days_shown(data: Path) -> list[date]:
    return [day for (day,) in ask(data, "SELECT DISTINCT snapshot_date FROM coverage ORDER BY 1")]


def other_process(program: str, *arguments: object) -> "subprocess.Popen[str]":
    """Another Python, which says a line when it is told to."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


# What it shows


def test_the_views_show_exactly_the_published_days(data: Path) -> None:
    for day in (NEXT, DAY):
        publish_day(data, day)
    stage(tables_in(data), date(2025, 3, 3), SOUND)
    assert catalog_in(data).publish().days == [DAY, NEXT]
    for name, frame in SOUND.items():
        counts = ask(data, f"SELECT snapshot_date, count(*) FROM {name} GROUP BY 1 ORDER BY 1")
        assert counts == [(DAY, frame.height), (NEXT, frame.height)]


@each_table
def test_a_view_shows_the_rows_that_were_published(table: Table, one_day: Path) -> None:
    frame = SOUND[table.name]
    naive = [
        pl.col(column).dt.replace_time_zone(None)
        for column, kind in frame.schema.items()
        if kind.is_temporal() and kind != pl.Date
    ]
    expected = frame.with_columns(naive).with_columns(snapshot_date=pl.lit(DAY))
    assert ask(one_day, f"FROM {table.name} ORDER BY {', '.join(table.primary_key)}") == expected.rows()


def test_a_day_that_is_published_later_shows_after_the_next_publication(data: Path) -> None:
    publish_day(data, DAY)
    catalog_in(data).publish()
    publish_day(data, NEXT)
    assert days_shown(data) == [DAY]
    assert catalog_in(data).publish().days == [DAY, NEXT]
    assert days_shown(data) == [DAY, NEXT]


@each_table
def test_views_have_the_declared_columns_and_types_and_the_partition_column(table: Table, either: Path) -> None:
    described = [(name, kind) for name, kind, *_ in ask(either, f"DESCRIBE {table.name}")]
    declared = [(column.name, DUCKDB_TYPES[column.type.value]) for column in table.columns]
    assert described == [*declared, ("snapshot_date", "DATE")]


def test_an_empty_catalog_has_all_tables_and_views_without_rows(empty: Path) -> None:
    assert [name for (name,) in ask(empty, "SHOW TABLES")] == sorted(TABLES | VIEWS)
    assert all(ask(empty, f"SELECT count(*) FROM {name}") == [(0,)] for name in TABLES | VIEWS)


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
def test_views_over_tables_have_the_declared_columns_and_no_partitions(view: View, either: Path) -> None:
    described = [(name, kind) for name, kind, *_ in ask(either, f"DESCRIBE {view.name}")]
    assert described == [(column.name, DUCKDB_TYPES[column.type.value]) for column in view.columns]
    assert catalog_in(either).partitions().keys() == TABLES.keys()
    assert list(catalog_in(either).differences()) == []


def test_a_view_that_is_not_as_declared_is_a_difference(data: Path) -> None:
    publish_day(data, DAY)
    catalog_in(data).publish()
    with duckdb.connect(data / "catalog.duckdb") as connection:
        connection.execute("CREATE OR REPLACE VIEW memberships AS SELECT playlist_id FROM coverage")
    (difference,) = catalog_in(data).differences()
    assert difference.startswith("memberships has the columns {'playlist_id': 'VARCHAR'} instead of")


def test_the_descriptions_stand_in_the_catalog(either: Path) -> None:
    views = dict(ask(either, "SELECT view_name, comment FROM duckdb_views() WHERE NOT internal"))
    everything = TABLES | VIEWS
    assert views == {name: declared.description for name, declared in everything.items()}
    columns = ask(either, "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal")
    declared = [(name, column.name, column.description) for name in everything for column in everything[name].columns]
    partition = [(name, "snapshot_date", "The UTC day on which Spotify was asked.") for name in TABLES]
    assert sorted(columns) == sorted(declared + partition)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_times_are_in_utc_without_zone_whatever_the_zone_of_the_client(zone: str, data: Path) -> None:
    fetched_at = pl.lit(datetime(2025, 3, 2, 6, 30, tzinfo=UTC)).cast(pl.Datetime("us", "UTC")).alias("fetched_at")
    publish_day(data, DAY, SOUND | {"coverage": SOUND["coverage"].with_columns(fetched_at)})
    catalog_in(data).publish()
    with opened(data) as connection:
        connection.execute(f"SET TimeZone = '{zone}'")
        shown = connection.execute("SELECT DISTINCT fetched_at, fetched_at::VARCHAR FROM coverage").fetchall()
    assert shown == [(datetime(2025, 3, 2, 6, 30), "2025-03-02 06:30:00")]  # noqa: DTZ001


def test_microseconds_and_early_times_are_kept(data: Path) -> None:
    times = [datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), datetime(2025, 7, 1, 0, 0, 0, 1, tzinfo=UTC)]
    fetched_at = pl.Series("fetched_at", times, pl.Datetime("us", "UTC"))
    publish_day(data, DAY, SOUND | {"coverage": SOUND["coverage"].with_columns(fetched_at)})
    catalog_in(data).publish()
    shown = ask(data, "SELECT fetched_at FROM coverage ORDER BY 1")
    assert shown == [(time.replace(tzinfo=None),) for time in times]


@pytest.mark.parametrize("name", ["it's", 'a "quoted" one', "with space", "[1]", "é", "50% {off}", "a*b"])
def test_a_data_folder_may_have_any_name(name: str, tmp_path: Path) -> None:
    data = tmp_path / name
    publish_day(data, DAY)
    catalog_in(data).publish()
    assert days_shown(data) == [DAY]
    assert ask(data, "SELECT count(*) FROM tracks") == [(SOUND["tracks"].height,)]


def test_a_client_may_name_or_attach_it_from_wherever_it_is(one_day: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(one_day)
    with duckdb.connect("catalog.duckdb", read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM coverage").fetchall() == [(2,)]
    with duckdb.connect() as connection:
        connection.execute("ATTACH 'catalog.duckdb' AS spotify (READ_ONLY)")
        assert connection.execute("SELECT count(*) FROM spotify.coverage").fetchall() == [(2,)]


def test_a_file_made_before_a_column_was_added_shows_null_there(data: Path) -> None:
    publish_day(data, DAY)
    publish_day(data, NEXT)
    old = Path(tables_in(data).uri("tracks", DAY), "part-0.parquet")
    pl.read_parquet(old, hive_partitioning=False).drop("popularity").write_parquet(old)
    catalog_in(data).publish()
    assert ask(data, "SELECT count(*), count(popularity) FROM tracks WHERE snapshot_date = '2025-03-01'") == [(2, 0)]


def test_filters_on_the_day_read_that_day_alone(data: Path) -> None:
    for number in range(5):
        publish_day(data, DAY + timedelta(days=number))
    catalog_in(data).publish()
    plan = ask(data, f"EXPLAIN ANALYZE SELECT count(name) FROM tracks WHERE snapshot_date = DATE '{NEXT}'")
    assert "Scanning Files: 1/5" in str(plan)


# Replacing it


def test_publishing_replaces_the_file_and_leaves_nothing_beside_it(data: Path) -> None:
    publish_day(data, DAY)
    for _ in range(2):
        catalog_in(data).publish()
    assert {path.name for path in data.iterdir()} - {"catalog.lock"} == {"catalog.duckdb", "tables"}


def test_publishing_works_while_this_process_has_the_file_open(data: Path) -> None:
    publish_day(data, DAY)
    catalog_in(data).publish()
    with opened(data) as connection:
        publish_day(data, NEXT)
        assert catalog_in(data).publish().days == [DAY, NEXT]
        # It keeps what it has opened, which still works.
        assert connection.execute("SELECT count(DISTINCT snapshot_date) FROM coverage").fetchall() == [(1,)]
    assert days_shown(data) == [DAY, NEXT]


@pytest.mark.parametrize("read_only", [True, False])
def test_publishing_works_while_another_process_has_the_file_open(read_only: bool, data: Path) -> None:
    publish_day(data, DAY)
    catalog_in(data).publish()
    program = """
        import duckdb, sys
        question = "SELECT count(DISTINCT snapshot_date) FROM coverage"
        with duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "True") as connection:
            print(connection.execute(question).fetchone()[0], flush=True)
            sys.stdin.readline()
            print(connection.execute(question).fetchone()[0], flush=True)
        with duckdb.connect(sys.argv[1], read_only=True) as connection:
            print(connection.execute(question).fetchone()[0], flush=True)
    """
    with other_process(program, data / "catalog.duckdb", read_only) as client:
        assert line_of(client) == "1"
        publish_day(data, NEXT)
        assert catalog_in(data).publish().days == [DAY, NEXT]
        assert days_shown(data) == [DAY, NEXT]
        tell(client)
        assert line_of(client) == "1"
        assert line_of(client) == "2"


def test_the_log_of_a_client_that_wrote_and_died_does_not_spoil_the_new_catalog(data: Path) -> None:
    publish_day(data, DAY)
    catalog_in(data).publish()
    program = """
        import duckdb, sys
        connection = duckdb.connect(sys.argv[1])
        connection.execute("CREATE TABLE mine AS SELECT 1 AS x")
        print("written", flush=True)
        sys.stdin.readline()
    """
    with other_process(program, data / "catalog.duckdb") as client:
        assert line_of(client) == "written"
        client.kill()
    assert (data / "catalog.duckdb.wal").exists()
    assert catalog_in(data).publish().days == [DAY]
    assert days_shown(data) == [DAY]


def test_readers_always_find_a_whole_catalog_while_it_is_published_again_and_again(data: Path) -> None:
    publish_day(data, DAY)
    catalog_in(data).publish()
    program = """
        import duckdb, sys
        while True:
            with duckdb.connect(sys.argv[1], read_only=True) as connection:
                print(connection.execute("SELECT count(*) FROM coverage").fetchone()[0], flush=True)
    """
    with other_process(program, data / "catalog.duckdb") as reader:
        seen = []
        for _ in range(5):
            catalog_in(data).publish()
            seen.append(line_of(reader))
        reader.kill()
    assert set(seen) == {"2"}


def test_a_failing_publication_leaves_the_old_catalog(data: Path) -> None:
    publish_day(data, DAY)
    catalog_in(data).publish()
    before = (data / "catalog.duckdb").read_bytes()
    publish_day(data, NEXT)
    Path(tables_in(data).uri("tracks", NEXT), "part-0.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(StorageError) as caught:
        catalog_in(data).publish()
    assert str(caught.value).startswith(f"Cannot write the catalog {data / 'catalog.duckdb'}: ")
    assert "tracks/snapshot_date=2025-03-02" in str(caught.value)
    assert (data / "catalog.duckdb").read_bytes() == before
    assert days_shown(data) == [DAY]
    assert {path.name for path in data.iterdir()} - {"catalog.lock"} == {"catalog.duckdb", "tables"}


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    catalog = DuckDBCatalog(tmp_path / "data" / "catalog.duckdb", tables_in(tmp_path / "elsewhere"))
    with pytest.raises(StorageError, match=f"Cannot write the catalog {tmp_path}/data/catalog.duckdb: .*File exists"):
        catalog.publish()


def test_publishers_in_several_threads_end_in_a_catalog_of_all_days(data: Path) -> None:
    days = [DAY + timedelta(days=number) for number in range(6)]

    def publish(day: date) -> None:
        publish_day(data, day)
        assert day in catalog_in(data).publish().days

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(publish, days))
    assert days_shown(data) == days


def test_a_publisher_that_began_earlier_does_not_put_an_older_catalog_over_a_newer_one(data: Path) -> None:
    publish_day(data, DAY)
    with ThreadPoolExecutor(1) as pool:

        class OvertakenTables(TableStore):
            """Between the list of days and the new file, somebody else publishes another day, or tries to."""

            def published_days(self) -> list[date]:
                days = super().published_days()
                publish_day(data, NEXT)
                wait([pool.submit(catalog_in(data).publish)], timeout=0.5)
                return days

        DuckDBCatalog(data / "catalog.duckdb", OvertakenTables(FolderStore(data / "tables"))).publish()
    assert days_shown(data) == [DAY, NEXT]


def test_publishers_in_several_processes_end_in_a_catalog_of_all_days(data: Path) -> None:
    days = [DAY + timedelta(days=number) for number in range(3)]
    for day in days:
        stage(tables_in(data), day, SOUND)
    program = """
        import sys
        from datetime import date
        from pathlib import Path
        from spotify_pipeline.catalog.duckdb import DuckDBCatalog
        from spotify_pipeline.storage.objects import FolderStore
        from spotify_pipeline.storage.tables import TableStore
        data, day = Path(sys.argv[1]), date.fromisoformat(sys.argv[2])
        tables = TableStore(FolderStore(data / "tables"))
        print("ready", flush=True)
        sys.stdin.readline()
        tables.publish(day, tables.staged(day))
        assert day in DuckDBCatalog(data / "catalog.duckdb", tables).publish().days
    """
    publishers = [other_process(program, data, day) for day in days]
    for publisher in publishers:
        assert line_of(publisher) == "ready"
    for publisher in publishers:
        tell(publisher)
    for publisher in publishers:
        with publisher:
            assert publisher.wait(30) == 0
    assert days_shown(data) == days


def test_a_killed_publisher_neither_spoils_nor_blocks_the_next(data: Path) -> None:
    publish_day(data, DAY)
    catalog_in(data).publish()
    program = """
        import sys
        from pathlib import Path
        from spotify_pipeline.catalog.duckdb import DuckDBCatalog
        from spotify_pipeline.storage.objects import FolderStore
        from spotify_pipeline.storage.tables import TableStore
        data = Path(sys.argv[1])
        while True:
            DuckDBCatalog(data / "catalog.duckdb", TableStore(FolderStore(data / "tables"))).publish()
            print("published", flush=True)
    """
    for _ in range(2):
        with other_process(program, data) as publisher:
            assert line_of(publisher) == "published"
            publisher.kill()
        assert days_shown(data) == [DAY]
    publish_day(data, NEXT)
    assert catalog_in(data).publish().days == [DAY, NEXT]
    assert days_shown(data) == [DAY, NEXT]


def test_what_killed_processes_have_left_is_cleared_away(data: Path) -> None:
    left = data / ".catalog-killed"
    left.mkdir(parents=True)
    (left / "catalog.duckdb").write_bytes(b"half a file")
    catalog_in(data).publish()
    assert [path.name for path in data.iterdir() if path.is_dir()] == []
