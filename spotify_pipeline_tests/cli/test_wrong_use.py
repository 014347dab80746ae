"""Each wrong use ends with one clear sentence, and with a traceback only where one was asked for."""

from pathlib import Path

import pytest

from spotify_pipeline_tests.cli.conftest import Run

NOWHERE = {
    "SPOTIFY_PIPELINE_API_URL": "http://127.0.0.1:9/v1/",
    "SPOTIFY_PIPELINE_ACCOUNTS_URL": "http://127.0.0.1:9/",
    "SPOTIPY_CLIENT_ID": "app",
    "SPOTIPY_CLIENT_SECRET": "app-secret",
    "SPOTIFY_REFRESH_TOKEN": "refresh-token",
}


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (["run"], {}, "No Spotify credentials: set SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET"),
        (["run"], NOWHERE, "No access token from http://127.0.0.1:9/"),
        (["run"], NOWHERE | {"SPOTIFY_PIPELINE_PLAYLISTS": "abc"}, "'abc' is not a playlist: give its id"),
        (["run"], {"SPOTIFY_PIPELINE_START_DATE": "yesterday"}, "SPOTIFY_PIPELINE_START_DATE: Input should be"),
        (["run"], {"SPOTIFY_PIPELINE_TARGET": "gcp"}, "SPOTIFY_PIPELINE_TARGET: Input should be 'local'"),
        (["run"], {"SPOTIFY_PIPELINE_TODAY": "2026-01-01"}, "is for replay servers"),
        (["run", "--from", "transform", "--date", "2026-01-01"], {}, "There is no raw data for 2026-01-01"),
        (["run", "--from", "publish", "--date", "2026-01-01"], {}, "There are no tables for 2026-01-01"),
        (["query", "SELECT 1"], {}, "Nothing is published in"),
        (["query", "SELECT FROM WHERE"], {}, "line 1"),
        (["query", "--name", "nope"], {}, "There is no query named 'nope'; there are additions_by_month, "),
        (["query", "--name", "top_artists", "--param", "most=many"], {}, "most takes a whole number, not 'many'"),
        (["query", "--name", "top_artists", "--param", "x=1"], {}, "has no parameter x; it has day, most"),
    ],
)
def test_one_sentence_and_exit_code_1(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str], environment: dict[str, str], sentence: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    *waits, line = err.splitlines()
    assert all("which is asked again: waiting" in wait for wait in waits)
    assert line.startswith("spotify-pipeline: ")
    assert sentence in line
    assert "app-secret" not in line


@pytest.mark.parametrize(
    "arguments",
    [
        ["fly"],
        ["run", "--from", "transform"],
        ["run", "--date", "2026-01-01"],
        ["run", "--from", "extract", "--date", "2026-01-01"],
        ["run", "--from", "transform", "--date", "soon"],
        ["query"],
        ["query", "SELECT 1", "--name", "top_artists"],
        ["query", "SELECT 1", "--param", "most=1"],
        ["query", "--name", "top_artists", "--param", "most"],
        ["query", "SELECT 1", "--format", "xml"],
        ["demo", "--days", "0"],
    ],
)
def test_wrong_usage_is_explained_with_exit_code_2(run: Run, arguments: list[str]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("Usage: ")
    assert "Error: " in err


@pytest.mark.parametrize("position", [0, 1])
def test_tracebacks_are_shown_with_verbose_only(run: Run, position: int) -> None:
    arguments = ["query", "SELECT 1"]
    assert "Traceback" not in run(*arguments).err
    arguments.insert(position, "--verbose")
    assert "Traceback" in run(*arguments).err


def test_a_data_folder_that_cannot_be_written_is_named(
    run: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir.write_text("a file where the folder should be")
    for name, value in NOWHERE.items():
        monkeypatch.setenv(name, value)
    code, _, err = run("run")
    assert code == 1
    assert f"Cannot write to the data folder {data_dir}" in err
    assert data_dir.read_text() == "a file where the folder should be"


def test_an_unreachable_api_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from spotify_pipeline.demo.catalogue import DemoCatalogue  # noqa: PLC0415
    from spotify_pipeline.demo.server import DemoServer  # noqa: PLC0415

    with DemoServer(DemoCatalogue(), day=DemoCatalogue().first_day) as server:
        for name, value in (NOWHERE | {"SPOTIFY_PIPELINE_ACCOUNTS_URL": server.url}).items():
            monkeypatch.setenv(name, value)
        code, _, err = run("run")
    assert code == 1
    assert "Cannot reach Spotify at http://127.0.0.1:9/v1/ (no connection)" in err


def test_settings_are_read_from_a_file_in_the_working_directory(
    run: Run, working_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Set first, so that what is read from the file is undone after the test.
    monkeypatch.setenv("SPOTIFY_PIPELINE_START_DATE", "")
    monkeypatch.delenv("SPOTIFY_PIPELINE_START_DATE")
    (working_dir / ".env").write_text("SPOTIFY_PIPELINE_START_DATE=tomorrow\n")
    assert "SPOTIFY_PIPELINE_START_DATE: Input should be" in run("run").err


def test_a_reader_that_has_had_enough_is_no_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("click.echo", closed)
    monkeypatch.setattr("sys.stderr.close", lambda: None, raising=False)
    assert run("query", "--list").code == 0
