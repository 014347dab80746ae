"""Spark answers the declared views as DuckDB does, and so as Athena and Trino do."""

from pathlib import Path
from typing import TYPE_CHECKING

from spotify_pipeline.backends.local import LocalWarehouse
from spotify_pipeline.settings import load_settings
from spotify_pipeline.spark.views import create_views
from spotify_pipeline.tables.declarations import TABLES, VIEWS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_the_declared_views(spark_session: "SparkSession", history: Path) -> None:
    for name in TABLES:
        spark_session.read.parquet(str(history / "tables" / name)).createOrReplaceTempView(name)
    create_views(spark_session)
    duckdb = LocalWarehouse(load_settings(SPOTIFY_PIPELINE_DATA_DIR=str(history))).engine
    for name, view in VIEWS.items():
        answer = duckdb.ask(f"SELECT * FROM {name}")
        rows = spark_session.sql(f"SELECT * FROM {name}").collect()
        assert answer.columns == [column.name for column in view.columns] == list(rows[0].asDict())
        assert sorted(map(tuple, rows), key=repr) == sorted(answer.rows, key=repr)
