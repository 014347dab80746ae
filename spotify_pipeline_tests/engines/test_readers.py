"""Spark and DuckDB read the registered tables as they were written, knowing nothing of them but what Glue tells."""

from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import duckdb
import polars as pl
import pytest

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline.tables.partition import PARTITION_COLUMN
from spotify_pipeline_tests.engines.awkward import awkward_history
from spotify_pipeline_tests.engines.registration import Registered, download, register, upload
from spotify_pipeline_tests.query.history import DAYS, make_history

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

Row = tuple[Any, ...]
each_table = pytest.mark.parametrize("table", TABLES)

_DUCKDB_TYPES = {
    "string": "VARCHAR",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "array<string>": "VARCHAR[]",
}


class Reader(Protocol):
    """An engine that reads the files of a registered table. Timestamps are microseconds since 1970, in UTC."""

    def types(self, table: Registered) -> dict[str, str]:
        """The columns that the files themselves have, with Glue's names of their types."""
        ...

    def rows(self, table: Registered) -> list[Row]:
        """All rows, read as the registered types, with the values of the partition keys behind the columns."""
        ...


class SparkReader:
    def __init__(self, session: "SparkSession") -> None:
        self._session = session

    def types(self, table: Registered) -> dict[str, str]:
        return dict(self._session.read.parquet(*(str(partition.folder) for partition in table.partitions)).dtypes)

    def rows(self, table: Registered) -> list[Row]:
        from pyspark.sql import DataFrame  # noqa: PLC0415  # takes long, and few tests need it
        from pyspark.sql.functions import col, lit, unix_micros  # noqa: PLC0415

        schema = ", ".join(f"`{name}` {type_}" for name, type_ in table.columns.items())
        # Collected as they are, timestamps would be in the time zone of this process.
        columns = [
            unix_micros(col(name)) if type_ == "timestamp" else col(name) for name, type_ in table.columns.items()
        ]
        partitions: list[DataFrame] = []
        for partition in table.partitions:
            keys = zip(partition.values, table.keys.values(), strict=True)
            rows = self._session.read.schema(schema).parquet(str(partition.folder))
            partitions.append(rows.select(*columns, *(lit(value).cast(type_) for value, type_ in keys)))
        return [tuple(row) for row in reduce(DataFrame.unionAll, partitions).collect()]


class DuckDBReader:
    def types(self, table: Registered) -> dict[str, str]:
        glue_types = {duckdb_type: type_ for type_, duckdb_type in _DUCKDB_TYPES.items()}
        columns = [
            {name: glue_types[type_] for name, type_, *_ in _ask_duckdb(f"DESCRIBE FROM {_files(partition.folder)}")}
            for partition in table.partitions
        ]
        assert all(found == columns[0] for found in columns)
        return columns[0]

    def rows(self, table: Registered) -> list[Row]:
        columns = [
            f"epoch_us({name}::{_DUCKDB_TYPES[type_]})" if type_ == "timestamp" else f"{name}::{_DUCKDB_TYPES[type_]}"
            for name, type_ in table.columns.items()
        ]
        rows: list[Row] = []
        for partition in table.partitions:
            typed = zip(partition.values, table.keys.values(), strict=True)
            keys = [f"'{value}'::{_DUCKDB_TYPES[type_]}" for value, type_ in typed]
            rows += _ask_duckdb(f"SELECT {', '.join(columns + keys)} FROM {_files(partition.folder)}")
        return rows


def _files(folder: Path) -> str:
    return f"read_parquet('{folder}/*.parquet', hive_partitioning = false)"


def _ask_duckdb(sql: str) -> list[Row]:
    with duckdb.connect() as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture(params=["spark", "duckdb"])
def reader(request: pytest.FixtureRequest) -> Reader:
    return SparkReader(request.getfixturevalue("spark_session")) if request.param == "spark" else DuckDBReader()


class History(NamedTuple):
    """A history, and how to ask Glue for one of its tables."""

    backends: Backends
    registered: dict[str, Registered]


@pytest.fixture(scope="module", params=["demo", "awkward"])
def history(
    request: pytest.FixtureRequest,
    s3_client: "S3Client",
    glue_client: "GlueClient",
    tmp_path_factory: pytest.TempPathFactory,
) -> History:
    name = request.param
    folder = tmp_path_factory.mktemp(name)
    backends = make_history(folder / "data", DAYS[:3]) if name == "demo" else awkward_history(folder / "data")
    register(glue_client, f"readers_{name}", upload(backends, s3_client, f"readers-{name}"))
    registered = {
        table: download(glue_client, s3_client, f"readers_{name}", table, folder / "copies") for table in TABLES
    }
    return History(backends, registered)


def written(backends: Backends, table: str) -> list[Row]:
    """The rows as polars reads them in the folder, with the day behind the columns."""
    rows: list[Row] = []
    for day in backends.tables.partitions(table):
        frame = backends.tables.read(table, day).with_columns(pl.col(pl.Datetime).dt.epoch("us"))
        rows += [(*row, day) for row in frame.rows()]
    return rows


def in_one_order(rows: list[Row]) -> list[str]:
    """The rows as texts, in which 1, 1.0 and true differ."""
    return sorted(map(repr, rows))


@each_table
def test_files_have_the_registered_types(table: str, history: History, reader: Reader) -> None:
    assert reader.types(history.registered[table]) == history.registered[table].columns


@each_table
def test_registered_partitions_have_the_rows_that_were_written(table: str, history: History, reader: Reader) -> None:
    registered = history.registered[table]
    assert registered.keys == {PARTITION_COLUMN: "date"}
    assert len(registered.partitions) == 3
    rows = reader.rows(registered)
    assert rows
    assert in_one_order(rows) == in_one_order(written(history.backends, table))
