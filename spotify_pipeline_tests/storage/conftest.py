"""Both kinds of stores: a folder, and a bucket of moto's S3 server."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from spotify_pipeline.storage.objects import ObjectStore, S3Store, open_store


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
def new_store(location: str, request: pytest.FixtureRequest) -> Callable[[], ObjectStore]:
    """Gives another empty store with each call."""
    numbers = count()
    if not location.startswith("s3://"):
        return lambda: open_store(f"{location}/{next(numbers)}")
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    client = request.getfixturevalue("s3_client")
    return lambda: S3Store(client, bucket, f"{prefix}/{next(numbers)}")
