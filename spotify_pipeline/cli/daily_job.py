"""Executing the daily job in this process, in the Dagster instance that `dagster dev` shows."""

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

import click
from dagster import AssetKey, DagsterInstance

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.definitions import build_defs
from spotify_pipeline.errors import PipelineError, StorageError
from spotify_pipeline.orchestration.assets import FROM_TRANSFORM, ExtractConfig
from spotify_pipeline.orchestration.failures import described, failed_checks, failures
from spotify_pipeline.orchestration.instance import instance_in
from spotify_pipeline.orchestration.report import REPORT
from spotify_pipeline.orchestration.schedules import DAILY_JOB
from spotify_pipeline.orchestration.sensors import DUE_SINCE
from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.steps.notifications import tell_failures
from spotify_pipeline.storage.due import Due

_CATALOG, _REPORT = AssetKey("catalog"), AssetKey(REPORT)
_INSTANCE_CONFIG = "telemetry:\n  enabled: false\nnux:\n  enabled: false\n"


class Step(StrEnum):
    """A step from which a day can be run."""

    EXTRACT = "extract"
    TRANSFORM = "transform"
    PUBLISH = "publish"

    @property
    def assets(self) -> list[AssetKey] | None:
        """What is made from this step on; None stands for all that there is."""
        if self is Step.EXTRACT:
            return None
        return FROM_TRANSFORM if self is Step.TRANSFORM else [_CATALOG, _REPORT]


def open_instance(data_dir: Path) -> DagsterInstance:
    """The Dagster instance in the data folder, created where it is new.

    Raises:
        StorageError: the folder cannot be written.
    """
    folder = data_dir / "dagster"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "dagster.yaml"
        if not config.exists():
            config.write_text(_INSTANCE_CONFIG, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"Cannot write to the data folder {data_dir} ({error.strerror}): choose another with "
            "SPOTIFY_PIPELINE_DATA_DIR."
        ) from None
    return instance_in(folder)


def execute_day(
    backends: Backends,
    day: date,
    instance: DagsterInstance,
    *,
    step: Step | Due = Step.EXTRACT,
    extraction: ExtractConfig | None = None,
    progress: Progress = SILENT,
    log_level: str = "CRITICAL",
) -> list[str]:
    """Run one day from `step` on, and give what is wrong although the day is published, a sentence each.

    Args:
        backends: stores, catalog and Spotify.
        day: the partition.
        instance: where Dagster remembers the run.
        step: the first step; or why the day is due, which is then made again of the raw documents that it has.
        extraction: how to extract, if that is a step.
        progress: is told of each playlist.
        log_level: of Dagster's log on standard error.

    Raises:
        PipelineError: a step failed, or a check did; the message is that of the first cause.
    """
    job = build_defs(backends, {"progress": progress}, retry_policy=None).resolve_job_def(DAILY_JOB)
    config: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": log_level}}}}
    if step is Step.EXTRACT:
        how = (extraction or ExtractConfig()).model_dump()
        config["ops"] = {"raw_playlists": {"ops": {"extract_playlists": {"config": how}}}}
    result = job.execute_in_process(
        run_config=config,
        partition_key=day.isoformat(),
        instance=instance,
        tags={DUE_SINCE: step.reason} if isinstance(step, Due) else None,
        asset_selection=FROM_TRANSFORM if isinstance(step, Due) else step.assets,
        raise_on_error=False,
    )
    failed = failures(result.all_events, day, has_failed=not result.success)
    tell_failures(backends, backends.table_objects, day, failed, lambda text: click.echo(f"warning: {text}", err=True))
    if not result.success:
        raise PipelineError(failed[0])
    return [described(check) for check in failed_checks(result.all_events) if check.asset_key in (_CATALOG, _REPORT)]
