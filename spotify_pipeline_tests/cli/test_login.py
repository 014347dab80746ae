"""`spotify-pipeline login` against the stand-in for Spotify, with a browser that agrees to everything."""

import io
import socket
import stat
import webbrowser
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import requests

from spotify_pipeline.demo.backends import Demo, mark_as_demo
from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline.settings import load_settings
from spotify_pipeline_tests.cli.conftest import Run

DAY = date(2026, 10, 5)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[DemoServer]:
    """A Spotify that the settings name, and an app without a secret."""
    with DemoServer(DemoCatalogue(), day=DAY) as server:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        for name, value in {
            "SPOTIFY_PIPELINE_API_URL": f"{server.url}/v1/",
            "SPOTIFY_PIPELINE_ACCOUNTS_URL": server.url,
            "SPOTIFY_PIPELINE_TODAY": DAY.isoformat(),
            "SPOTIPY_CLIENT_ID": "my-app",
            "SPOTIPY_REDIRECT_URI": f"http://127.0.0.1:{port}/callback",
        }.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def agreeing_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that goes where it is sent."""
    monkeypatch.setattr(webbrowser, "open", lambda url: requests.get(url, timeout=10).ok)


def test_after_login_a_run_reads_the_playlists_of_the_user(
    server: DemoServer, agreeing_browser: None, run: Run, data_dir: Path, working_dir: Path
) -> None:
    outcome = run("login")
    assert outcome.code == 0, outcome.err
    who, scopes, consent, place = outcome.out.splitlines()
    assert who.startswith("Logged in as ")
    assert scopes == "It may read: playlist-read-private, playlist-read-collaborative"
    assert consent.startswith("Consent ends on ")
    assert place == f"Stored in {data_dir / 'spotify_token.json'}, for you alone"
    assert "Opening your browser; if nothing opens, go to" in outcome.err
    assert f"{server.url}/authorize?" in outcome.err
    assert stat.S_IMODE((data_dir / "spotify_token.json").stat().st_mode) == 0o600
    assert not list(working_dir.iterdir())

    day = run("run")
    assert day.code == 0, day.err
    assert "12 playlists" in day.out


def test_without_a_browser_the_address_is_pasted(
    server: DemoServer,
    run: Run,
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def paste() -> str:
        """The address that a browser on another machine is sent to from the one that is shown."""
        shown = next(line for line in capsys.readouterr().err.splitlines() if line.startswith(server.url))
        return requests.get(shown, allow_redirects=False, timeout=10).headers["Location"]

    monkeypatch.setattr("sys.stdin", SimpleNamespace(readline=paste))
    monkeypatch.setattr(webbrowser, "open", None)
    outcome = run("login", "--no-browser")
    assert outcome.code == 0, outcome.err
    assert "Logged in as " in outcome.out
    assert (data_dir / "spotify_token.json").exists()


@pytest.mark.parametrize("text", ["", "no, thanks\n"])
def test_something_else_that_is_pasted_is_explained(
    server: DemoServer, run: Run, text: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    outcome = run("login", "--no-browser")
    assert (outcome.code, outcome.out) == (1, "")
    assert "spotify-pipeline: That is not the address that Spotify sent the browser to" in outcome.err.splitlines()[-1]
    assert not (data_dir / "spotify_token.json").exists()


def test_a_refresh_token_in_the_environment_is_told_to_win(
    server: DemoServer, agreeing_browser: None, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTIFY_REFRESH_TOKEN", "my-refresh-token")
    outcome = run("login")
    assert outcome.code == 0
    assert outcome.err.splitlines()[-1].startswith("warning: SPOTIFY_REFRESH_TOKEN is set and wins over this login")
    assert "my-refresh-token" not in outcome.out + outcome.err


def test_a_demo_s_folder_takes_no_login(server: DemoServer, run: Run, data_dir: Path) -> None:
    mark_as_demo(load_settings(), Demo(first_day=DAY - timedelta(days=1), seed=1))
    outcome = run("login")
    assert (outcome.code, outcome.out) == (1, "")
    assert f"{data_dir} holds the demo's invented history: choose another folder" in outcome.err
    assert [path.name for path in data_dir.iterdir()] == ["demo.json"]


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"SPOTIPY_CLIENT_ID": ""}, "No Spotify credentials: set SPOTIPY_CLIENT_ID"),
        (
            {"SPOTIPY_REDIRECT_URI": "http://localhost:8080/callback"},
            "SPOTIPY_REDIRECT_URI must be http://127.0.0.1:PORT",
        ),
    ],
)
def test_what_is_missing_is_said_before_a_browser_opens(
    server: DemoServer, run: Run, environment: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    code, out, err = run("login")
    assert (code, out) == (1, "")
    (line,) = err.splitlines()
    assert line.startswith(f"spotify-pipeline: {sentence}")


def test_a_port_in_use_is_said_before_a_browser_opens(
    server: DemoServer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTIPY_REDIRECT_URI", f"http://127.0.0.1:{urlsplit(server.url).port}/callback")
    code, _, err = run("login")
    (line,) = err.splitlines()
    assert code == 1
    assert "Cannot listen on 127.0.0.1" in line
