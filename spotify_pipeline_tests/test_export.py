"""All tables as one DuckDB file, or as a folder of Parquet files: the same rows as SQL shows."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import boto3
import duckdb
import polars as pl
import pytest

from spotify_pipeline.backends.stores import Stores
from spotify_pipeline.catalog import duckdb_copy
from spotify_pipeline.errors import PipelineError
from spotify_pipeline.progress import Progress
from spotify_pipeline.settings import load_settings
from spotify_pipeline.steps.export import export_tables
from spotify_pipeline.steps.publish import publish_day
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline.tables.declarations import COVERAGE, TABLES, VIEWS
from spotify_pipeline_tests.aws import policies
from spotify_pipeline_tests.deploy.permissions import record, refused
from spotify_pipeline_tests.fake_backends import FakeBackends
from spotify_pipeline_tests.spotify.fake_spotify import FakePlaylist, FakeSpotify, playlist_id

DAYS = [date(2026, 1, 2) + timedelta(days=number) for number in range(3)]


@pytest.fixture
def history(tmp_path: Path) -> FakeBackends:
    """Three days of two playlists, of which one grows and is renamed; the last day is not published."""
    changing, other = FakePlaylist(playlist_id(1), length=120), FakePlaylist(playlist_id(2), length=3)
    fake = FakeSpotify([changing, other])
    for day in DAYS:
        backends = FakeBackends(fake, tmp_path / "data", day, SPOTIFY_PIPELINE_PLAYLISTS="mine")
        backends.extract()
        transform_day(backends, backends.raw.open_day(day))
        if day != DAYS[-1]:
            publish_day(backends, day)
        changing.length, changing.snapshot_id = changing.length + 1, f"snapshot of {day}"
    return backends


def said(call: Callable[[], object]) -> str:
    with pytest.raises(PipelineError) as caught:
        call()
    return str(caught.value)


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "data")


def test_a_duckdb_file_answers_as_the_catalog_does_and_explains_itself(history: FakeBackends, tmp_path: Path) -> None:
    file = tmp_path / "copies" / "all.duckdb"
    copied = export_tables(history, file)
    assert (copied.days, copied.size) == (2, file.stat().st_size)
    assert file.stat().st_mode & 0o777 == 0o600
    assert leftovers(file.parent) == ["all.duckdb"]
    rows = 0
    with duckdb.connect(file, read_only=True) as copy, duckdb.connect(history.duckdb_file, read_only=True) as catalog:
        for name in TABLES | VIEWS:
            for about in (f"DESCRIBE {name}", f"SELECT * FROM {name} ORDER BY ALL"):
                of_copy, of_catalog = copy.execute(about).fetchall(), catalog.execute(about).fetchall()
                # Of a key DuckDB says that it is none of views, and cannot be null.
                assert [row[:2] if "DESCRIBE" in about else row for row in of_copy] == [
                    row[:2] if "DESCRIBE" in about else row for row in of_catalog
                ]
            rows += len(of_copy) if name in TABLES else 0
        about = "SELECT {0}_name, comment FROM duckdb_{0}s() WHERE NOT internal"
        described = dict(copy.execute(about.format("table")).fetchall() + copy.execute(about.format("view")).fetchall())
        assert described == {name: declared.description for name, declared in (TABLES | VIEWS).items()}
        columns = copy.execute("SELECT comment FROM duckdb_columns() WHERE NOT internal").fetchall()
        assert all(comment for (comment,) in columns)
        keys = copy.execute(
            "SELECT table_name, constraint_column_names FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY'"
        ).fetchall()
        assert dict(keys) == {name: ["snapshot_date", *table.primary_key] for name, table in TABLES.items()}
        order = copy.execute("SELECT snapshot_date, playlist_id, position FROM playlist_items").fetchall()
    assert order == sorted(order)
    assert len(order) == 120 + 121 + 2 * 3
    assert copied.rows == rows


def test_a_table_that_is_too_large_for_a_key_has_none(
    history: FakeBackends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_copy, "_MOST_ROWS_WITH_KEY", 100)
    export_tables(history, tmp_path / "all.duckdb")
    with duckdb.connect(tmp_path / "all.duckdb", read_only=True) as copy:
        keys = copy.execute("SELECT table_name FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY'")
        found = {name for (name,) in keys.fetchall()}
    assert "coverage" in found
    assert "playlist_items" not in found


@pytest.fixture
def in_s3(history: FakeBackends, new_bucket: Callable[[], str], tmp_path: Path) -> Stores:
    """The stores of the aws target, with the same published days."""
    stores = Stores(
        load_settings(
            SPOTIFY_PIPELINE_TARGET="aws",
            SPOTIFY_PIPELINE_DATA_DIR=str(tmp_path / "aws"),
            SPOTIFY_PIPELINE_RAW_BUCKET=new_bucket(),
            SPOTIFY_PIPELINE_TABLES_BUCKET=new_bucket(),
        )
    )
    for key in history.table_objects.list(""):
        stores.table_objects.put(key, history.table_objects.get(key))
    return stores


def test_in_aws_the_policy_of_people_who_ask_is_enough(in_s3: Stores, tmp_path: Path) -> None:
    name = in_s3.settings.tables_bucket or ""
    wanted = record({})
    try:
        export_tables(Stores(in_s3.settings), tmp_path / "all")
    finally:
        boto3.setup_default_session()  # which notes nothing
    assert {permission.action for permission in wanted} == {"s3:ListBucket", "s3:GetObject"}
    assert refused(policies.with_names(policies.read("query"), {"my-spotify-tables": name}), wanted) == set()


@pytest.mark.parametrize("target", ["local", "aws"])
def test_a_folder_has_a_parquet_file_for_each_table_sorted_by_day_and_key(
    target: str, history: FakeBackends, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    told: list[tuple[int, int]] = []

    class Told(Progress):
        def count(self, done: int, total: int, text: str) -> None:
            del text
            told.append((done, total))

    stores: Stores = history if target == "local" else request.getfixturevalue("in_s3")
    folder = tmp_path / "copies" / "a[b] c=1"
    copied = export_tables(stores, folder, progress=Told())
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{name}.parquet" for name in TABLES)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o077 == 0
    assert told == [(done, 2 * len(TABLES)) for done in range(2 * len(TABLES) + 1)]
    rows = 0
    for name, table in TABLES.items():
        file = (folder / f"{name}.parquet").read_bytes()
        read = pl.read_parquet(file, hive_partitioning=False)
        published = [
            history.tables.read_published(name, day).with_columns(pl.lit(day).alias("snapshot_date"))
            for day in DAYS[:2]
        ]
        assert read.equals(pl.concat(published).sort("snapshot_date", *table.primary_key), null_equal=True), name
        assert read.schema == published[0].schema
        rows += read.height
    assert copied.rows == rows


def test_nothing_that_is_there_is_lost_unasked(history: FakeBackends, tmp_path: Path) -> None:
    file, folder, other = tmp_path / "all.duckdb", tmp_path / "all", tmp_path / "mine"
    other.mkdir()
    (other / "letter.txt").write_text("Dear Anna")
    (tmp_path / "folder.duckdb").mkdir()
    for path in (file, folder):
        export_tables(history, path)
        assert said(lambda path=path: export_tables(history, path)) == (  # type: ignore[misc]  # bound at once
            f"{path} exists already: choose another path, or replace it with --force."
        )
    (tmp_path / "all.duckdb.wal").write_bytes(b"of a client that has gone")
    publish_day(history, DAYS[-1])
    assert [export_tables(history, path, replace=True).days for path in (file, folder)] == [3, 3]
    assert pl.read_parquet(folder / "coverage.parquet")["snapshot_date"].n_unique() == 3
    with duckdb.connect(file, read_only=True) as copy:
        assert copy.execute("SELECT count(DISTINCT snapshot_date) FROM coverage").fetchone() == (3,)
    assert "is no folder of tables alone" in said(lambda: export_tables(history, other, replace=True))
    assert "is no file" in said(lambda: export_tables(history, tmp_path / "folder.duckdb", replace=True))
    assert (other / "letter.txt").read_text() == "Dear Anna"
    assert leftovers(tmp_path) == ["all", "all.duckdb", "folder.duckdb", "mine"]


def test_without_a_published_day_there_is_nothing_to_copy(tmp_path: Path) -> None:
    stores = Stores(load_settings(SPOTIFY_PIPELINE_DATA_DIR=str(tmp_path / "data")))
    assert said(lambda: export_tables(stores, tmp_path / "all")).startswith("No day is published yet")
    assert leftovers(tmp_path) == []


def test_a_day_that_is_published_anew_meanwhile_is_not_copied_in_part(history: FakeBackends, tmp_path: Path) -> None:
    class Publisher(Progress):
        def count(self, done: int, total: int, text: str) -> None:
            del total, text
            if done == 1:
                publish_day(history, DAYS[-1])  # a further day is no matter
            if done == 2:
                key = f"{COVERAGE.name}/snapshot_date={DAYS[0]}/part-0.parquet"
                history.table_objects.put(key, history.table_objects.get(key))

    sentence = said(lambda: export_tables(history, tmp_path / "all", progress=Publisher()))
    assert sentence.startswith("A day was published anew meanwhile")
    assert leftovers(tmp_path) == []


def test_what_cannot_be_written_is_a_sentence(history: FakeBackends, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert said(lambda: export_tables(history, tmp_path / "file" / "all")).startswith("Cannot write ")


def test_what_a_killed_export_leaves_is_never_under_its_name_and_goes_with_the_next(
    history: FakeBackends, tmp_path: Path
) -> None:
    program = f"""
import os, signal, sys
from pathlib import Path
from spotify_pipeline.backends.stores import Stores
from spotify_pipeline.progress import Progress
from spotify_pipeline.settings import load_settings
from spotify_pipeline.steps.export import export_tables

class Killer(Progress):
    def count(self, done, total, text):
        if done == total:
            os.kill(os.getpid(), signal.SIGKILL)

export_tables(Stores(load_settings()), Path({str(tmp_path / "all.duckdb")!r}), progress=Killer())
"""
    environment = os.environ | {"SPOTIFY_PIPELINE_DATA_DIR": str(history.settings.data_dir)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = leftovers(tmp_path)
    assert left.startswith(".all.duckdb-export-")
    assert (tmp_path / left).stat().st_mode & 0o077 == 0
    export_tables(history, tmp_path / "all.duckdb")
    assert leftovers(tmp_path) == ["all.duckdb"]
