"""What Dagster shows of assets and their partitions."""

from collections.abc import Mapping
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
from spotify_pipeline.steps.details import Enrichment
from spotify_pipeline.tables.declarations import COVERAGE
from spotify_pipeline.tables.schema import Column, Table

PREVIEW_ROWS = 10
"""How many rows of a partition are shown."""

_SHOWN_COVERAGE = ("playlist_id", "status", "reason", "items_read", "requests")


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


def partition_metadata(table: Table, first: pl.DataFrame, row_count: int, uri: str) -> dict[str, Any]:
    """Row count, address and first rows of a partition."""
    records = [_record(row) for row in first.iter_rows(named=True)]
    return {
        "dagster/partition_row_count": row_count,
        "dagster/uri": MetadataValue.path(uri),
        "preview": MetadataValue.table(records, column_schema(table)),
    }


def events_metadata(digest: str) -> dict[str, Any]:
    """What has happened, for people.

    Args:
        digest: as Markdown.
    """
    return {"digest": MetadataValue.md(digest)}


def manifest_metadata(manifest: Manifest, uri: str) -> dict[str, Any]:
    """What came of each playlist, counted and one by one."""
    shown = [column for column in COVERAGE.columns if column.name in _SHOWN_COVERAGE]
    records = [_record({column.name: getattr(row, column.name) for column in shown}) for row in manifest.playlists]
    return {
        "dagster/uri": MetadataValue.path(uri),
        "coverage": MetadataValue.table(records, TableSchema([_column(COVERAGE, column) for column in shown])),
        "playlists": len(manifest.playlists),
        "requests": manifest.requests,
        "requests_avoided": manifest.requests_avoided,
        "hidden_playlists": manifest.hidden_playlists,
        **manifest.counts(),
        **({"stopped": manifest.stopped} if manifest.stopped else {}),
    }


def enrichment_metadata(enrichment: Enrichment) -> dict[str, Any]:
    """How many details were read, how many of how many are still missing, and why."""
    counts = {
        f"{kind}_{count}": getattr(details, count)
        for kind, details in (("artists", enrichment.artists), ("albums", enrichment.albums))
        for count in ("wanted", "read", "missing")
    }
    return {
        **counts,
        "requests": enrichment.requests,
        **({"reason": enrichment.reason} if enrichment.reason else {}),
    }


def _record(row: Mapping[str, object]) -> TableRecord:
    """A row in the few types that Dagster can store; it refuses enumerations, even those of texts."""
    return TableRecord({name: _plain(value) for name, value in row.items()})


def _plain(value: object) -> str | float | None:
    if value is None or isinstance(value, int | float):
        return value
    return str(value)
