"""Both kinds of stores: a folder, and a bucket of moto's S3 server."""

import logging
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from spotify_pipeline.storage.objects import ObjectStore, S3Store, open_store

_BUCKETS = (f"bucket-{number}" for number in count())


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of an S3 server in this process."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it logs each request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever opens an S3 client in this test reaches the S3 server."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def bucket(s3: None) -> str:
    """The name of a new bucket."""
    del s3
    name = next(_BUCKETS)
    boto3.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture(params=["folder", "s3"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store may be: a folder that does not exist yet, or a prefix in a bucket."""
    if request.param == "folder":
        return str(tmp_path / "store")
    return f"s3://{request.getfixturevalue('bucket')}/some/prefix"


@pytest.fixture
def objects(location: str) -> ObjectStore:
    """An empty store."""
    return open_store(location)


@pytest.fixture
def new_store(location: str) -> Callable[[], ObjectStore]:
    """Gives another empty store with each call."""
    numbers = count()
    if not location.startswith("s3://"):
        return lambda: open_store(f"{location}/{next(numbers)}")
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    client = boto3.client("s3")  # one for all: making it takes longer than a dozen requests
    return lambda: S3Store(client, bucket, f"{prefix}/{next(numbers)}")
