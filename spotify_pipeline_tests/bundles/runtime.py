"""A function as Lambda runs it: its own process, which asks the Lambda Runtime API for events."""

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any, Self
from uuid import uuid4

_WITNESS = Path(__file__).with_name("witness.py")
_API = "/2018-06-01/runtime"
_SECONDS = 120  # for a cold start, an invocation, or the end


@dataclass(frozen=True)
class Outcome:
    """What the process posted: `kind` is `response`, `error` or, before any event, `init/error`."""

    kind: str
    content: Any


@dataclass(frozen=True)
class Report:
    """What was seen of the process.

    Attributes:
        modules: where each module came from that it has imported.
        compiled: the files that it has compiled.
        peak_kilobytes: the most memory that it has had.
    """

    modules: dict[str, str | None]
    compiled: list[str]
    peak_kilobytes: int


class FunctionProcess:
    """A function's process, from its cold start on: a context manager.

    Attributes:
        cold_start: the seconds from the start of the process until it asked for an event.
        report: what was seen; there when the process has ended.

    Args:
        python: The Python, with AWS's runtime interface client and boto3 installed, and nothing else.
        task_root: The unpacked zip.
        handler: The handler's module and name.
        folder: An empty folder, for the log and the report.
        variables: The function's environment variables.
    """

    def __init__(self, python: Path, task_root: Path, handler: str, folder: Path, variables: Mapping[str, str]) -> None:
        self.cold_start = 0.0
        self.report: Report
        self._events: Queue[Any] = Queue()
        self._posted: Queue[Outcome | None] = Queue()
        self._server = _server(self._events, self._posted)
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), name="lambda-runtime-api")
        self._task_root, self._folder = task_root, folder
        self._command: list[str | Path] = [python, _WITNESS, folder / "report.json", handler]
        self._environment = _environment(task_root, handler, self._server.server_port) | dict(variables)
        self._process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        self._thread.start()
        started = time.monotonic()
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._task_root, env=self._environment, stdin=subprocess.PIPE, stdout=log, stderr=log
            )
        try:
            first = self._next_outcome()
        except BaseException:
            self._end()
            raise
        self.cold_start = time.monotonic() - started
        if first is not None:
            self._end()
            raise RuntimeError(f"the handler cannot be imported: {first}; its log:\n{self.log()}")
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self.report = Report(**json.loads((self._folder / "report.json").read_text()))

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """Give the process an event, and what it answers back.

        Raises:
            RuntimeError: the handler raised, or the process ended.
        """
        self._events.put(event)
        outcome = self._next_outcome()
        if outcome is None or outcome.kind != "response":
            raise RuntimeError(f"{outcome}; its log:\n{self.log()}")
        if (asked_again := self._next_outcome()) is not None:
            raise RuntimeError(f"more than one answer to an event: {asked_again}")
        return outcome.content

    def log(self) -> str:
        """What it has written to standard output and standard error."""
        return (self._folder / "log").read_text()

    def _next_outcome(self) -> Outcome | None:
        """What is posted next; None where the process asks for an event instead."""
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            try:
                return self._posted.get(timeout=0.1)
            except Empty:
                if self._process.poll() is not None and self._posted.empty():
                    break
        raise RuntimeError(f"The process has ended, or does not answer. Its log:\n{self.log()}")

    def _end(self) -> None:
        try:
            self._process.communicate(timeout=_SECONDS)  # closes its standard input
        finally:
            self._process.kill()
            self._process.wait()
            self._events.put(None)
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


def _environment(task_root: Path, handler: str, port: int) -> dict[str, str]:
    """The variables that Lambda sets, as its documentation lists them; there is no home."""
    name = handler.split(".")[-2]
    return {
        "_HANDLER": handler,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/10/05/[$LATEST]0",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "LAMBDA_TASK_ROOT": str(task_root),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": ":UTC",
    }


def _server(events: "Queue[Any]", posted: "Queue[Outcome | None]") -> ThreadingHTTPServer:
    """A Lambda Runtime API; an event that is None ends the waiting for one."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            assert self.path == f"{_API}/invocation/next"
            posted.put(None)
            event = events.get()
            if event is None:
                self.close_connection = True
                return
            deadline = int((time.time() + _SECONDS) * 1000)
            self._answer(
                200,
                json.dumps(event).encode(),
                {
                    "Content-Type": "application/json",
                    "Lambda-Runtime-Aws-Request-Id": str(uuid4()),
                    "Lambda-Runtime-Deadline-Ms": str(deadline),
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:tried",
                },
            )

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            what = self.path.removeprefix(f"{_API}/")
            posted.put(Outcome(what if what == "init/error" else what.rpartition("/")[2], json.loads(content)))
            self._answer(202)

        def _answer(self, status: int, content: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """The test's own output is enough."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server
