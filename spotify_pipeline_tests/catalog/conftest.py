"""A Glue catalog over a table store in S3, both of moto's server, and what goes over the wire between."""

from collections.abc import Callable
from datetime import date
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSRequest, AWSResponse

from spotify_pipeline import aws
from spotify_pipeline.catalog.glue import GlueCatalog
from spotify_pipeline.catalog.glue_database import GlueDatabase
from spotify_pipeline.storage.objects import S3Store
from spotify_pipeline.storage.tables import TableStore
from spotify_pipeline_tests.aws.fake_aws import refused, response
from spotify_pipeline_tests.storage.staging import publish_staged, stage
from spotify_pipeline_tests.tables.builders import sound_day

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

_DATABASES = (f"database_{number}" for number in count())


_sound_day = cache(sound_day)


class Killed(BaseException):
    """The process ends here: nobody handles it."""


class Wire:
    """Clients of S3 and Glue, and their requests by operation; it can cut them off, or answer in AWS's place.

    Attributes:
        calls: each request that was made, with its parameters.
        kill_after: so many requests that change something are sent; the process is killed before the next one.
        refuse: gives the code with which Glue refuses an operation, or None.
    """

    def __init__(self) -> None:
        self.s3, self.glue = aws.client("s3"), aws.client("glue")
        for client in (self.s3, self.glue):
            client.meta.events.register("provide-client-params", self._record)
            client.meta.events.register("before-send.glue", self._send)  # type: ignore[arg-type]  # it may answer
        self.reset()

    def reset(self) -> None:
        """As if nothing had happened."""
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.kill_after: int | None = None
        self.refuse: Callable[[str], str | None] = lambda _: None

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.calls]

    def writes(self) -> list[str]:
        return [name for name in self.operations() if not name.startswith(("Get", "List"))]

    def _record(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls.append((model.name, params))
        if self.kill_after is not None and len(self.writes()) > self.kill_after:
            raise Killed

    def _send(self, request: AWSRequest, event_name: str, **_: Any) -> AWSResponse | None:
        code = self.refuse(event_name.rpartition(".")[2])
        if code is None:
            return None
        return response(str(request.url), refused(code, "Rate exceeded", 400 if "Throttling" in code else 500))


class GlueCase:
    """A catalog of its own.

    Attributes:
        wire: what goes to S3 and Glue from the catalog and its store.
        glue: a client whose requests do not go over that wire.
    """

    def __init__(self, name: str, bucket: str, glue: "GlueClient", wire: Wire) -> None:
        self.name, self.bucket, self.glue, self.wire = name, bucket, glue, wire
        self.tables = TableStore(S3Store(wire.s3, bucket))
        self.database = GlueDatabase(wire.glue, name, self.tables)
        self.catalog = GlueCatalog(self.database, self.tables)

    def stage(self, day: date, name: str = "A song") -> None:
        stage(self.tables, day, _sound_day(name))

    def put(self, *days: date) -> None:
        """Files of published days, which the catalog does not know."""
        for day in days:
            self.stage(day)
            publish_staged(self.tables, day)
        self.wire.calls.clear()

    def table(self, name: str = "tracks") -> Any:
        return self.glue.get_table(DatabaseName=self.name, Name=name)["Table"]

    def partitions(self, name: str = "tracks") -> dict[date, Any]:
        pages = self.glue.get_paginator("get_partitions").paginate(DatabaseName=self.name, TableName=name)
        return {date.fromisoformat(each["Values"][0]): each for page in pages for each in page["Partitions"]}


@pytest.fixture
def new_case(s3_server: str, new_bucket: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., GlueCase]:
    """Makes a catalog; `new_case(like=case)` is another process with the same catalog."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    glue, first, second = aws.client("glue"), Wire(), Wire()  # making a client takes longer than its requests

    def make(like: GlueCase | None = None) -> GlueCase:
        name, bucket = (like.name, like.bucket) if like else (next(_DATABASES), new_bucket())
        wire = second if like else first
        wire.reset()
        return GlueCase(name, bucket, glue, wire)

    return make


@pytest.fixture
def case(new_case: Callable[..., GlueCase]) -> GlueCase:
    return new_case()
