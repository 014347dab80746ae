"""All that `dagster dev` loads."""

from typing import Any

from dagster import Definitions, in_process_executor

from spotify_pipeline.backends import Backends
from spotify_pipeline.orchestration.assets import build_assets
from spotify_pipeline.orchestration.checks import build_checks
from spotify_pipeline.orchestration.io_managers import RawDocumentsIOManager, TablePartitionsIOManager
from spotify_pipeline.orchestration.partitions import daily_partitions
from spotify_pipeline.orchestration.schedules import daily_snapshot, daily_snapshot_schedule
from spotify_pipeline.orchestration.sensors import failures_sensor
from spotify_pipeline.settings import load_settings


def build_defs(backends: Backends | None = None, overrides: dict[str, Any] | None = None) -> Definitions:
    """The definitions over `backends` (default: those that the environment chooses).

    Args:
        backends: stores, catalog and Spotify.
        overrides: resources that take the place of the usual ones.
    """
    backends = backends or Backends(load_settings())
    partitions = daily_partitions(backends.settings.start_date)
    resources = {
        "backends": backends,
        "progress": lambda *_: None,  # the command line shows a bar instead
        "raw_documents": RawDocumentsIOManager(backends),
        "table_partitions": TablePartitionsIOManager(backends),
    }
    return Definitions(
        assets=build_assets(partitions),
        asset_checks=[build_checks(partitions)],
        jobs=[daily_snapshot],
        schedules=[daily_snapshot_schedule],
        sensors=[failures_sensor],
        resources=resources | (overrides or {}),
        executor=in_process_executor,
    )


defs = build_defs()
