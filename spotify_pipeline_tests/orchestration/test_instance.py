"""The instance's databases, beside those that Dagster opens itself."""

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest
from dagster import DagsterInstance, DagsterRun, EventLogEntry
from dagster._core.test_utils import create_run_for_test
from sqlalchemy import Engine, event

from spotify_pipeline.orchestration.instance import OpenSqliteStorage, instance_in

RUN_ID = "8a2b6f0e-0000-4000-8000-000000000000"


def tell(instance: DagsterInstance, run: DagsterRun, message: str) -> None:
    instance.report_engine_event(message, run)


def told(instance: DagsterInstance, run: DagsterRun) -> list[str]:
    return [entry.message for entry in instance.all_logs(run.run_id)]


def only_run(instance: DagsterInstance) -> DagsterRun:
    (run,) = instance.get_runs()
    return run


def opened_by_dagster(folder: Path) -> DagsterInstance:
    return DagsterInstance.from_config(str(folder))


@pytest.fixture(scope="module")
def made_by_dagster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an instance whose databases Dagster has made, with a run; making them takes a while."""
    folder = tmp_path_factory.mktemp("dagster")
    (folder / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with opened_by_dagster(folder) as instance:
        tell(instance, create_run_for_test(instance, run_id=RUN_ID), "old")
    return folder


@pytest.fixture
def folder(made_by_dagster: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(made_by_dagster, tmp_path / "dagster")


def test_the_history_of_dagster_s_own_storage_goes_on_and_dagster_reads_what_comes(folder: Path) -> None:
    with instance_in(folder) as instance:
        run = only_run(instance)
        tell(instance, run, "new")
        more = [create_run_for_test(instance) for _ in range(2)]
        for run_of_more in more:
            tell(instance, run_of_more, f"of {run_of_more.run_id}")
        with opened_by_dagster(folder) as at_once:
            assert told(at_once, run) == ["old", "new"]
            tell(at_once, run, "newest")
        assert told(instance, run) == ["old", "new", "newest"]
    with opened_by_dagster(folder) as instance:
        for run_of_more in more:
            assert told(instance, run_of_more) == [f"of {run_of_more.run_id}"]
            assert instance.get_run_by_id(run_of_more.run_id) == run_of_more


def test_the_files_of_all_new_runs_are_as_dagster_makes_them(folder: Path) -> None:
    with instance_in(folder) as instance:
        runs = [create_run_for_test(instance) for _ in range(2)]
        for run in runs:
            tell(instance, run, "new")
    made, *ours = (
        sqlite3.connect(folder / "history" / "runs" / f"{run_id}.db")
        for run_id in (RUN_ID, *(run.run_id for run in runs))
    )
    for question in ("SELECT sql FROM sqlite_master ORDER BY name", "SELECT * FROM alembic_version"):
        expected = made.execute(question).fetchall()
        assert expected
        assert [one.execute(question).fetchall() for one in ours] == [expected, expected]
    for connection in (made, *ours):
        connection.close()


def test_an_event_is_stored_without_another_connection(folder: Path) -> None:
    with instance_in(folder) as instance:
        run = only_run(instance)
        tell(instance, run, "new")
        opened: list[object] = []

        def count(*connection: object) -> None:
            opened.append(connection)

        event.listen(Engine, "connect", count)
        try:
            tell(instance, run, "newest")
            instance.get_run_by_id(run.run_id)
        finally:
            event.remove(Engine, "connect", count)
        assert told(instance, run) == ["old", "new", "newest"]
        assert not opened


def test_what_was_stored_survives_the_death_of_the_program(folder: Path) -> None:
    program = (
        "import os, pathlib, sys; from spotify_pipeline.orchestration.instance import instance_in; "
        "instance = instance_in(pathlib.Path(sys.argv[1])); (run,) = instance.get_runs(); "
        "instance.report_engine_event('the last word', run); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", program, folder], check=True)
    with opened_by_dagster(folder) as instance:
        assert told(instance, only_run(instance)) == ["old", "the last word"]


def test_whoever_watches_a_run_hears_of_each_event(folder: Path) -> None:
    heard, came = [], Event()

    def hear(entry: EventLogEntry, _: str) -> None:
        heard.append(entry.message)
        if entry.message == "newest":
            came.set()

    with instance_in(folder) as instance, opened_by_dagster(folder) as ui:
        run = only_run(instance)
        tell(instance, run, "new")  # opens the file
        ui.watch_event_logs(run.run_id, None, hear)
        tell(instance, run, "newest")
        assert came.wait(30)
    assert heard == ["old", "new", "newest"]


def test_of_many_runs_few_files_stay_open(folder: Path) -> None:
    with instance_in(folder) as instance:
        runs = [create_run_for_test(instance) for _ in range(12)]
        for run in runs:
            tell(instance, run, run.run_id)
        logs = list((folder / "history" / "runs").glob("*.db-wal"))  # SQLite removes them with the last connection
        assert 1 < len(logs) < len(runs)
        assert all(told(instance, run) == [run.run_id] for run in runs)
    assert not list(folder.glob("**/*.db-wal"))


def test_a_wiped_instance_can_be_used_again(folder: Path) -> None:
    with instance_in(folder) as instance:
        run = only_run(instance)
        tell(instance, run, "new")
        instance.wipe()
        assert told(instance, run) == []
        tell(instance, run, "newest")
        assert told(instance, run) == ["newest"]


def test_a_storage_that_dagster_yaml_names_is_used(folder: Path) -> None:
    with (folder / "dagster.yaml").open("a") as config:
        config.write(f"storage:\n  sqlite:\n    base_dir: {folder / 'elsewhere'}\n")
    with instance_in(folder) as instance:
        assert not instance.get_runs()
        create_run_for_test(instance)
    with instance_in(folder) as instance:
        assert only_run(instance).run_id != RUN_ID


def test_dagster_yaml_can_name_this_storage(folder: Path) -> None:
    with (folder / "dagster.yaml").open("a") as config:
        config.write(
            f"storage:\n  custom:\n    module: {OpenSqliteStorage.__module__}\n"
            f"    class: {OpenSqliteStorage.__name__}\n    config:\n      base_dir: {folder}\n"
        )
    with opened_by_dagster(folder) as instance:
        run = only_run(instance)
        tell(instance, run, "new")
        assert told(instance, run) == ["old", "new"]
