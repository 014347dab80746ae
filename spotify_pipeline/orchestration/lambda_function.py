"""Calling a deployed function through Dagster Pipes. Import it late: dagster_aws takes two to five seconds."""

import base64
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING, Any

import msgspec
from dagster import OpExecutionContext
from dagster_aws.pipes import PipesLambdaClient

from spotify_pipeline import aws
from spotify_pipeline.errors import PipelineError
from spotify_pipeline.lambdas.answers import Problem
from spotify_pipeline.orchestration.pipes import HeardMessages
from spotify_pipeline.orchestration.s3_messages import S3Messages
from spotify_pipeline.spotify.patience import Clock

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_lambda.type_defs import InvocationResponseTypeDef

_LONGEST_SECONDS = 15 * 60 + 60  # a function may take fifteen minutes; the rest is for starting it and for the answer
_PAUSE_SECONDS = 5.0
_MEMORY = re.compile(r'(?:Max Memory Used: |"maxMemoryUsedMB":)\s*(\d+)')  # in a log of lines, or of JSON


class FunctionError(PipelineError):
    """A function cannot be called, ended without an answer, or answered with an error."""


class LambdaFunction:
    """A function in AWS, as one step of Dagster calls it.

    Attributes:
        name: its name or ARN.
    """

    def __init__(self, name: str, raw_bucket: str, context: OpExecutionContext, clock: Clock) -> None:
        """Get ready; log lines come through `raw_bucket`, into the log and the progress of `context`."""
        self.name = name
        self._bucket, self._context, self._clock = raw_bucket, context, clock
        self._client = aws.client("lambda", work_seconds=_LONGEST_SECONDS)
        self._request_ids: list[str] = []
        self._seconds, self._memory = 0.0, 0
        self._began = clock.now()
        self._answer = b""

    @property
    def log_group(self) -> str:
        """Where Lambda keeps its log, unless somebody has chosen otherwise."""
        return f"/aws/lambda/{self.name.rpartition(':function:')[2].partition(':')[0]}"

    def facts(self) -> dict[str, Any]:
        """What Dagster shows of the invocations up to now: seconds in all, and the most megabytes that one needed."""
        return {
            "function": self.name,
            "function_log_group": self.log_group,
            "function_requests": ", ".join(self._request_ids),
            "function_seconds": round(self._seconds, 1),
            **({"function_memory_mb": self._memory} if self._memory else {}),
        }

    def call(self, request: msgspec.Struct) -> object:
        """Give it a request and wait for the answer, which is given as JSON has it.

        Raises:
            FunctionError: it could not be called, ended without an answer, or answered with a `Problem`.
        """
        messages = HeardMessages(S3Messages(self._bucket, "drive.json"), self._context.resources.progress.tell)
        client = PipesLambdaClient(client=self, message_reader=messages)
        client.run(function_name=self.name, event=msgspec.to_builtins(request), context=self._context)
        with suppress(msgspec.DecodeError):  # no problem, then
            problem = msgspec.json.decode(self._answer, type=Problem)
            raise _error(problem.error, may_pass=problem.may_pass)
        return msgspec.json.decode(self._answer)

    def invoke(self, **arguments: Any) -> Mapping[str, Any]:  # noqa: ANN401  # they are boto3's
        """Stand in for boto3's client: PipesLambdaClient tells nobody what the answer is, nor whose the error.

        Raises:
            FunctionError: AWS refuses to call it, or it has ended without an answer.
        """
        with aws.explained(f"the function {self.name}", FunctionError):
            response = self._begin(arguments)
            self._answer = response["Payload"].read()
        self._note(response)
        if "FunctionError" in response:
            raise _error(
                f"The function {self.name} ended without an answer ({_told(self._answer)}): look for the request "
                f"{self._request_ids[-1]} in its log group {self.log_group}."
            )
        return {}

    def _begin(self, arguments: Mapping[str, Any]) -> "InvocationResponseTypeDef":
        """Invoke it, once it can be: one with a limited concurrency may be at work for somebody else.

        That is so where the event rule is on, and the manifest of an extraction has just started the transformation.
        """
        give_up = self._clock.now() + timedelta(seconds=_LONGEST_SECONDS)
        busy = None
        while True:
            self._began = self._clock.now()
            try:
                return self._client.invoke(**arguments, LogType="Tail")
            except self._client.exceptions.TooManyRequestsException as error:  # it has not begun
                if self._began >= give_up:
                    raise _error(
                        f"The function {self.name} could not be started for {_LONGEST_SECONDS // 60} minutes "
                        f"({_reason(error)}): see what it is at work on, and run again.",
                        may_pass=True,
                    ) from None
                if busy is None:
                    busy = f"waiting for the function {self.name}, which cannot be started now: {_reason(error)}"
                    self._context.log.info(busy)
                    self._context.resources.progress.tell(busy)
            self._clock.wait(_PAUSE_SECONDS, Event())

    def _note(self, response: "InvocationResponseTypeDef") -> None:
        seconds = (self._clock.now() - self._began).total_seconds()
        log = base64.b64decode(response.get("LogResult", "")).decode(errors="replace")
        found = _MEMORY.search(log)
        self._request_ids.append(response["ResponseMetadata"]["RequestId"])
        self._seconds += seconds
        self._memory = max(self._memory, int(found[1]) if found else 0)
        self._context.log.info(
            f"{self.name} answered after {seconds:.1f} s: request {self._request_ids[-1]} in the log group "
            f"{self.log_group}"
        )


def _error(sentence: str, *, may_pass: bool = False) -> FunctionError:
    error = FunctionError(sentence)
    error.may_pass = may_pass
    return error


def _reason(error: "ClientError") -> str:
    """Which limit was reached, as Lambda names it."""
    return str(error.response.get("Reason") or aws.error_code(error))


def _told(payload: bytes) -> str:
    """What Lambda tells of a function that has failed."""
    try:
        told = msgspec.json.decode(payload, type=dict[str, Any])
    except msgspec.DecodeError:
        return "it is not told why"
    return aws.one_line(": ".join(str(told[name]) for name in ("errorType", "errorMessage") if told.get(name)))
