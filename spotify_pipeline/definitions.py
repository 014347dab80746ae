"""All that `dagster dev` loads."""

from collections.abc import Callable, Mapping
from typing import Any

from dagster import AssetSelection, Definitions, RetryPolicy, define_asset_job, in_process_executor

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.demo.backends import open_backends
from spotify_pipeline.orchestration.assets import build_assets
from spotify_pipeline.orchestration.checks import build_checks
from spotify_pipeline.orchestration.compute import Compute, InProcess
from spotify_pipeline.orchestration.failures import RETRY_POLICY
from spotify_pipeline.orchestration.imports import IMPORTED, import_playlists, imported_playlists
from spotify_pipeline.orchestration.lambda_compute import InLambda
from spotify_pipeline.orchestration.months import MONTHS, build_months, compact_months, compact_months_schedule
from spotify_pipeline.orchestration.partitions import daily_partitions, monthly_partitions
from spotify_pipeline.orchestration.schedules import DAILY_JOB, daily_snapshot_schedule
from spotify_pipeline.orchestration.sensors import due_days_sensor, failures_sensor
from spotify_pipeline.orchestration.spark_compute import InSpark
from spotify_pipeline.progress import Progress
from spotify_pipeline.settings import load_settings

_COMPUTES: Mapping[str, Callable[[Backends], Compute]] = {"local": InProcess, "lambda": InLambda, "spark": InSpark}


def build_defs(
    backends: Backends | None = None,
    overrides: dict[str, Any] | None = None,
    retry_policy: RetryPolicy | None = RETRY_POLICY,
) -> Definitions:
    """The definitions over `backends` (default: those that the settings choose).

    Args:
        backends: stores, catalog and Spotify.
        overrides: resources that take the place of the usual ones.
        retry_policy: for the steps of the daily job; None where somebody is waiting for the outcome.
    """
    backends = backends or open_backends(load_settings())
    partitions = daily_partitions(backends.settings.start_date)
    with_months = backends.settings.months == "compact"
    daily_snapshot = define_asset_job(
        DAILY_JOB,
        selection=AssetSelection.all() - AssetSelection.assets(IMPORTED, *([MONTHS] if with_months else [])),
        description="One day from Spotify to SQL: extract, transform, audit, publish.",
        op_retry_policy=retry_policy,
    )
    compute = _COMPUTES[backends.settings.compute](backends)
    resources = {
        "backends": backends,
        "progress": Progress(),  # the command line shows a bar instead
        "compute": compute,
        **compute.io_managers,
    }
    return Definitions(
        assets=[
            *build_assets(partitions, backends.settings),
            imported_playlists,
            *([build_months(monthly_partitions(backends.settings.start_date))] if with_months else []),
        ],
        asset_checks=build_checks(partitions),
        jobs=[daily_snapshot, import_playlists, *([compact_months] if with_months else [])],
        schedules=[daily_snapshot_schedule, *([compact_months_schedule] if with_months else [])],
        sensors=[failures_sensor, due_days_sensor],
        resources=resources | (overrides or {}),
        executor=in_process_executor,  # a process for each step costs 2 to 3 s
    )


defs = build_defs()
