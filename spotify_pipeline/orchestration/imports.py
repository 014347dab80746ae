"""History from files of other tools as an asset, with a job of its own: no day of the daily job needs it."""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    AssetSelection,
    Config,
    MaterializeResult,
    MetadataValue,
    TableColumn,
    TableRecord,
    TableSchema,
    asset,
    define_asset_job,
)
from pydantic import Field

from spotify_pipeline.demo.backends import not_for_real_playlists
from spotify_pipeline.errors import DataError
from spotify_pipeline.history.markdown import escaped
from spotify_pipeline.orchestration.assets import OWNERS
from spotify_pipeline.orchestration.compute import logged_progress
from spotify_pipeline.orchestration.failures import explained
from spotify_pipeline.steps.gathering import ImportedFile
from spotify_pipeline.steps.imports import Imported, import_history
from spotify_pipeline.tables.declarations import TABLES

IMPORTED = "imported_playlists"
_VERSION = "1"
_MOST_ROWS = 100
_MADE = [AssetKey("raw_playlists"), *map(AssetKey, TABLES), AssetKey("catalog")]
"""What an import makes of each day."""

import_playlists = define_asset_job(
    "import_playlists",
    selection=AssetSelection.assets(IMPORTED),
    description="Takes history from files of other tools, and publishes the days that they give.",
)


class ImportConfig(Config):
    """What to import."""

    path: str = ""
    """A file, a ZIP archive, a folder or a clone of an archive, on the machine of the run; empty: nothing."""
    playlist: str | None = None
    """The id of the playlist that is meant, where files do not tell; else the only one to import."""
    day: str | None = None
    """The day that files are of which do not tell their own, as 2026-03-01."""
    accept: list[str] = Field(default_factory=list)
    """Ids of playlists that may lose as many rows as they do."""


@asset(
    name=IMPORTED,
    group_name="imports",
    kinds={"python", "json"},
    owners=OWNERS,
    code_version=_VERSION,
    output_required=False,
    required_resource_keys={"backends", "progress"},
)
def imported_playlists(context: AssetExecutionContext, config: ImportConfig) -> Any:  # noqa: ANN401  # a generator
    """Playlists from files of other tools, as days with the status `imported`; their tables are made here as well."""
    if not config.path:  # as in a run of all that there is
        context.log.info("No path is configured, so nothing is imported.")
        return
    backends = context.resources.backends
    with explained():
        if backends.is_invented:
            raise not_for_real_playlists(backends.settings)
        imported = import_history(
            backends,
            Path(config.path),
            playlist=config.playlist,
            day=date.fromisoformat(config.day) if config.day else None,
            accept=config.accept,
            progress=logged_progress(context.op_execution_context),
        )
    for each in materialized(imported.made):
        context.log_event(each)
    yield MaterializeResult(metadata=_metadata(imported))
    if imported.failures:
        with explained():
            raise DataError(" | ".join(imported.failures))


def materialized(days: Iterable[date]) -> Iterator[AssetMaterialization]:
    """What tells Dagster of days that an import has made."""
    for day in days:
        for key in _MADE:
            yield AssetMaterialization(key, partition=day.isoformat(), metadata={"imported": True})


def _metadata(imported: Imported) -> dict[str, MetadataValue]:
    days = sorted({day for file in imported.files for days in file.days.values() for day in days})
    rows = [(file, refusal) for file in imported.files for refusal in file.refused]
    return {
        "dagster/row_count": MetadataValue.int(sum(file.accepted for file in imported.files)),
        "refused": MetadataValue.int(len(rows)),
        "refused_rows": MetadataValue.table(
            [
                TableRecord({"file": file.name, "place": refusal.place, "reason": refusal.reason})
                for file, refusal in rows[:_MOST_ROWS]
            ],
            TableSchema([TableColumn(name, "string") for name in ("file", "place", "reason")]),
        ),
        "files": MetadataValue.md("\n".join(f"- {_told(file)}" for file in imported.files[:_MOST_ROWS])),
        "days": MetadataValue.int(len(days)),
        "first_day": MetadataValue.text(str(days[0])),
        "last_day": MetadataValue.text(str(days[-1])),
        "days_made": MetadataValue.int(len(imported.made)),
        "kept_as_observed": MetadataValue.int(sum(len(file.kept) for file in imported.files)),
    }


def _told(file: ImportedFile) -> str:
    kind = file.format or "unknown format"
    return f"{escaped(file.name)}: {kind}, {file.accepted} accepted, {len(file.refused)} refused"
