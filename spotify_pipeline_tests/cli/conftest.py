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
SECRETS = ("my-app-secret", "my-refresh-token")


@pytest.fixture
def name_spotify(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """`name_spotify(url, "2026-10-05")` lets the settings name a Spotify, its today, an app and a user."""

    def name(url: str, today: str) -> None:
        for variable, value in {
            "SPOTIFY_PIPELINE_API_URL": f"{url}/v1/",
            "SPOTIFY_PIPELINE_ACCOUNTS_URL": url,
            "SPOTIFY_PIPELINE_TODAY": today,
            "SPOTIPY_CLIENT_ID": "my-app",
            "SPOTIPY_CLIENT_SECRET": SECRETS[0],
            "SPOTIFY_REFRESH_TOKEN": SECRETS[1],
        }.items():
            monkeypatch.setenv(variable, value)

    return name


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
def run(no_power_failures: None, data_dir: Path, working_dir: Path, capsys: pytest.CaptureFixture[str]) -> Run:
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
