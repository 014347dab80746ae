"""The assets: raw playlists and details, the tables, the catalog; and the ops that make them."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetIn,
    AssetKey,
    AssetOut,
    AssetsDefinition,
    AssetSpec,
    Config,
    DailyPartitionsDefinition,
    FreshnessPolicy,
    In,
    MaterializeResult,
    MetadataValue,
    Nothing,
    OpExecutionContext,
    Out,
    Output,
    asset,
    graph_asset,
    graph_multi_asset,
    op,
)
from pydantic import Field

from spotify_pipeline.orchestration.compute import Compute, logged_progress
from spotify_pipeline.orchestration.failures import explained
from spotify_pipeline.orchestration.metadata import column_schema
from spotify_pipeline.orchestration.partitions import partition_day
from spotify_pipeline.orchestration.report import REPORT, build_report
from spotify_pipeline.orchestration.retention import RETENTION, build_retention
from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.manifest import Manifest
from spotify_pipeline.steps.digest import tell_digest
from spotify_pipeline.steps.publish import publish_day
from spotify_pipeline.storage.raw import RawDay
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline.tables.transform import VERSION as TRANSFORM_VERSION

FROM_TRANSFORM = [*map(AssetKey, TABLES), AssetKey("catalog"), AssetKey(REPORT)]
"""What is made of a day that has raw documents."""

OWNERS = ["team:spotify-pipeline"]

_DETAILS = "raw_details"
_EXTRACTION_VERSION = "1"
_FRESHNESS = FreshnessPolicy.cron(deadline_cron="0 12 * * *", lower_bound_delta=timedelta(hours=12))


class ExtractConfig(Config):
    """How to extract."""

    refresh: bool = False
    """Read also what the day already has."""
    accept: list[str] = Field(default_factory=list)
    """Ids of playlists that may have lost as many rows as they have."""


@op(
    out=Out(io_manager_key="raw_documents"),
    required_resource_keys={"compute", "progress"},
)
def extract_playlists(context: OpExecutionContext, config: ExtractConfig) -> Output[Manifest]:
    """Read today's playlists from Spotify."""
    compute: Compute = context.resources.compute
    with explained():
        return compute.extract(context, refresh=config.refresh, accept=config.accept)


@op(
    ins={_DETAILS: In(Nothing)},  # they are read beside the documents; without enrichment nobody makes them
    out={name: Out(io_manager_key="table_partitions") for name in TABLES},
    required_resource_keys={"compute", "progress"},
)
def transform_playlists(context: OpExecutionContext, raw_playlists: RawDay) -> Iterator[Output[Any]]:
    """Make all tables of a day, in one pass over its raw documents."""
    compute: Compute = context.resources.compute
    with explained():
        yield from compute.transform(context, raw_playlists)


def build_assets(partitions: DailyPartitionsDefinition, settings: Settings) -> list[AssetsDefinition]:
    """All assets, partitioned by day; details of artists and albums, and retention, only if the settings want them."""
    enrich = settings.enrich == "new"

    @graph_asset(partitions_def=partitions)
    def raw_playlists() -> Any:  # noqa: ANN401  # inside a graph ops return handles, not values
        """Playlists as Spotify sent them, one JSON document each, and the manifest that says what came of each."""
        return extract_playlists()

    @asset(
        partitions_def=partitions,
        deps=["raw_playlists"],
        required_resource_keys={"compute", "progress"},
    )
    def raw_details(context: AssetExecutionContext) -> MaterializeResult[Any]:
        """Details of the day's artists and albums as Spotify sent them, of those of which none were read before."""
        compute: Compute = context.resources.compute
        with explained():
            return compute.enrich(context.op_execution_context)

    def tables(raw_playlists: Any) -> Any:  # noqa: ANN401
        return transform_playlists(raw_playlists)._asdict()

    def tables_with_details(raw_playlists: Any, raw_details: Any) -> Any:  # noqa: ANN401
        return transform_playlists(raw_playlists, raw_details)._asdict()

    build_tables = graph_multi_asset(
        partitions_def=partitions,
        ins={_DETAILS: AssetIn(dagster_type=Nothing)} if enrich else {},
        outs={name: AssetOut() for name in TABLES},
        name="tables",
    )

    @asset(
        partitions_def=partitions,
        deps=list(TABLES),
        required_resource_keys={"backends", "progress"},
    )
    def catalog(context: AssetExecutionContext) -> MaterializeResult[Any]:
        """Exactly the days that have passed their audit: what SQL shows."""
        backends, day = context.resources.backends, partition_day(context.partition_key)
        with explained():
            publication = publish_day(backends, day, progress=logged_progress(context.op_execution_context))
            due = [str(due.day) for due in backends.due.load().values() if day in due.since]
        tell_digest(backends, day, context.log.warning)
        return MaterializeResult(
            metadata={
                "dagster/uri": MetadataValue.path(publication.location),
                "published_days": len(publication.days),
                "first_day": str(publication.days[0]),
                "last_day": str(publication.days[-1]),
                **publication.facts,
                **({"days_due": MetadataValue.json(due)} if due else {}),
            }
        )

    made = [raw_details, build_tables(tables_with_details)] if enrich else [build_tables(tables)]
    describe = partial(_described, catalog_kinds={"duckdb"} if settings.target == "local" else {"glue", "athena"})
    days = settings.retention_days
    retention = [build_retention(partitions, days)] if days else []
    # The report comes after it, so that it shows nothing that has gone.
    report = build_report(partitions, after=RETENTION if days else "catalog")
    everything = (raw_playlists, *made, catalog, *retention, report)
    return [definition.map_asset_specs(describe) for definition in everything]


def _described(spec: AssetSpec, catalog_kinds: set[str]) -> AssetSpec:
    """The spec with what graph-backed assets cannot be given where they are defined."""
    table = TABLES.get(spec.key.path[-1])
    if table:
        return spec.replace_attributes(
            description=table.description,
            group_name="tables",
            kinds={"polars", "parquet"},
            owners=OWNERS,
            code_version=TRANSFORM_VERSION,
            freshness_policy=_FRESHNESS,
            metadata={
                **spec.metadata,
                "dagster/column_schema": column_schema(table),
                "dagster/table_name": table.name,
            },
        )
    if spec.key == AssetKey(REPORT):
        catalog_kinds = {"altair", "html"}
    if spec.key == AssetKey(RETENTION):
        catalog_kinds = {"python"}
    is_raw = spec.key in (AssetKey("raw_playlists"), AssetKey(_DETAILS))
    return spec.replace_attributes(
        group_name="spotify" if is_raw else "catalog",
        kinds={"python", "spotify", "json"} if is_raw else catalog_kinds,
        owners=OWNERS,
        code_version=_EXTRACTION_VERSION if is_raw else TRANSFORM_VERSION,
        freshness_policy=_FRESHNESS,
    )
