"""Staging of tables that a test has made by itself."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from spotify_pipeline.storage.tables import TableStore
from spotify_pipeline.tables.declarations import TABLES


def stage(tables: TableStore, day: date, frames: Mapping[str, pl.DataFrame]) -> None:
    """Stage a day, each table in one file."""
    with tables.stage(day) as writer:
        for name, frame in frames.items():
            writer.write(TABLES[name], frame)


def publish_staged(tables: TableStore, day: date) -> None:
    """Publish what is staged, if anything is, whatever an audit may say of it."""
    if staged := tables.staged(day):
        tables.publish(day, staged)


def read_all(tables: TableStore, day: date) -> dict[str, pl.DataFrame]:
    """The newest rows of all tables of a day."""
    return {name: tables.read(name, day) for name in TABLES}
