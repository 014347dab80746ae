"""Pieces of DuckDB's SQL that follow from the declarations: types, values and comments."""

from collections.abc import Iterable

from spotify_pipeline.tables.partition import PARTITION_COLUMN
from spotify_pipeline.tables.schema import Column, ColumnType, Table, View


def stored_type(column: Column) -> str:
    """The type that DuckDB finds in Parquet files: times are with zone there."""
    return "TIMESTAMPTZ" if column.type is ColumnType.TIMESTAMP else column.type.duckdb


def shown_value(column: Column) -> str:
    """The column of a Parquet file as SQL shows it."""
    if column.type is ColumnType.TIMESTAMP:
        # As in Athena: a time without zone, in UTC. A cast would go by the client's time zone.
        return f'make_timestamp(epoch_us("{column.name}"))'
    return f'"{column.name}"::{column.type.duckdb}'


def comments(kind: str, described: Table | View, partition: str | None = None) -> Iterable[str]:
    """A statement for each description, with its semicolon.

    Args:
        kind: what DuckDB has under that name, `TABLE` or `VIEW`.
        described: the declaration.
        partition: what to say of the partition column, if the declaration does not have it.
    """
    yield f"COMMENT ON {kind} {described.name} IS {quoted(described.description)};"
    columns = {column.name: column.description for column in described.columns}
    if partition:
        columns[PARTITION_COLUMN] = partition
    for name, description in columns.items():
        yield f'COMMENT ON COLUMN {described.name}."{name}" IS {quoted(description)};'


def quoted(value: str) -> str:
    """A text."""
    return "'" + value.replace("'", "''") + "'"
