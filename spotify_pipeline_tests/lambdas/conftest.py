"""The functions in this process, as Lambda calls them, against the emulator and the demo's Spotify."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Any, cast

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from spotify_pipeline.backends.aws import AwsWarehouse
from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline.lambdas import extract, transform
from spotify_pipeline.lambdas.invocation import _LOG
from spotify_pipeline.settings import load_settings
from spotify_pipeline_tests.aws.conftest import (  # noqa: F401  # fixtures
    Aws,
    aws,
    emulator,
    emulator_athena,
    emulator_s3,
    no_credentials_from_outside,
)
from spotify_pipeline_tests.aws.fake_aws import Answer, response

DAY = date(2026, 10, 5)
SCHEDULED = {"source": "aws.scheduler"}
_NUMBERS = count(1)


@dataclass
class Context:
    """What Lambda tells of an invocation."""

    function_name: str
    milliseconds: int = 900_000
    aws_request_id: str = ""

    def __post_init__(self) -> None:
        self.aws_request_id = self.aws_request_id or f"request-{next(_NUMBERS)}"
        self.invoked_function_arn = f"arn:aws:lambda:us-east-1:000000000000:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


@dataclass(frozen=True)
class Functions:
    """Both functions over buckets of this test's own.

    Attributes:
        aws: the names of what is there.
        invocations: the payloads of the asynchronous calls that functions have sent.
    """

    aws: Aws
    invocations: list[dict[str, Any]]

    def extract(self, event: dict[str, Any] | None = None, **context: Any) -> dict[str, Any]:
        return extract.handler(event or {}, Context("spotify-pipeline-extract", **context))

    def transform(self, event: dict[str, Any] | None = None, **context: Any) -> dict[str, Any]:
        return transform.handler(
            self.manifest_event() if event is None else event, Context("spotify-pipeline-transform", **context)
        )

    def manifest_event(self, key: str = f"playlists/snapshot_date={DAY}/_manifest.json") -> dict[str, Any]:
        """What S3 sends through EventBridge."""
        detail = {"bucket": {"name": self.aws.raw_bucket}, "object": {"key": key, "size": 7}, "reason": "CopyObject"}
        return {"version": "0", "source": "aws.s3", "detail-type": "Object Created", "detail": detail}

    @property
    def warehouse(self) -> AwsWarehouse:
        return AwsWarehouse(load_settings())


@pytest.fixture
def name_functions(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Functions]:  # noqa: F811  # a fixture
    """`name_functions(url)`: the functions with the environment that they have in AWS, and the Spotify at that URL."""

    def name(url: str) -> Functions:
        secret = {
            "SPOTIPY_CLIENT_ID": DemoServer.client_id,
            "SPOTIPY_CLIENT_SECRET": DemoServer.client_secret,
            "SPOTIFY_REFRESH_TOKEN": DemoServer.refresh_token,
        }
        boto3.client("secretsmanager").create_secret(Name=aws.database, SecretString=json.dumps(secret))
        for variable, value in {
            "SPOTIFY_PIPELINE_TARGET": "aws",
            "SPOTIFY_PIPELINE_RAW_BUCKET": aws.raw_bucket,
            "SPOTIFY_PIPELINE_TABLES_BUCKET": aws.tables_bucket,
            "SPOTIFY_PIPELINE_GLUE_DATABASE": aws.database,
            "SPOTIFY_PIPELINE_ATHENA_WORKGROUP": aws.workgroup,
            "SPOTIFY_PIPELINE_SECRET_ID": aws.database,
            "SPOTIFY_PIPELINE_API_URL": f"{url}/v1/",
            "SPOTIFY_PIPELINE_ACCOUNTS_URL": url,
            "SPOTIFY_PIPELINE_TODAY": str(DAY),
        }.items():
            monkeypatch.setenv(variable, value)
        functions = Functions(aws, [])

        def take(request: AWSPreparedRequest, **_: object) -> AWSResponse:
            functions.invocations.append(json.loads(cast("bytes", request.body)))
            return response(request.url, Answer(202))

        boto3.setup_default_session()
        assert boto3.DEFAULT_SESSION is not None
        boto3.DEFAULT_SESSION.events.register("before-send.lambda.Invoke", take)  # type: ignore[arg-type]  # as in FakeAws
        return functions

    return name


@pytest.fixture
def functions(name_functions: Callable[[str], Functions]) -> Iterator[Functions]:
    """The functions over the demo's Spotify."""
    with DemoServer(DemoCatalogue(), day=DAY) as server:
        yield name_functions(server.url)


class _CurrentOutput:
    """Standard output as it is when something is written; the logger keeps what it was when it was imported."""

    def write(self, text: str) -> None:
        sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """What the functions have written to standard output since the last look, line by line."""
    monkeypatch.setattr(_LOG.registered_handler, "stream", _CurrentOutput())

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return lines
