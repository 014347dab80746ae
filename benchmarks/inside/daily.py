"""`spotify-pipeline run`, part by part."""

from benchmarks.inside import Stopwatch

stopwatch = Stopwatch()

with stopwatch("imports"):
    from typing import Any
    from unittest.mock import patch

    from spotify_pipeline.cli import daily_job, main  # noqa: F401  # as the command does
    from spotify_pipeline.definitions import build_defs
    from spotify_pipeline.orchestration.assets import ExtractConfig
    from spotify_pipeline.orchestration.schedules import DAILY_JOB

with stopwatch("settings"):
    from spotify_pipeline.demo.backends import open_backends
    from spotify_pipeline.settings import load_settings

    settings = load_settings()
    backends = open_backends(settings)
with stopwatch("Dagster's instance"):
    instance = daily_job.open_instance(settings.data_dir)

_handle_new_event = instance.handle_new_event
events = 0


def _timed_build_defs(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401  # as it takes and gives
    with stopwatch("Dagster's definitions"):
        defs = build_defs(*arguments, **options)
        defs.resolve_job_def(DAILY_JOB)  # it is kept, so the next call costs nothing
    return defs


def _timed_handle_new_event(*arguments: Any, **options: Any) -> None:  # noqa: ANN401  # as it takes
    global events  # noqa: PLW0603  # counted in this script
    events += 1
    with stopwatch("event log"):
        _handle_new_event(*arguments, **options)


with (
    patch.object(daily_job, "build_defs", _timed_build_defs),
    patch.object(instance, "handle_new_event", _timed_handle_new_event),
    stopwatch("run"),
):
    daily_job.execute_day(backends, settings.today(), instance, extraction=ExtractConfig(refresh=True, accept=[]))

newest = instance.get_runs(limit=1)[0]
steps = instance.get_run_step_stats(newest.run_id)
for step in sorted(steps, key=lambda step: step.start_time or 0):
    stopwatch.parts[f"step {step.step_key}"] = (step.end_time or 0) - (step.start_time or 0)
stopwatch.parts["events"] = events
instance.dispose()
stopwatch.print()
