"""Dagster lets a job in AWS Glue make the tables: its own entry point, behind a made-up Glue, which has no Spark."""

import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from dagster import AssetKey, DagsterInstance, RetryPolicy

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.definitions import build_defs
from spotify_pipeline.errors import DataError, StorageError
from spotify_pipeline.orchestration.schedules import DAILY_JOB
from spotify_pipeline.settings import load_settings
from spotify_pipeline.spark import entry, glue
from spotify_pipeline.spark.answers import Outcome
from spotify_pipeline.spotify.patience import Tell
from spotify_pipeline.steps import transform
from spotify_pipeline.storage.raw import RawDay
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.aws.fake_aws import refused
from spotify_pipeline_tests.aws.fake_glue import DPU_SECONDS, SECONDS, FakeGlue
from spotify_pipeline_tests.aws.test_lambda_compute import lines, metadata, sentence
from spotify_pipeline_tests.spark.raw_day import lay
from spotify_pipeline_tests.spotify.fake_clock import FakeClock
from spotify_pipeline_tests.tables.builders import entry as playlist_entry
from spotify_pipeline_tests.tables.builders import playlist, track

DAY = date(2026, 10, 5)
JOB = "spotify-pipeline-spark"
BUSY = refused("ConcurrentRunsExceededException", "Concurrent runs exceeded for spotify-pipeline-spark")


@pytest.fixture
def jobs(new_bucket: Callable[[], str], clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> FakeGlue:
    """The job, deployed, on two buckets of its own."""
    # Pipes waits for another process in steps of a second, and this is the same.
    hasty = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / 50))
    monkeypatch.setattr("dagster_pipes.time", hasty)
    monkeypatch.setattr("dagster._core.pipes.utils.time", hasty)
    buckets = {"--raw-bucket": new_bucket(), "--tables-bucket": new_bucket()}
    deployed = FakeGlue({JOB: the_job(monkeypatch, without_spark)}, buckets)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", deployed.session())
    return deployed


@pytest.fixture
def backends(jobs: FakeGlue, clock: FakeClock) -> Backends:
    """Those of Dagster, with a raw day."""
    settings = load_settings(
        SPOTIFY_PIPELINE_TARGET="aws",
        SPOTIFY_PIPELINE_COMPUTE="spark",
        SPOTIFY_PIPELINE_RAW_BUCKET=jobs.defaults["--raw-bucket"],
        SPOTIFY_PIPELINE_TABLES_BUCKET=jobs.defaults["--tables-bucket"],
    )
    made = choose_backends(settings, new_patience=clock.patience)
    lay(made, DAY, [playlist(f"list{number}", [playlist_entry(track(f"t{number}"))]) for number in range(3)])
    return made


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Log lines are not waited for where none come."""
    monkeypatch.setattr("dagster._core.pipes.utils.WAIT_FOR_LOGS_AFTER_EXECUTION_INTERVAL", -1)


Make = Callable[[Any, Warehouse, RawDay, Tell], Outcome]


def the_job(monkeypatch: pytest.MonkeyPatch, make: Make) -> Callable[[list[str]], None]:
    """What deploy/template.yaml has Glue start, but for Spark, which this machine's cannot give S3."""

    def start(argv: list[str]) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", argv)
            patch.setattr(entry, "_open_session", lambda _: SimpleNamespace(stop=lambda: None))
            patch.setattr(entry, "transform_day", make)
            glue.main()

    return start


def without_spark(session: Any, backends: Warehouse, raw_day: RawDay, tell: Tell) -> Outcome:
    tell("it is being made")
    return Outcome(DAY, transform.transform_day(backends, raw_day, processes=1), 1)


def raising(error: Exception) -> Make:
    def make(session: Any, backends: Warehouse, raw_day: RawDay, tell: Tell) -> Outcome:
        raise error

    return make


def run_tables(backends: Backends, instance: DagsterInstance, retries: int = 0) -> Any:
    job = build_defs(backends, retry_policy=RetryPolicy(max_retries=retries)).resolve_job_def(DAILY_JOB)
    return job.execute_in_process(
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        partition_key=str(DAY),
        instance=instance,
        asset_selection=[AssetKey(name) for name in TABLES],
        raise_on_error=False,
    )


def test_the_job_stages_the_day_and_dagster_shows_the_run(
    backends: Backends, jobs: FakeGlue, instance: DagsterInstance
) -> None:
    result = run_tables(backends, instance)
    assert result.success, sentence(result)
    assert jobs.runs == [(JOB, {"--day": str(DAY)})]
    assert backends.tables.read("playlist_items", DAY).height == 3
    shown = metadata(result)
    assert len(shown) == len(TABLES)
    for entries in shown.values():
        assert entries["spark_job"].value == JOB
        assert entries["spark_run"].value == "jr_1"
        assert (entries["spark_seconds"].value, entries["spark_dpu_seconds"].value) == (SECONDS, DPU_SECONDS)
        assert entries["spark_console"].value.endswith(f"region=us-east-1#/job/{JOB}/run/jr_1")
    assert "it is being made" in lines(instance, result)


def test_what_the_user_can_put_right_is_the_sentence_of_the_job_and_only_what_may_pass_is_tried_again(
    backends: Backends, jobs: FakeGlue, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.jobs[JOB] = the_job(monkeypatch, raising(DataError("A file is damaged: remove it.")))
    assert sentence(run_tables(backends, instance, retries=1)) == "A file is damaged: remove it."
    assert len(jobs.runs) == 1
    passing = StorageError("S3 is slow.")
    passing.may_pass = True
    jobs.jobs[JOB] = the_job(monkeypatch, raising(passing))
    assert sentence(run_tables(backends, instance, retries=1)) == "S3 is slow."
    assert len(jobs.runs) == 3


def silently(argv: list[str]) -> None:
    """A script of somebody else."""


def crashing(argv: list[str]) -> None:
    raise ValueError("a bug")


@pytest.mark.parametrize(
    ("script", "state", "told"),
    [
        (None, "", f"There is no Glue job {JOB}: deploy it with Spark=yes, or correct SPOTIFY_PIPELINE_SPARK_JOB."),
        (crashing, "", f"The run jr_1 of the Glue job {JOB} ended as FAILED (ValueError: a bug): its log is behind "),
        (silently, "TIMEOUT", f"The run jr_1 of the Glue job {JOB} ended as TIMEOUT ("),
        (silently, "SUCCEEDED", f"The run jr_1 of the Glue job {JOB} ended as SUCCEEDED (no reason given): its log "),
    ],
)
def test_what_goes_wrong_with_a_job_is_one_sentence(
    script: Any,
    state: str,
    told: str,
    backends: Backends,
    jobs: FakeGlue,
    instance: DagsterInstance,
    silent: None,
) -> None:
    jobs.jobs, jobs.state = {JOB: script} if script else {}, state
    result = run_tables(backends, instance, retries=1)
    assert sentence(result).startswith(told)
    assert len(jobs.runs) == 1


def test_a_job_that_is_at_work_for_somebody_else_is_waited_for(
    backends: Backends, jobs: FakeGlue, instance: DagsterInstance, clock: FakeClock
) -> None:
    jobs.refusals = [BUSY, BUSY]
    result = run_tables(backends, instance)
    assert result.success
    assert clock.waits == [30, 30]
    (told,) = [line for line in lines(instance, result) if "cannot be started now" in line]
    assert told.endswith("Concurrent runs exceeded for spotify-pipeline-spark")


def test_a_job_that_is_never_free_is_given_up(
    backends: Backends, jobs: FakeGlue, instance: DagsterInstance, clock: FakeClock, silent: None
) -> None:
    jobs.refusals = [BUSY] * 300
    result = run_tables(backends, instance)
    assert sentence(result).startswith(f"The Glue job {JOB} could not be started for 2 hours (")
    assert sum(clock.waits) == 2 * 3600


def test_what_aws_denies_names_the_job(
    backends: Backends, jobs: FakeGlue, instance: DagsterInstance, silent: None
) -> None:
    jobs.refusals = [refused("AccessDeniedException", "no policy allows it")]
    told = f"AWS denies StartJobRun on the Glue job {JOB} (no policy allows it): give the role that permission"
    assert sentence(run_tables(backends, instance)).startswith(told)
