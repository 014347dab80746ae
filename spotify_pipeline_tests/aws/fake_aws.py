"""AWS made up for tests: a function that answers requests, in place of the network under every client."""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import boto3
import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.loaders import create_loader

_LOADER = create_loader()  # keeps what it has read of the services, which takes most of the time


class Request(NamedTuple):
    """What was asked.

    Attributes:
        operation: As AWS calls it, such as `GetTable`.
        url: Where.
        headers: With the signature.
        body: What the services that speak JSON get, which S3 does not.
    """

    operation: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


class Answer(NamedTuple):
    """What comes back."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}


Answering = Callable[[Request], Answer]
"""Answers a request; instead it may raise what botocore raises where the network fails."""


def found(document: object) -> Answer:
    return Answer(body=json.dumps(document).encode())


def refused(code: str, message: str = "", status: int = 400) -> Answer:
    """An error as the services word it that speak JSON."""
    return Answer(status, json.dumps({"__type": code, "message": message}).encode())


def refused_by_s3(code: str, message: str = "", status: int = 403, region: str = "", **headers: str) -> Answer:
    """An error as S3 words it; header names have `_` for `-`."""
    place = f"<Region>{region}</Region>" if region else ""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message>{place}</Error>"
    return Answer(status, body.encode(), {name.replace("_", "-"): value for name, value in headers.items()})


class FakeAws:
    """Gives clients sessions without a network, and keeps what was asked."""

    def __init__(self, answering: Answering = lambda _: Answer()) -> None:
        self.answering = answering
        self.requests: list[Request] = []

    def session(self) -> boto3.Session:
        core = botocore.session.get_session()
        core.register_component("data_loader", _LOADER)
        session = boto3.Session(botocore_session=core)
        session.events.register("before-send", self._send)  # type: ignore[arg-type]  # it may return an answer
        return session

    def _send(self, request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse:
        body = request.body if isinstance(request.body, bytes) else b""
        headers = {name: _text(value) for name, value in request.headers.items()}
        is_json = headers.get("Content-Type", "").startswith("application/x-amz-json")
        asked = Request(event_name.rpartition(".")[2], request.url, headers, json.loads(body) if is_json else {})
        self.requests.append(asked)
        return response(asked.url, self.answering(asked))


def response(url: str, answer: Answer) -> AWSResponse:
    """The answer as botocore's own transport gives it."""
    headers = HeadersDict({"content-length": str(len(answer.body)), **answer.headers})
    return AWSResponse(url, answer.status, headers, _Raw(answer.body))  # type: ignore[arg-type]  # as botocore's own


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()


class _Raw(io.BytesIO):
    """A body as urllib3 would give it."""

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.read()
