"""Lambda made up for tests: functions in this process, in place of the network under every client of Lambda."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from spotify_pipeline_tests.aws.fake_aws import Answer, response
from spotify_pipeline_tests.lambdas.conftest import Context

Handler = Callable[[Mapping[str, Any], Context], object]

LONG = 900_000
MEMORY = 123


class RefusedError(Exception):
    """What Lambda says where it does not call a handler: raised by the handler."""

    def __init__(self, status: int, code: str, **body: str) -> None:
        self.answer = Answer(status, json.dumps(body).encode(), {"x-amzn-errortype": code})


@dataclass
class FakeLambda:
    """Functions by name.

    Attributes:
        functions: their handlers.
        milliseconds: that each of the next invocations may take; the rest may take long.
        has_json_log: whether the log's own lines are JSON, as in deploy/template.yaml; else they are text.
        events: which function was asked for what, without what Pipes adds.
    """

    functions: dict[str, Handler]
    milliseconds: list[int] = field(default_factory=list)
    has_json_log: bool = True
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def session(self) -> boto3.Session:
        """A session whose clients of Lambda come here."""
        session = boto3.Session()
        session.events.register("before-send.lambda.Invoke", self._send)  # type: ignore[arg-type]  # as in FakeAws
        return session

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        (name,) = re.findall("/functions/([^/]+)/invocations", unquote(request.url))
        event = json.loads(request.body)  # type: ignore[arg-type]  # a text
        self.events.append((name, {key: value for key, value in event.items() if not key.startswith("DAGSTER_PIPES_")}))
        return response(request.url, self._invoke(name, event))

    def _invoke(self, name: str, event: Mapping[str, Any]) -> Answer:
        if name not in self.functions:
            return RefusedError(404, "ResourceNotFoundException", Message=f"Function not found: {name}").answer
        context = Context(name, self.milliseconds.pop(0) if self.milliseconds else LONG)
        report = f"REPORT RequestId: {context.aws_request_id}\tMemory Size: 512 MB\tMax Memory Used: {MEMORY} MB\t\n"
        if self.has_json_log:
            record = {"requestId": context.aws_request_id, "metrics": {"memorySizeMB": 512, "maxMemoryUsedMB": MEMORY}}
            report = json.dumps({"type": "platform.report", "record": record})
        headers = {
            "x-amzn-RequestId": context.aws_request_id,
            "X-Amz-Log-Result": base64.b64encode(report.encode()).decode(),
        }
        try:
            return Answer(body=json.dumps(self.functions[name](event, context)).encode(), headers=headers)
        except RefusedError as refusal:
            return refusal.answer
        except Exception as error:  # noqa: BLE001  # as Lambda
            told = {"errorMessage": str(error), "errorType": type(error).__name__}
            return Answer(body=json.dumps(told).encode(), headers={**headers, "X-Amz-Function-Error": "Unhandled"})
