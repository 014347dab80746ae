"""Jobs of AWS Glue made up for tests: scripts in this process, in place of the network under every client of Glue."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from spotify_pipeline_tests.aws.fake_aws import Answer, found, refused, response

Script = Callable[[list[str]], None]
"""Is given the arguments of a run, as `sys.argv` has them; `SystemExit` says that it has failed."""

SECONDS, DPU_SECONDS = 71, 142.5


@dataclass
class FakeGlue:
    """Jobs by name.

    Attributes:
        jobs: their scripts.
        defaults: the arguments that every run has.
        refusals: how the next runs that are asked for are refused.
        state: how a run ends whose script does not fail.
        runs: which job was started with which arguments, without what Pipes adds.
    """

    jobs: dict[str, Script]
    defaults: Mapping[str, str] = field(default_factory=dict)
    refusals: list[Answer] = field(default_factory=list)
    state: str = "SUCCEEDED"
    runs: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    _ended: dict[str, dict[str, Any]] = field(default_factory=dict)

    def session(self) -> boto3.Session:
        """A session whose clients start and follow runs here."""
        session = boto3.Session()
        for operation in ("StartJobRun", "GetJobRun"):
            session.events.register(f"before-send.glue.{operation}", self._send)  # type: ignore[arg-type]  # as FakeAws
        return session

    def _send(self, request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse:
        asked = json.loads(request.body)  # type: ignore[arg-type]  # a text
        if event_name.endswith("GetJobRun"):
            return response(request.url, found({"JobRun": self._ended[asked["RunId"]]}))
        return response(request.url, self._start(asked["JobName"], asked["Arguments"]))

    def _start(self, name: str, arguments: dict[str, str]) -> Answer:
        self.runs.append((name, {key: each for key, each in arguments.items() if not key.startswith("--dagster")}))
        if self.refusals:
            return self.refusals.pop(0)
        if name not in self.jobs:
            return refused("EntityNotFoundException", f"Failed to start job run due to missing metadata: {name}")
        run = {"Id": f"jr_{len(self.runs)}", "JobName": name, "ExecutionTime": SECONDS, "DPUSeconds": DPU_SECONDS}
        of_glue = {"--JOB_NAME": name, "--JOB_RUN_ID": run["Id"], "--enable-auto-scaling": "true"}
        argv = [text for pair in (of_glue | dict(self.defaults) | arguments).items() for text in map(str, pair)]
        try:
            self.jobs[name](["/tmp/job.py", *argv])  # noqa: S108  # nothing is there
        except SystemExit as end:
            run |= {"JobRunState": "FAILED", "ErrorMessage": f"SystemExit: {end.code}"}
        except Exception as error:  # noqa: BLE001  # as Glue
            run |= {"JobRunState": "FAILED", "ErrorMessage": f"{type(error).__name__}: {error}"}
        else:
            run["JobRunState"] = self.state
        self._ended[str(run["Id"])] = run
        return found({"JobRunId": run["Id"]})
