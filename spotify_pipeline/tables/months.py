"""The rows of many days as one frame, with the day as a column: what a month's file has."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import polars as pl

from spotify_pipeline.tables.partition import PARTITION_COLUMN, PARTITION_DESCRIPTION
from spotify_pipeline.tables.schema import Column, ColumnType, Table


def with_days(table: Table) -> Table:
    """The table as its months are, and as SQL shows it: with the day as the last column.

    Its rows are sorted by the old primary key and then by day, so that what stays as it was from day to day stands
    together: that is what makes a month so small.
    """
    day = Column(PARTITION_COLUMN, ColumnType.DATE, PARTITION_DESCRIPTION)
    return replace(
        table, columns=(*table.columns, day), primary_key=(*table.primary_key, PARTITION_COLUMN), foreign_keys=()
    )


def month_frame(table: Table, days: Mapping[date, pl.DataFrame]) -> pl.DataFrame:
    """The rows of all days, of which there is one at least. What files of an older version lack is null.

    Raises:
        polars.exceptions.PolarsError: a column has another type than the declared one.
    """
    frames = [_declared(table, frame).with_columns(pl.lit(day).alias(PARTITION_COLUMN)) for day, frame in days.items()]
    return pl.concat(frames)


def _declared(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(type_).alias(name)
        for name, type_ in table.polars_schema().items()
    )
