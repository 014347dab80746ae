"""What somebody does in Dagster's UI, in GraphQL as the UI does it."""

import time
from collections.abc import Callable
from typing import Any

import requests

from spotify_pipeline.orchestration.schedules import DAILY_JOB

_CODE_LOCATION = {"repositoryLocationName": "spotify_pipeline", "repositoryName": "__repository__"}
_SCHEDULE = {**_CODE_LOCATION, "scheduleName": f"{DAILY_JOB}_schedule"}
_JOB = {**_CODE_LOCATION, "jobName": DAILY_JOB}
_SECONDS_TO_WAIT = 90

_TURN_ON = """
mutation($schedule: ScheduleSelector!) {
  startSchedule(scheduleSelector: $schedule) { ... on ScheduleStateResult { scheduleState { status } } }
}"""
_TRY = """
mutation($schedule: ScheduleSelector!, $timestamp: Float!) {
  scheduleDryRun(selectorData: $schedule, timestamp: $timestamp) {
    ... on DryRunInstigationTick { evaluationResult { error { message } runRequests { tags { key value } } } }
  }
}"""
_LAUNCH = """
mutation($job: JobOrPipelineSelector!, $tags: [ExecutionTag!]!) {
  launchRun(executionParams: {selector: $job, executionMetadata: {tags: $tags}}) {
    ... on LaunchRunSuccess { run { runId } }
  }
}"""
_RUN = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
_LOGS = "query($key: [String!]!) { capturedLogs(logKey: $key) { stderr } }"
_INSTANCE = """
query { instance { runQueueConfig { maxConcurrentRuns }
                   daemonHealth { allDaemonStatuses { daemonType required healthy } } } }"""


class Ui:
    """The UI of a webserver on this machine."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/graphql"

    def _ask(self, query: str, **variables: Any) -> Any:
        answer = requests.post(self._url, json={"query": query, "variables": variables}, timeout=60).json()
        assert "errors" not in answer, answer
        (result,) = answer["data"].values()
        return result

    def turn_on_schedule(self) -> str:
        """Turn the daily schedule on, and give its status."""
        status: str = self._ask(_TURN_ON, schedule=_SCHEDULE)["scheduleState"]["status"]
        return status

    def try_schedule(self, timestamp: float) -> list[dict[str, str]]:
        """The tags of the run that the schedule asks for at that time."""
        found = self._ask(_TRY, schedule=_SCHEDULE, timestamp=timestamp)["evaluationResult"]
        assert not found["error"], found
        (request,) = found["runRequests"]
        tags: list[dict[str, str]] = request["tags"]
        return tags

    def launch(self, tags: list[dict[str, str]]) -> str:
        """Put a run into the queue, and give its id."""
        run_id: str = self._ask(_LAUNCH, job=_JOB, tags=tags)["run"]["runId"]
        return run_id

    def finished(self, run_id: str) -> str:
        """The status of a run, once it is over."""
        run = _once(lambda: self._ask(_RUN, id=run_id), lambda run: run["status"] in {"SUCCESS", "FAILURE", "CANCELED"})
        status: str = run["status"]
        return status

    def printed(self, log_key: list[str]) -> str:
        """What a step has written to standard error."""
        return self._ask(_LOGS, key=log_key)["stderr"] or ""

    def healthy_daemons(self) -> set[str]:
        """The daemons that the instance needs, once all of them are well."""

        def needed(instance: Any) -> list[Any]:
            return [each for each in instance["daemonHealth"]["allDaemonStatuses"] if each["required"]]

        instance = _once(
            lambda: self._ask(_INSTANCE), lambda instance: all(each["healthy"] for each in needed(instance))
        )
        return {each["daemonType"] for each in needed(instance)}

    def most_runs_at_once(self) -> int:
        """The limit of the queue."""
        limit: int = self._ask(_INSTANCE)["runQueueConfig"]["maxConcurrentRuns"]
        return limit


def _once(look: Callable[[], Any], is_so: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + _SECONDS_TO_WAIT
    while not is_so(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.2)
    return seen
