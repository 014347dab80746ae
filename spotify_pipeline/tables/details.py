"""Filling what the documents leave null with details that were read of artists and albums."""

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from spotify_pipeline.tables.schema import Table

_SAME_FACT = {"release_date_precision": "release_date", "release_day": "release_date"}
"""Columns that say more of another one, and are filled only where that one is null too."""


def fill(table: Table, frame: pl.DataFrame, details: Iterable[Sequence[Any]]) -> pl.DataFrame:
    """The frame with its nulls filled from `details`, rows of the same table; whatever is not null stays as it is."""
    (key,) = table.primary_key
    known = pl.DataFrame(list(details), schema=table.polars_schema(), orient="row")
    if known.is_empty():
        return frame
    beside = known.select(key, pl.exclude(key).name.suffix("_known"))
    filled = [_filled(column.name) for column in table.columns if column.nullable]
    joined = frame.join(beside, on=key, how="left", validate="m:1", maintain_order="left")
    return joined.with_columns(filled).select(frame.columns)


def _filled(name: str) -> pl.Expr:
    column = pl.col(name)
    is_unknown = pl.col(_SAME_FACT.get(name, name)).is_null()
    return pl.when(is_unknown).then(pl.coalesce(column, f"{name}_known")).otherwise(column)
