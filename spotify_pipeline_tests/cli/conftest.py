"""The command line in this process, in an empty working directory."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from spotify_pipeline.cli import main


class Outcome(NamedTuple):
    """What a command printed and its exit code."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder that the settings name."""
    folder = tmp_path / "data"
    monkeypatch.setenv("SPOTIFY_PIPELINE_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def working_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(data_dir: Path, working_dir: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("query", "SELECT 1")`"""

    def invoke(*arguments: str) -> Outcome:
        capsys.readouterr()
        code = 0
        try:
            main(list(arguments))
        except SystemExit as stop:
            code = int(stop.code or 0)
        return Outcome(code, *capsys.readouterr())

    return invoke
