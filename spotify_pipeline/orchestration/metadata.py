"""What Dagster shows of assets and their partitions."""

from typing import Any

import polars as pl
from dagster import (
    MetadataValue,
    TableColumn,
    TableColumnConstraints,
    TableConstraints,
    TableRecord,
    TableSchema,
)

from spotify_pipeline.spotify.manifest import Manifest
from spotify_pipeline.tables.schema import Column, Table

_PREVIEW_ROWS = 10


def column_schema(table: Table) -> TableSchema:
    """The declaration of a table as Dagster's column schema."""
    keys = [f"primary key: {', '.join(table.primary_key)}"]
    keys += [f"{key.column} → {key.table}" for key in table.foreign_keys]
    return TableSchema(
        columns=[_column(table, column) for column in table.columns], constraints=TableConstraints(other=keys)
    )


def _column(table: Table, column: Column) -> TableColumn:
    constraints = TableColumnConstraints(
        nullable=column.nullable,
        unique=table.primary_key == (column.name,),
        other=list(column.broken_rules()),
    )
    return TableColumn(column.name, column.type.value, column.description, constraints)


def partition_metadata(frame: pl.DataFrame, uri: str) -> dict[str, Any]:
    """Row count, address and first rows of a partition."""
    return {
        "dagster/partition_row_count": frame.height,
        "dagster/uri": MetadataValue.path(uri),
        "preview": MetadataValue.md(_markdown(frame.head(_PREVIEW_ROWS))),
    }


def manifest_metadata(manifest: Manifest, uri: str) -> dict[str, Any]:
    """What came of each playlist, counted and one by one."""
    records = [
        TableRecord(
            {
                "playlist_id": row.playlist_id,
                "status": row.status.value,
                "items": row.items_read,
                "requests": row.requests,
                "reason": row.reason or "",
            }
        )
        for row in manifest.playlists
    ]
    schema = TableSchema(
        columns=[
            TableColumn("playlist_id"),
            TableColumn("status"),
            TableColumn("items", "int"),
            TableColumn("requests", "int"),
            TableColumn("reason"),
        ]
    )
    return {
        "dagster/uri": MetadataValue.path(uri),
        "coverage": MetadataValue.table(records, schema),
        "playlists": len(manifest.playlists),
        "requests": manifest.requests,
        "hidden_playlists": manifest.hidden_playlists,
        **manifest.counts(),
    }


def _markdown(frame: pl.DataFrame) -> str:
    rows = [frame.columns, ["---"] * frame.width, *frame.iter_rows()]
    return "\n".join(f"| {' | '.join(_cell(value) for value in row)} |" for row in rows)


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
