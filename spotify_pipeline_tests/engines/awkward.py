"""A history of values that readers of Parquet get wrong."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.settings import load_settings
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline.tables.schema import ColumnType, Table
from spotify_pipeline_tests.storage.staging import publish_staged, stage

AWKWARD_DAYS = [date(1969, 12, 31), date(2024, 2, 29)]
EMPTY_DAY = date(2024, 3, 1)

AWKWARD: dict[ColumnType, list[Any]] = {
    ColumnType.STRING: ["", "NULL", 'it\'s "so"\n\t\\', "Ørsted — 音楽 🎵", "é", "e\u0301", "x" * 70_000],
    ColumnType.INTEGER: [-(2**31), -1, 0, 2**31 - 1],
    ColumnType.BIGINT: [-(2**63), -1, 0, 2**53 + 1, 2**63 - 1],
    ColumnType.BOOLEAN: [True, False],
    # Year 1 and 1582, when the calendar changed, are where Spark and Hive have read other days than were written.
    ColumnType.DATE: [
        date(1, 1, 1),
        date(1582, 10, 4),
        date(1582, 10, 15),
        date(1969, 12, 31),
        date(2024, 2, 29),
        date(9999, 12, 31),
    ],
    ColumnType.TIMESTAMP: [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1582, 10, 4, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(1890, 3, 31, 23, 30, tzinfo=UTC),  # before most cities had time zones of whole minutes
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2024, 3, 31, 1, 30, 0, 1, tzinfo=UTC),  # an hour that Berlin's clocks leave out
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
    ColumnType.STRINGS: [[], [None], ["", None, "Ørsted 🎵"], ["pop"], [str(number) for number in range(300)]],
}


def awkward_history(folder: Path) -> Backends:
    """Days on which every column of every table has every awkward value, and a day without rows, in a folder.

    No audit would pass them, so they are put in their places without one.
    """
    backends = choose_backends(load_settings(SPOTIFY_PIPELINE_DATA_DIR=str(folder)))
    for day in (*AWKWARD_DAYS, EMPTY_DAY):
        rows = {name: _awkward_rows(table) for name, table in TABLES.items()}
        stage(backends.tables, day, {name: rows[name].clear() if day == EMPTY_DAY else rows[name] for name in rows})
        publish_staged(backends.tables, day)
    backends.catalog.publish()
    return backends


def _awkward_rows(table: Table) -> pl.DataFrame:
    """As many rows as the longest list of values has, null included; shorter lists begin again."""
    values = {column.name: AWKWARD[column.type] + ([None] if column.nullable else []) for column in table.columns}
    count = max(map(len, values.values()))
    return pl.DataFrame(
        {name: [some[row % len(some)] for row in range(count)] for name, some in values.items()},
        schema=table.polars_schema(),
    )
