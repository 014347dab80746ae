"""What is retried, and where failures can be seen."""

from datetime import UTC, datetime, timedelta

import pytest
from dagster import DagsterInstance, Failure, build_sensor_context
from dagster._core.definitions.sensor_definition import SensorExecutionData

from spotify_pipeline.errors import DataError
from spotify_pipeline.orchestration.failures import explained
from spotify_pipeline.orchestration.sensors import failures_sensor
from spotify_pipeline.spotify.errors import LoginError, UnreachableError
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.orchestration.conftest import DAY, BackendsOn
from spotify_pipeline_tests.orchestration.test_daily_snapshot import altered_totals, run


@pytest.mark.parametrize(
    ("error", "retried"),
    [
        (UnreachableError("no network"), True),
        (LoginError("wrong secret"), False),
        (DataError("no raw data"), False),
        (ZeroDivisionError("a bug"), False),
    ],
)
def test_only_what_may_pass_is_retried(error: Exception, retried: bool) -> None:
    with pytest.raises(Failure) as failure, explained():
        raise error
    assert failure.value.allow_retries is retried
    assert str(error) in (failure.value.description or "")


def test_the_sensor_logs_failed_runs_and_failed_checks_once(
    backends_on: BackendsOn, instance: DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    backends = backends_on(DAY)
    started = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    run(backends, instance)
    with altered_totals(backends):
        run(backends, instance, selection=[*TABLES, "catalog"])

    def look(cursor: str) -> tuple[SensorExecutionData, list[str]]:
        capsys.readouterr()
        with build_sensor_context(instance=instance, cursor=cursor, resources={"backends": backends}) as context:
            result = failures_sensor.evaluate_tick(context)
        return result, [line for line in capsys.readouterr().err.splitlines() if " - ERROR - " in line]

    result, lines = look(started)
    assert "2 failures in 2 runs" in str(result.skip_message)
    assert any("Run failed: daily_snapshot" in line for line in lines)
    assert any("Check failed: coverage.complete" in line and "are not whole" in line for line in lines)
    again, lines = look(result.cursor or "")
    assert "0 failures" in str(again.skip_message)
    assert not lines
