from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from spotify_pipeline.errors import DataError
from spotify_pipeline.tables.declarations import PLAYLIST_ITEMS, TABLES
from spotify_pipeline.tables.parquet import from_parquet, to_parquet
from spotify_pipeline.tables.schema import ColumnType, Table

_TEXTS = st.text(max_size=5)
_VALUES: dict[ColumnType, st.SearchStrategy[Any]] = {
    ColumnType.STRING: _TEXTS,
    ColumnType.INTEGER: st.integers(-(2**31), 2**31 - 1),
    ColumnType.BIGINT: st.integers(-(2**63), 2**63 - 1),
    ColumnType.BOOLEAN: st.booleans(),
    ColumnType.DATE: st.dates(),
    ColumnType.TIMESTAMP: st.datetimes(timezones=st.just(UTC)),
    ColumnType.STRINGS: st.lists(st.none() | _TEXTS, max_size=3),
}
_DUCKDB_TYPES = {
    ColumnType.STRING: "VARCHAR",
    ColumnType.INTEGER: "INTEGER",
    ColumnType.BIGINT: "BIGINT",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP WITH TIME ZONE",
    ColumnType.STRINGS: "VARCHAR[]",
}
each_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())


@st.composite
def frames(draw: st.DrawFn) -> tuple[Table, pl.DataFrame]:
    """Rows of any table, in any order, whose keys are unique."""
    table = draw(st.sampled_from(list(TABLES.values())))
    fields = {
        column.name: st.none() | _VALUES[column.type] if column.nullable else _VALUES[column.type]
        for column in table.columns
    }
    rows = draw(
        st.lists(
            st.fixed_dictionaries(fields),
            unique_by=lambda row: tuple(row[name] for name in table.primary_key),
            max_size=6,
        )
    )
    return table, pl.DataFrame(rows, schema=table.polars_schema(), orient="row")


@pytest.fixture(scope="module")
def many_items() -> pl.DataFrame:
    """As many rows as fill more than one row group."""
    count = 300_000
    items = pl.DataFrame({"position": pl.int_range(count, eager=True, dtype=pl.Int32)}).with_columns(
        playlist_id=pl.format("p{}", pl.col("position") % 3),
        item_type=pl.lit("track"),
        item_key=pl.format("spotify:track:{}", "position"),
        added_at=pl.lit(datetime(2025, 1, 1, tzinfo=UTC)).cast(pl.Datetime("us", "UTC")),
    )
    schema = PLAYLIST_ITEMS.polars_schema()
    missing = [pl.lit(None, dtype=schema[name]).alias(name) for name in schema if name not in items.columns]
    return items.with_columns(missing).select(schema.keys()).sample(fraction=1, shuffle=True, seed=1)


def ask_duckdb(sql: str) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@settings(deadline=None)
@given(frames())
def test_rows_come_back_as_they_were_sorted_by_primary_key(case: tuple[Table, pl.DataFrame]) -> None:
    table, frame = case
    assert_frame_equal(from_parquet(to_parquet(table, frame)), frame.sort(table.primary_key))


@settings(deadline=None)
@given(case=frames(), data=st.data())
def test_the_same_rows_give_the_same_bytes_in_whatever_order_and_chunks(
    case: tuple[Table, pl.DataFrame], data: st.DataObject
) -> None:
    table, frame = case
    shuffled = frame[data.draw(st.permutations(range(frame.height)))] if frame.height else frame
    cut = data.draw(st.integers(0, frame.height))
    chunked = pl.concat([shuffled[:cut], shuffled[cut:]], rechunk=False)
    assert to_parquet(table, chunked) == to_parquet(table, frame)


def test_many_rows_give_the_same_bytes_in_whatever_order(many_items: pl.DataFrame) -> None:
    ordered = many_items.sort("playlist_id", "position")
    halves = pl.concat([ordered[:100_000], ordered[100_000:]], rechunk=False)
    assert to_parquet(PLAYLIST_ITEMS, many_items) == to_parquet(PLAYLIST_ITEMS, halves)


def test_files_are_compressed_with_zstd_and_sorted_and_have_statistics(
    many_items: pl.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "items.parquet"
    path.write_bytes(to_parquet(PLAYLIST_ITEMS, many_items))
    chunks = ask_duckdb(f"FROM parquet_metadata('{path}')")
    assert {chunk["compression"] for chunk in chunks} == {"ZSTD"}
    assert len({chunk["row_group_id"] for chunk in chunks}) > 1
    for chunk in chunks:
        if chunk["path_in_schema"] in ("playlist_id", "position", "item_type", "item_key", "added_at"):
            assert chunk["stats_null_count"] == 0
            assert None not in (chunk["stats_min_value"], chunk["stats_max_value"])
    ranges = [
        (chunk["stats_min_value"], chunk["stats_max_value"])
        for chunk in chunks
        if chunk["path_in_schema"] == "playlist_id"
    ]
    # Each row group begins where the one before ends: a reader of one playlist passes over the others.
    bounds = [bound for pair in ranges for bound in pair]
    assert bounds == sorted(bounds)
    assert (bounds[0], bounds[-1]) == ("p0", "p2")
    read = pl.read_parquet(path)
    assert read.select("playlist_id", "position").rows() == sorted(many_items.select("playlist_id", "position").rows())


@each_table
def test_duckdb_reads_the_declared_types_and_no_partition_column(table: Table, tmp_path: Path) -> None:
    path = tmp_path / "snapshot_date=2025-01-01.parquet"
    path.write_bytes(to_parquet(table, pl.DataFrame(schema=table.polars_schema())))
    columns = ask_duckdb(f"DESCRIBE FROM read_parquet('{path}', hive_partitioning = false)")
    found = [(column["column_name"], column["column_type"]) for column in columns]
    assert found == [(column.name, _DUCKDB_TYPES[column.type]) for column in table.columns]


@each_table
def test_a_partition_column_of_the_path_is_not_read_into_the_frame(table: Table) -> None:
    frame = pl.DataFrame(schema=table.polars_schema())
    assert from_parquet(to_parquet(table, frame)).schema == table.polars_schema()


@each_table
def test_a_frame_that_is_not_as_declared_is_refused(table: Table) -> None:
    frame = pl.DataFrame(schema=table.polars_schema())
    first, *_, last = frame.columns
    wrong = {
        "a column less": frame.drop(last),
        "a column more": frame.with_columns(snapshot_date=pl.lit(None, dtype=pl.Date)),
        "another order": frame.select(reversed(frame.columns)),
        "another type": frame.with_columns(pl.col(first).cast(pl.Binary)),
        "another name": frame.rename({first: "id"}),
    }
    for rows in wrong.values():
        with pytest.raises(DataError, match=rf"rows of {table.name} do not have its declared columns"):
            to_parquet(table, rows)


_FILE = to_parquet(TABLES["artists"], pl.DataFrame({"artist_id": ["a", "b"], "name": ["A", "B"]}).with_columns(
    genres=pl.Series([["x"], None], dtype=pl.List(pl.String)),
    followers_total=pl.lit(1, dtype=pl.Int64),
    popularity=pl.lit(1, dtype=pl.Int32),
    image_url=pl.lit(None, dtype=pl.String),
    url=pl.lit(None, dtype=pl.String),
))  # fmt: skip


@settings(deadline=None)
@given(st.integers(0, len(_FILE) - 1))
def test_a_file_cut_anywhere_is_a_data_error(length: int) -> None:
    with pytest.raises(DataError, match="not a whole Parquet file"):
        from_parquet(_FILE[:length])


def test_damage_at_which_polars_panics_is_a_data_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def panic(*_: object, **__: object) -> pl.DataFrame:
        raise pl.exceptions.PanicException("called `Result::unwrap()` on an `Err` value")

    monkeypatch.setattr(pl, "read_parquet", panic)
    with pytest.raises(DataError, match="not a whole Parquet file: called"):
        from_parquet(_FILE)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"a,b\n1,2\n", b"{}", b"\0" * 4096, _FILE[::-1], _FILE + b"x"])
def test_what_is_no_parquet_file_is_a_data_error(content: bytes) -> None:
    with pytest.raises(DataError, match="not a whole Parquet file"):
        from_parquet(content)
