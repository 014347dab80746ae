"""Frames as Parquet files and back."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import polars as pl

from spotify_pipeline.errors import DataError
from spotify_pipeline.tables.schema import Table

_ROWS_IN_GROUP = 122_880  # a number, since polars' own choice depends on the machine, and equal rows are equal files


def to_parquet(table: Table, frame: pl.DataFrame) -> bytes:
    """A Parquet file with the table's rows: zstd, with statistics, sorted by primary key, the same for the same rows.

    Its groups of rows are small enough that one playlist is found in a large day, and large enough that whole days, for
    which most queries ask, stay small: `python -m benchmarks.layout` compares.

    Raises:
        DataError: the frame does not have the declared columns and types.
    """
    if frame.schema != table.polars_schema():
        raise DataError(f"The rows of {table.name} do not have its declared columns: {frame.schema}.")
    buffer = BytesIO()
    frame.sort(table.primary_key).write_parquet(
        buffer, compression="zstd", compression_level=1, row_group_size=_ROWS_IN_GROUP, statistics=True
    )
    return buffer.getvalue()


def from_parquet(file: bytes, rows: int | None = None) -> pl.DataFrame:
    """The rows of a Parquet file, or so many at most, with the types that the file has.

    Raises:
        DataError: it is no Parquet file, or a damaged one.
    """
    with _explained():
        return pl.read_parquet(BytesIO(file), n_rows=rows, hive_partitioning=False)


def row_count(file: bytes) -> int:
    """How many rows a Parquet file says it has.

    Raises:
        DataError: it is no Parquet file, or a damaged one.
    """
    with _explained():
        count: int = pl.scan_parquet(BytesIO(file)).select(pl.len()).collect().item()
        return count


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        # Some damage, such as an impossible encoding, makes polars panic, which is no `Exception` in Python.
        raise DataError(f"not a whole Parquet file: {error}") from None
