"""A day has the same rows whether Spark makes it or this process."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from spotify_pipeline.backends.local import LocalWarehouse
from spotify_pipeline.errors import DataError, PipelineError
from spotify_pipeline.settings import load_settings
from spotify_pipeline.spark import job
from spotify_pipeline.spark.answers import Outcome
from spotify_pipeline.spotify.manifest import Manifest, Status
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline.storage.stage import STAGED
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.query.history import DAYS
from spotify_pipeline_tests.spark.raw_day import lay
from spotify_pipeline_tests.storage.staging import read_all
from spotify_pipeline_tests.tables.test_captures import documents  # noqa: F401  # a fixture

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.no_cover

DAY = date(2026, 11, 22)


Make = Callable[[], LocalWarehouse]
"""Makes the same data folder in the same place again."""


class Made(NamedTuple):
    """A day that Spark has made, and the rows that this process has made of it."""

    backends: LocalWarehouse
    outcome: Outcome
    wanted: dict[str, pl.DataFrame]
    manifest: Manifest


def made(session: "SparkSession", make: Make, day: date, items_in_share: int = 300) -> Made:
    """Let both make a day, and compare."""
    here = make()
    transform_day(here, here.raw.open_day(day))
    wanted, manifest = read_all(here.tables, day), here.raw.open_day(day).manifest
    there = make()
    session.conf.set(job.ITEMS_IN_SHARE, str(items_in_share))
    outcome = job.transform_day(session, there, there.raw.open_day(day), lambda _: None)
    for name, frame in read_all(there.tables, day).items():
        assert_frame_equal(frame, wanted[name])
        assert outcome.rows[name] == frame.height
    assert not list((there.settings.data_dir / "tables" / "_spark").glob("*"))
    return Made(there, outcome, wanted, manifest)


def opened(folder: Path) -> LocalWarehouse:
    return LocalWarehouse(load_settings(SPOTIFY_PIPELINE_DATA_DIR=str(folder)))


@pytest.fixture
def demo(history: Path, tmp_path: Path) -> Make:
    def make() -> LocalWarehouse:
        shutil.rmtree(tmp_path / "data", ignore_errors=True)
        return opened(shutil.copytree(history, tmp_path / "data"))

    return make


def test_a_day_of_the_demo_with_a_damaged_document(spark_session: "SparkSession", demo: Make) -> None:
    damaged = demo().raw.open_day(DAYS[1]).manifest.playlists[3].playlist_id

    def make() -> LocalWarehouse:
        backends = demo()
        backends.raw_objects.put(f"playlists/snapshot_date={DAYS[1]}/{damaged}.json.gz", b"damaged")
        return backends

    by_spark = made(spark_session, make, DAYS[1])
    assert by_spark.outcome.shares >= 4
    assert min(by_spark.outcome.rows.values()) > 0
    # The damaged document was taken aside, and the manifest says so.
    manifest = by_spark.backends.raw.open_day(DAYS[1]).manifest
    assert manifest == by_spark.manifest
    assert manifest.by_id()[damaged].status is Status.FAILED
    assert len(by_spark.backends.raw_objects.list("_quarantine/")) == 1
    # One file for each table, as there are few rows, and no other.
    staged = by_spark.backends.tables.staged(DAYS[1])
    assert staged is not None
    assert sorted(file.table for file in staged.files) == sorted(TABLES)
    there = by_spark.backends.table_objects.list(f"{STAGED}snapshot_date={DAYS[1]}/{staged.name}/")
    assert there == sorted(file.key for file in staged.files)


def test_large_tables_have_several_files_in_the_order_of_their_rows(
    spark_session: "SparkSession", demo: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "ROWS_IN_FILE", 500)
    adaptive = "spark.sql.adaptive"
    small = {
        f"{adaptive}.advisoryPartitionSizeInBytes": "16k",
        f"{adaptive}.coalescePartitions.minPartitionSize": "16k",
        "spark.sql.shuffle.partitions": "8",
    }
    session = spark_session.newSession()  # with options of its own
    for name, value in small.items():
        session.conf.set(name, value)
    staged = made(session, demo, DAYS[0]).backends.tables.staged(DAYS[0])
    assert staged is not None
    assert {name for name in TABLES if len(staged.of(name)) > 1} >= {"playlist_items", "tracks", "track_artists"}


def test_captured_playlists(
    spark_session: "SparkSession",
    documents: dict[str, list[dict[str, Any]]],  # noqa: F811
    tmp_path: Path,
) -> None:
    sent = {str(each["id"]): each for captured in documents.values() for each in captured}

    def make() -> LocalWarehouse:
        backends = opened(tmp_path)
        lay(backends, DAY, sent.values())
        return backends

    outcome = made(spark_session, make, DAY, items_in_share=2000).outcome
    assert outcome.shares > 2
    assert outcome.rows["playlist_items"] > 4000


def test_a_day_without_playlists_has_empty_tables(spark_session: "SparkSession", tmp_path: Path) -> None:
    def make() -> LocalWarehouse:
        backends = opened(tmp_path)
        backends.raw.commit(Manifest(DAY, []))
        return backends

    assert made(spark_session, make, DAY).outcome.rows == dict.fromkeys(TABLES, 0)


def test_what_goes_wrong_in_an_executor_is_the_sentence_of_any_process(
    spark_session: "SparkSession", demo: Make
) -> None:
    backends = demo()
    (damaged, *_) = backends.raw_objects.list("artists/")
    backends.raw_objects.put(damaged, b"damaged")
    backends.table_objects.delete(f"{STAGED}snapshot_date={DAYS[0]}/_stage.json")
    raw_day = backends.raw.open_day(DAYS[0])
    with pytest.raises(DataError) as here:
        transform_day(backends, raw_day)
    with pytest.raises(PipelineError) as there:
        job.transform_day(spark_session, backends, raw_day, lambda _: None)
    assert str(here.value) == str(there.value)
    assert backends.tables.staged(DAYS[0]) is None
    assert not list((backends.settings.data_dir / "tables" / "_spark").glob("*"))
