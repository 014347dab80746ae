"""Fixtures that several packages of tests share."""

import logging
import os
import shutil
import sqlite3
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.settings import Settings, load_settings
from spotify_pipeline_tests.spotify.fake_clock import FakeClock

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

SHARED = Path(__file__).parents[2] / "shared"
CAPTURES = SHARED / "spotify"
FIRST_ARCHIVE_DAY = date(2021, 4, 8)
_BUCKETS = (f"bucket-{number}" for number in count())


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests see the settings that they make, not those of whoever runs them."""
    for name in os.environ:
        if name.startswith(("SPOTI", "AWS_", "DAGSTER_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def captures() -> Path:
    """The folder of real Web API answers, which this repository does not hold."""
    if not CAPTURES.is_dir():
        pytest.skip(f"the captures of real Web API answers are not here ({CAPTURES})")
    return CAPTURES


@pytest.fixture(scope="session")
def replay_library(captures: Path) -> Any:
    """All captured playlists and the daily archive, for replay servers."""
    sys.path.insert(0, str(SHARED / "tools"))
    import spotify_replay  # noqa: PLC0415  # found beside the captures only

    folders = [captures / name for name in ("playlists", "playlists_2026_new_shape", "playlist_metadata")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves the closing of files to the garbage collection
        return spotify_replay.Library(folders, captures / "daily_archive")


@pytest.fixture
def replay(replay_library: Any) -> Iterator[Callable[..., Any]]:
    """Start a replay server: `replay(mode="development", owned="all")`, with the options of ReplayServer."""
    import spotify_replay  # noqa: PLC0415

    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(spotify_replay.ReplayServer(library=replay_library, **options))


@pytest.fixture
def settings_for(tmp_path: Path) -> Callable[..., Settings]:
    """Settings for a server that speaks the Web API: `settings_for(server.url, date(2021, 4, 8))`."""

    def make(url: str, today: date = FIRST_ARCHIVE_DAY, **variables: str) -> Settings:
        usual = {
            "SPOTIFY_PIPELINE_DATA_DIR": str(tmp_path / "data"),
            "SPOTIFY_PIPELINE_API_URL": f"{url}/v1/",
            "SPOTIFY_PIPELINE_ACCOUNTS_URL": f"{url}/",
            "SPOTIFY_PIPELINE_TODAY": today.isoformat(),
            "SPOTIFY_PIPELINE_START_DATE": FIRST_ARCHIVE_DAY.isoformat(),
            "SPOTIPY_CLIENT_ID": "client",
            "SPOTIPY_CLIENT_SECRET": "app-secret",
            "SPOTIFY_REFRESH_TOKEN": "refresh-token",
        }
        return load_settings(**(usual | variables))

    return make


@pytest.fixture
def clock() -> FakeClock:
    """A clock on which nobody waits."""
    return FakeClock()


@pytest.fixture
def backends_for(settings_for: Callable[..., Settings], clock: FakeClock) -> Callable[..., Backends]:
    """As `settings_for`, but gives the backends, with the test's clock."""
    return lambda *args, **variables: choose_backends(settings_for(*args, **variables), new_patience=clock.patience)


@pytest.fixture(scope="session")
def no_power_failures() -> None:
    """SQLite does not wait for the disk with each of Dagster's events, of which a day has two hundred."""
    from sqlalchemy import Engine, event  # noqa: PLC0415  # as moto below

    def hurry(connection: object, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):  # not of a server, which another test has
            connection.execute("PRAGMA synchronous = OFF")

    event.listen(Engine, "connect", hurry)


@pytest.fixture(scope="session")
def service_models() -> Iterator[None]:
    """All boto3 sessions share what they read about the services: making a client is twenty times as fast then."""
    import botocore.session  # noqa: PLC0415  # as moto below

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", cache(botocore.session.create_loader))
        yield


@pytest.fixture(scope="session")
def s3_server(service_models: None) -> Iterator[str]:
    """The address of an S3 server in this process."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415  # takes half a second, and few tests need it

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it logs each request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def s3_client(s3_server: str) -> "S3Client":
    """One client for all that tests prepare: making one takes longer than a dozen requests."""
    import boto3  # noqa: PLC0415  # as moto above

    return boto3.client(
        "s3",
        endpoint_url=s3_server,
        region_name="us-east-1",
        aws_access_key_id="made-up",
        aws_secret_access_key="made-up",
    )


@pytest.fixture(scope="session")
def spark_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator["SparkSession"]:
    """Spark in a process of its own, with its executors in it; it writes nothing into the working directory."""
    require_java()
    from pyspark.sql import SparkSession  # noqa: PLC0415  # takes long, and few tests need it

    folder = tmp_path_factory.mktemp("spark")
    options: dict[str, bool | float | int | str | None] = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.io.tmpdir={folder}",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "512m",
        "spark.local.dir": str(folder),
        "spark.log.level": "ERROR",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": 2,
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        session = SparkSession.builder.master("local[1]").appName("tests").config(map=options).getOrCreate()
        yield session
        session.stop()


def require_java() -> None:
    """Skip a test that starts Spark, where that cannot be."""
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("Spark needs Java 17 or newer, and there is no `java` on the PATH")


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever opens an S3 client in this test reaches the S3 server."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def new_bucket(s3: None, s3_client: "S3Client") -> Callable[[], str]:
    """Makes a new bucket and gives its name."""
    del s3

    def make() -> str:
        name = next(_BUCKETS)
        s3_client.create_bucket(Bucket=name)
        return name

    return make


@pytest.fixture
def bucket(new_bucket: Callable[[], str]) -> str:
    """The name of a new bucket."""
    return new_bucket()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long tests go first, so that in the end no worker has nothing left to do while another has one of them."""
    items.sort(key=lambda item: item.get_closest_marker("no_cover") is None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how many runs among faults came to their end, and what was measured.

    Here, because with xdist only this file is asked.
    """
    passed = terminalreporter.stats.get("passed", ())
    scenarios = sum("faults/test_faults.py::test_a_run" in report.nodeid for report in passed)
    if scenarios:
        terminalreporter.write_line(f"fault injection: {scenarios} scenarios passed")
    for report in passed:
        for name, value in report.user_properties:
            if name == "measured":
                terminalreporter.write_line(f"measured: {value}")
