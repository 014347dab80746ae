"""The services of compose.yaml work together: a day is started, run, recorded and shown, as on a server in AWS."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from sqlalchemy import create_engine, text

from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline_tests.aws import policies
from spotify_pipeline_tests.aws.conftest import Aws
from spotify_pipeline_tests.deploy.dagster import dockerfile, postgres
from spotify_pipeline_tests.deploy.dagster.services import FOLDER, Network, Services
from spotify_pipeline_tests.deploy.dagster.ui import Ui

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

ROOT = FOLDER.parents[1]
TODAY = datetime.now(UTC).date()
EVENTS = "SELECT DISTINCT dagster_event_type FROM event_logs"


@pytest.fixture
def spotify() -> Iterator[str]:
    """The address of an invented Spotify."""
    with DemoServer(DemoCatalogue(), day=TODAY) as server:
        yield server.url


@pytest.fixture
def logs_bucket(aws: Aws, emulator_s3: "S3Client") -> str:
    """The bucket for what steps print."""
    name = f"{aws.raw_bucket}-logs"
    emulator_s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def services(
    aws: Aws, logs_bucket: str, allow_only: Callable[[Mapping[str, Any]], None], spotify: str, tmp_path: Path
) -> Services:
    """The services, with the policies that docs/dagster-in-aws.md gives the server."""
    app = {"SPOTIPY_CLIENT_ID": "app", "SPOTIPY_CLIENT_SECRET": "app-secret", "SPOTIFY_REFRESH_TOKEN": "a-login"}
    boto3.client("secretsmanager").create_secret(Name=aws.database, SecretString=json.dumps(app))
    settings = {
        "DAGSTER_POSTGRES_PASSWORD": "of-the-database",
        "DAGSTER_LOGS_BUCKET": logs_bucket,
        "AWS_DEFAULT_REGION": os.environ["AWS_DEFAULT_REGION"],
        "SPOTIFY_PIPELINE_TARGET": "aws",
        "SPOTIFY_PIPELINE_RAW_BUCKET": aws.raw_bucket,
        "SPOTIFY_PIPELINE_TABLES_BUCKET": aws.tables_bucket,
        "SPOTIFY_PIPELINE_SECRET_ID": aws.database,
        "SPOTIFY_PIPELINE_GLUE_DATABASE": aws.database,
        "SPOTIFY_PIPELINE_ATHENA_WORKGROUP": aws.workgroup,
        "SPOTIFY_PIPELINE_API_URL": f"{spotify}/v1/",
        "SPOTIFY_PIPELINE_ACCOUNTS_URL": f"{spotify}/",
    }
    folder, network = tmp_path / "deploy", Network()
    folder.mkdir()
    (folder / "compose.yaml").write_text((FOLDER / "compose.yaml").read_text())
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    image = dockerfile.laid_out(FOLDER / "Dockerfile", ROOT, tmp_path / "image")
    workspace = image.working_dir / "workspace.yaml"
    workspace.write_text(network.of_this_machine(workspace.read_text()))
    role = policies.together(*(policies.read(name) for name in ("extract", "publish", "server")))
    allow_only(json.loads(json.dumps(policies.filled(role, aws)).replace("my-spotify-logs", logs_bucket)))
    of_the_server = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    return Services(folder, image, network, of_the_server)


def test_a_day_is_started_run_recorded_and_shown(
    services: Services, aws: Aws, logs_bucket: str, emulator_s3: "S3Client", emulator_glue: "GlueClient"
) -> None:
    if (programs := postgres.programs()) is None:
        pytest.skip("PostgreSQL is not installed: it is Debian's package postgresql")
    database = postgres.Postgres.of_the_image(services.declared["postgres"]["environment"])
    before = files(services.image.root)
    with ExitStack() as stack:
        network = services.network
        stack.enter_context(postgres.running_postgres(programs, network.postgres, database))
        stack.enter_context(services.running("code", network.code))
        stack.enter_context(services.running("daemon"))
        stack.enter_context(services.running("webserver", network.webserver))
        ui = Ui(network.webserver)
        assert ui.turn_on_schedule() == "RUNNING"
        wanted = ui.try_schedule(datetime.combine(TODAY, time(5), UTC).timestamp())
        assert {"key": "dagster/partition", "value": TODAY.isoformat()} in wanted
        run_id = ui.launch(wanted)
        checks = [
            stack.enter_context(services.start(name, services.health_check(name)))
            for name in ("code", "webserver", "daemon")
        ]

        status = ui.finished(run_id)
        (key,) = keys(emulator_s3, logs_bucket)
        printed = ui.printed(key.removeprefix("dagster/storage/").removesuffix(".err").split("/"))
        assert status == "SUCCESS", printed
        assert f"{run_id} " in printed  # by way of S3: the webserver's /tmp is not that of the run
        assert days_of_coverage(emulator_glue, aws.database) == [TODAY.isoformat()]
        for check in checks:
            said, _ = check.communicate(timeout=60)
            assert check.returncode == 0, f"{check.args!r}: {said}"
        assert ui.healthy_daemons() >= {"SENSOR", "SCHEDULER", "QUEUED_RUN_COORDINATOR", "MONITORING"}
        assert ui.most_runs_at_once() == 1
        database_url = services.environment("daemon")["DAGSTER_POSTGRES_URL"]
        events = {event for (event,) in rows(database_url, f"{EVENTS} WHERE run_id = '{run_id}'")}
        assert {"PIPELINE_ENQUEUED", "PIPELINE_STARTING", "PIPELINE_SUCCESS"} <= events
        ((place,),) = rows(database_url, "SELECT value FROM run_tags WHERE key = '.dagster/grpc_info'")
        # Whoever is to end the run, webserver or daemon, asks there.
        assert json.loads(place) == {"host": "127.0.0.1", "port": network.code}
    assert files(services.image.root) == before  # so a container may be read-only


def files(root: Path) -> set[Path]:
    """All that lies in the image, but for /tmp, which a container may write, and what pip would have compiled."""
    return {
        path
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and path.relative_to(root).parts[0] != "tmp"
    }


def keys(s3: "S3Client", bucket: str) -> list[str]:
    """The keys of whatever a step has written to standard error."""
    found = s3.list_objects_v2(Bucket=bucket)["Contents"]
    return [each["Key"] for each in found if each["Key"].endswith(".err")]


def days_of_coverage(glue: "GlueClient", database: str) -> list[str]:
    """The days that the catalog shows."""
    found = glue.get_partitions(DatabaseName=database, TableName="coverage")["Partitions"]
    return [partition["Values"][0] for partition in found]


def rows(url: str, query: str) -> list[Any]:
    """What PostgreSQL answers."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = list(connection.execute(text(query)))
    engine.dispose()
    return found
