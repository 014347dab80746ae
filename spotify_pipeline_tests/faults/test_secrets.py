"""No token, code or secret in anything that is written, at any log level, whatever happens; but for the token file."""

import gzip
import json
import socket
import sqlite3
import stat
import subprocess
import sys
import textwrap
import zlib
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import duckdb
import polars as pl
import pytest

from spotify_pipeline.settings import Settings
from spotify_pipeline_tests.faults.library import FIRST_DAY
from spotify_pipeline_tests.faults.processes import COMMAND, environment
from spotify_pipeline_tests.faults.scenarios import KINDS
from spotify_pipeline_tests.faults.search import files_with

_APP_SECRET, _GIVEN_TOKEN, _EXPIRED_TOKEN = "secret-of-the-app", "given-refresh-token", "expired-refresh-token"

_TOLD_IN_CONFIDENCE = {"Basic", "Bearer", "access_token", "code", "code_verifier", "refresh_token"}

_LOG_ALL = """
    import logging, os

    def set_level(logger, level):
        # Whoever asks for less is told everything all the same.
        logger.level = min(logging._checkLevel(level), logging.DEBUG)

    logging.Logger.setLevel = set_level
    logging.basicConfig(filename=os.environ["LOG_FILE"], level=logging.DEBUG)
"""
_BROWSE = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1]).read()"


class Confidant:
    """Remembers what a replay server is told, and tells, in confidence: by name."""

    def __init__(self, server: Any) -> None:
        self.secrets: dict[str, set[str]] = defaultdict(set)
        self._handle = server.handle
        server.handle = self._listen

    def _listen(self, method: str, target: str, authorization: str, body: bytes) -> Any:
        reply = self._handle(method, target, authorization, body)
        scheme, _, credentials = authorization.partition(" ")
        self._remember({scheme: credentials} if credentials else {})
        self._remember(dict(parse_qsl(body.decode())))
        if reply and target.startswith("/api/token") and reply.status == 200:
            self._remember(json.loads(reply.body))
        if reply and "Location" in reply.headers:
            self._remember(dict(parse_qsl(urlsplit(reply.headers["Location"]).query)))
        return reply

    def _remember(self, said: dict[str, Any]) -> None:
        for name in said.keys() & _TOLD_IN_CONFIDENCE:
            self.secrets[name].add(said[name])


Command = Callable[..., tuple[int, str]]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The folder for everything that commands write."""
    folder = tmp_path / "written"
    (folder / "work").mkdir(parents=True)
    return folder


@pytest.fixture
def command(settings_for: Callable[..., Settings], tmp_path: Path, written: Path) -> Command:
    """Run a command with all logging on, and give its exit code and what it said on standard error."""
    (tmp_path / "sitecustomize.py").write_text(textwrap.dedent(_LOG_ALL))
    (tmp_path / "browse.py").write_text(_BROWSE)
    with socket.create_server(("127.0.0.1", 0)) as free:
        redirect_uri = f"http://127.0.0.1:{free.getsockname()[1]}/callback"

    def run(url: str, *arguments: str, **variables: str) -> tuple[int, str]:
        usual = {
            "SPOTIFY_PIPELINE_DATA_DIR": str(written / "data"),
            "SPOTIPY_CLIENT_SECRET": _APP_SECRET,
            "SPOTIPY_REDIRECT_URI": redirect_uri,
            "SPOTIFY_REFRESH_TOKEN": "",
        }
        done = subprocess.run(
            [COMMAND, "--verbose", *arguments],
            env=environment(
                settings_for(url, **(usual | variables)),
                PYTHONPATH=str(tmp_path),
                LOG_FILE=str(written / "log"),
                BROWSER=f"{sys.executable} {tmp_path / 'browse.py'} %s &",
            ),
            cwd=written / "work",
            capture_output=True,
            check=False,
            timeout=120,
        )
        with (written / "output").open("ab") as output:
            output.write(done.stdout + done.stderr)
        return done.returncode, done.stderr.decode()

    return run


def plant_in_text(file: Path, secret: str) -> None:
    file.write_text(f"Authorization: Bearer {secret}")


def plant_packed(file: Path, secret: str) -> None:
    file.write_bytes(gzip.compress(secret.encode()))


def plant_in_table(file: Path, secret: str) -> None:
    pl.DataFrame({"name": [secret] * 9}).write_parquet(file)


def plant_in_catalog(file: Path, secret: str) -> None:
    with duckdb.connect(file) as connection:
        connection.execute(f"CREATE VIEW planted AS SELECT '{secret}' AS name")


def plant_in_events(file: Path, secret: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE events (event TEXT)")
        connection.execute("INSERT INTO events VALUES (?)", ["." * 4_000 + secret + "." * 4_000])


def plant_packed_in_events(file: Path, secret: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE snapshots (body BLOB)")
        connection.execute("INSERT INTO snapshots VALUES (?)", [zlib.compress(secret.encode())])


@pytest.mark.parametrize(
    "plant",
    [plant_in_text, plant_packed, plant_in_table, plant_in_catalog, plant_in_events, plant_packed_in_events],
)
def test_a_planted_secret_is_found(plant: Callable[[Path, str], None], tmp_path: Path) -> None:
    plant(tmp_path / "file", "a-planted-secret-of-no-one")
    assert files_with(["another secret"], tmp_path) == set()
    assert files_with(["another secret", "a-planted-secret-of-no-one"], tmp_path) == {tmp_path / "file"}


def test_whatever_happens_only_the_token_file_holds_secrets(
    small_replay: Callable[[str], Any], command: Command, written: Path
) -> None:
    server = small_replay("development")
    server.set_date(FIRST_DAY.isoformat())
    confidant = Confidant(server)

    def run_among(*faults: dict[str, Any], **variables: str) -> tuple[int, str]:
        server.set_faults(faults)
        return command(server.url, "run", "--refresh", **variables)

    assert command(server.url, "login")[0] == 0
    assert command(server.url, "doctor")[0] == 0
    assert run_among()[0] == 0
    several = [KINDS[kind] | {"match": "^/v1/", "after": 3} for kind in ("page 502", "cut", "dropped", "404")]
    code, errors = run_among(*several, KINDS["401"] | {"match": "^/v1/", "after": 6, "times": -1})
    assert (code, "Spotify does not accept the access token" in errors) == (1, True)
    code, errors = run_among(SPOTIFY_REFRESH_TOKEN=_EXPIRED_TOKEN)
    assert (code, "Spotify no longer accepts the refresh token" in errors) == (1, True)
    no_token = KINDS["page 502"] | {"match": "/api/token"}
    quota = KINDS["quota"] | {"match": "^/v1/", "after": 4}
    code, errors = run_among(no_token, quota, SPOTIFY_REFRESH_TOKEN=_GIVEN_TOKEN)
    assert (code, "Spotify's quota for this app is used up" in errors) == (1, True)

    secrets = {_APP_SECRET, _GIVEN_TOKEN, _EXPIRED_TOKEN}.union(*confidant.secrets.values())
    assert confidant.secrets.keys() == _TOLD_IN_CONFIDENCE
    assert all(len(secret) > 15 for secret in secrets)
    assert "DEBUG:urllib3" in (written / "log").read_text()
    tokens = written / "data" / "spotify_token.json"
    assert files_with(secrets, written) == {tokens}
    assert stat.S_IMODE(tokens.stat().st_mode) == 0o600
