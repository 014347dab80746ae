"""What goes wrong with Spark on this machine is one sentence; that it works is tested with the jobs themselves."""

import importlib.util
import sys
from datetime import date
from pathlib import Path

import pytest
from dagster import OpExecutionContext, ResourceDefinition, job, op

from spotify_pipeline.errors import PipelineError
from spotify_pipeline.orchestration.local_spark import LocalSparkJob
from spotify_pipeline.progress import Progress

DAY = date(2026, 10, 5)
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """Java seems to be there, but is not."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("JAVA_HOME", "/somewhere")


def told(data: Path) -> str:
    """Why a step of Dagster's that runs the job fails."""
    sentences = []

    @op(required_resource_keys={"progress"})
    def run(context: OpExecutionContext) -> None:
        with pytest.raises(PipelineError) as failure:
            LocalSparkJob(data, context).run(DAY)
        sentences.append(str(failure.value))

    @job(
        resource_defs={"progress": ResourceDefinition.hardcoded_resource(Progress())},
        config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    def one_step() -> None:
        run()

    one_step.execute_in_process()
    (sentence,) = sentences
    return sentence


def test_the_sentence_is_the_one_of_the_job(tmp_path: Path) -> None:
    sentence = told(tmp_path)
    assert sentence.startswith(f"There is no raw data for {DAY}")
    assert sentence in (tmp_path / "spark.log").read_text()


def test_a_spark_that_does_not_start_says_what_it_needs(tmp_path: Path) -> None:
    folder = tmp_path / "raw" / "playlists" / f"snapshot_date={DAY}"
    folder.mkdir(parents=True)
    (folder / "_manifest.json").write_text(f'{{"snapshot_date": "{DAY}", "playlists": []}}')
    sentence = told(tmp_path)
    assert sentence.startswith("Spark does not start (")
    assert "it needs Java 17 or newer, in JAVA_HOME or the PATH" in sentence
    assert "/somewhere/bin/java" in (tmp_path / "spark.log").read_text()


def test_a_job_that_tells_nothing_is_looked_for_in_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    sentence = told(tmp_path)
    assert sentence.startswith(
        "The Spark job ended without telling what came of it (External execution process failed "
    )
    assert sentence.endswith(f": see {tmp_path / 'spark.log'}.")


def test_what_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert told(tmp_path).startswith("Spark needs Java 17 or newer")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert told(tmp_path).startswith("Spark is not installed: install spotify-pipeline[spark]")
