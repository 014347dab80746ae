"""`dagster dev` in the project's folder, without any environment variable."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef
from dagster._core.test_utils import create_run_for_test

from spotify_pipeline.cli.daily_job import open_instance

ROOT = Path(__file__).parents[2]


def test_the_workspace_loads_without_any_environment_variable(tmp_path: Path) -> None:
    dagster = Path(sys.executable).with_name("dagster")
    done = subprocess.run(
        [dagster, "definitions", "validate", "--workspace", ROOT / "workspace.yaml"],
        cwd=tmp_path,
        env={"PATH": str(dagster.parent)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Validation successful for code location spotify_pipeline" in done.stdout + done.stderr


def test_pyproject_has_no_section_that_hides_the_workspace_file() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text()
    assert "[tool.dagster" not in pyproject
    assert "[tool.dg" not in pyproject


def test_dagster_dev_and_the_command_line_keep_their_history_in_the_same_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with open_instance(tmp_path / "data") as instance:
        run = create_run_for_test(instance)
    dagster_home = tmp_path / "temporary"  # what `dagster dev` makes where DAGSTER_HOME is not set
    dagster_home.mkdir()
    ref = InstanceRef.from_dir(str(dagster_home), config_dir=str(ROOT))
    with DagsterInstance.from_ref(ref) as instance:
        assert instance.get_run_by_id(run.run_id) is not None
        assert not instance.telemetry_enabled
    assert {path.name for path in tmp_path.iterdir()} == {"data", "temporary"}


def test_both_configurations_say_the_same(tmp_path: Path) -> None:
    with open_instance(tmp_path):
        written = (tmp_path / "dagster" / "dagster.yaml").read_text()
    project = re.sub(" +#.*", "", (ROOT / "dagster.yaml").read_text())
    assert project.endswith(written)
