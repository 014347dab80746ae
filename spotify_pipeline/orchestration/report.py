"""The report as an asset, and pictures in the metadata of what they show. A chart that fails, fails nothing else."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetsDefinition,
    DagsterLogManager,
    DailyPartitionsDefinition,
    MaterializeResult,
    MetadataValue,
    asset,
)

from spotify_pipeline.errors import PipelineError
from spotify_pipeline.orchestration.checks import check_spec
from spotify_pipeline.steps.report import WrittenReport, publish_report

REPORT = "playlist_report"
_WRITTEN = "written"
_SHOWN = {"flow": "came_and_went", "coverage": "known_days"}


def build_report(partitions: DailyPartitionsDefinition, after: str = "catalog") -> AssetsDefinition:
    """The asset, made `after` another one. What goes wrong here is told by a check, and stops nothing."""
    description = "The report was written."

    @asset(
        name=REPORT,
        partitions_def=partitions,
        deps=[after],
        output_required=False,
        check_specs=[check_spec(REPORT, _WRITTEN, description, partitions, blocking=False)],
        required_resource_keys={"backends"},
    )
    def playlist_report(context: AssetExecutionContext) -> Iterator[MaterializeResult[Any] | AssetCheckResult]:
        """One page with charts about all days that SQL shows, for a browser without network."""
        try:
            written = publish_report(context.resources.backends)
            result = MaterializeResult[Any](metadata=_metadata(written))
        except Exception as error:  # noqa: BLE001  # a bug in a chart is no reason for a day to fail
            reason = str(error) if isinstance(error, PipelineError) else f"{type(error).__name__}: {error}"
            yield _checked(f"There is no new report: {reason}", passed=False)
            return
        yield result
        yield _checked(description, passed=True)

    return playlist_report


def table_pictures(read: Callable[[str], pl.DataFrame], log: DagsterLogManager) -> dict[str, dict[str, MetadataValue]]:
    """Metadata with a picture of the day, for those tables that have one; `read` gives a table by its name."""
    try:
        from spotify_pipeline.report.pictures import CAPTIONS, table_picture  # noqa: PLC0415  # imports Altair

        pictures = {name: table_picture(name, read) for name in CAPTIONS}
    except Exception as error:  # noqa: BLE001  # as above
        log.warning(f"There are no pictures of the tables: {type(error).__name__}: {error}")
        return {}
    return {name: {"picture": _markdown(CAPTIONS[name], picture)} for name, picture in pictures.items() if picture}


def _metadata(written: WrittenReport) -> dict[str, Any]:
    from spotify_pipeline.report.pictures import panel_picture  # noqa: PLC0415  # as above

    report = written.report
    panels = report.scopes[0].panels
    pictures = {name: panel_picture(name, panels[name]) for name in _SHOWN}
    return {
        "dagster/uri": MetadataValue.path(written.uri),
        "bytes": written.size,
        "first_day": str(report.first_day),
        "newest_day": str(report.newest_day),
        "playlists": len(report.directory),
        **{_SHOWN[name]: _markdown(panels[name].summary, picture) for name, picture in pictures.items() if picture},
    }


def _markdown(caption: str, picture: str) -> MetadataValue:
    image = base64.b64encode(picture.encode()).decode()
    return MetadataValue.md(f"{caption}\n\n![{caption}](data:image/svg+xml;base64,{image})")


def _checked(description: str, *, passed: bool) -> AssetCheckResult:
    return AssetCheckResult(
        asset_key=REPORT,
        check_name=_WRITTEN,
        passed=passed,
        severity=AssetCheckSeverity.WARN,
        description=description,
    )
