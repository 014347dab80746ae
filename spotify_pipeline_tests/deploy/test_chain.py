"""The whole chain in the emulator: schedule, extraction, manifest, event, transformation, Glue, Athena.

The stack is deployed by what `make deploy` does, the functions are the built zips, each with its own role. The real
archive is asked day after day; nothing here calls a function but the schedule, the event and the extraction itself.
"""

import copy
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from spotify_pipeline.backends.aws import AwsWarehouse
from spotify_pipeline.settings import load_settings
from spotify_pipeline.spotify.manifest import Status
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.aws.emulator import COMMAND, REGION, ROOT_KEY, running_emulator
from spotify_pipeline_tests.bundles.conftest import lambda_python, zip_of  # noqa: F401  # fixtures
from spotify_pipeline_tests.bundles.test_day import ARCHITECTURE
from spotify_pipeline_tests.conftest import FIRST_ARCHIVE_DAY
from spotify_pipeline_tests.deploy.deployment import Deployment
from spotify_pipeline_tests.test_replayed_days import served

APP = {"SPOTIPY_CLIENT_ID": "my-app", "SPOTIPY_CLIENT_SECRET": "app-secret", "SPOTIFY_REFRESH_TOKEN": "refresh-token"}
DAYS = [FIRST_ARCHIVE_DAY + timedelta(days=number) for number in range(3)]
_SHARE = 12  # of the archive's playlists, one in so many
_LONGEST_WAIT_SECONDS = 60

# The emulator runs functions with the Python that it takes for its own.
_WITH_PYTHON = "import sys; sys.executable = sys.argv.pop(1); from ministack.app import main; main()"

Rows = Counter[tuple[Any, ...]]


class Chain:
    """The deployed stack, and the Spotify that it asks."""

    def __init__(self, deployment: Deployment, server: Any) -> None:
        self._deployment, self._server, self._day = deployment, server, DAYS[0]

    def on(self, day: date, *, timeout: int = 900, faults: tuple[dict[str, Any], ...] = ()) -> None:
        """Let it be that day, at Spotify and for the functions; the extraction has so many seconds."""
        self._day = day
        self._server.set_date(day.isoformat())
        self._server.set_faults(list(faults))
        self._deployment.set_environment(
            SPOTIFY_PIPELINE_API_URL=f"{self._server.url}/v1/",
            SPOTIFY_PIPELINE_ACCOUNTS_URL=self._server.url,
            SPOTIFY_PIPELINE_TODAY=str(day),
            SPOTIFY_PIPELINE_START_DATE=str(DAYS[0]),
        )
        self._deployment.client("lambda").update_function_configuration(
            FunctionName=f"{self._deployment.stack}-extract", Timeout=timeout
        )

    def let_the_schedule_come(self) -> None:
        """Start the extraction by the schedule, whose time is now; it comes once."""
        schedule = self._schedule()
        kept = {key: schedule[key] for key in ("FlexibleTimeWindow", "GroupName", "Name", "Target")}
        self._deployment.client("scheduler").update_schedule(
            ScheduleExpression=f"at({datetime.now(UTC):%Y-%m-%dT%H:%M:%S})", State="ENABLED", **kept
        )

    def start_by_hand(self, event: dict[str, Any] | None = None) -> None:
        """Start the extraction without waiting for it, with the event of the schedule or another."""
        target = self._schedule()["Target"]
        payload = target["Input"] if event is None else json.dumps(event)
        self._deployment.client("lambda").invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=payload)

    def _schedule(self) -> dict[str, Any]:
        found: dict[str, Any] = self._deployment.client("scheduler").get_schedule(
            Name=f"{self._deployment.stack}-daily"
        )
        return found

    def wait_for(self, is_there: Callable[[Rows, Counter[str]], bool]) -> None:
        """Return once the rows of the day, and the numbers of playlists by status, are as they should be."""
        deadline = time.monotonic() + _LONGEST_WAIT_SECONDS
        while not is_there(*(seen := (self.rows(), self.statuses()))):
            if time.monotonic() > deadline:
                pytest.fail(f"{self._day} has {seen[0].total()} rows of {dict(seen[1])} playlists:\n{self.log()}")
            time.sleep(0.3)

    def rows(self) -> Rows:
        """The rows that Athena finds of the day."""
        return Counter(self._ask("SELECT playlist_id, position, item_type, item_key, track_id FROM playlist_items"))

    def statuses(self) -> Counter[str]:
        return Counter(status for (status,) in self._ask("SELECT status FROM coverage"))

    def expected(self) -> Rows:
        return served(self._server, self._day)

    def log(self) -> str:
        """What both functions have written."""
        logs = self._deployment.client("logs")
        names = [f"/aws/lambda/{self._deployment.stack}-{function}" for function in ("extract", "transform")]
        events = [event for name in names for event in logs.filter_log_events(logGroupName=name)["events"]]
        return "\n".join(event["message"].rstrip() for event in events)

    def dead_letters(self) -> int:
        """How many events were given up."""
        sqs, queues = self._deployment.client("sqs"), self._deployment.resources()
        name = "ApproximateNumberOfMessages"
        urls = [queues[queue] for queue in ("ExtractDeadLetters", "TransformDeadLetters")]
        found = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name] for url in urls]
        return sum(map(int, found))

    @property
    def warehouse(self) -> AwsWarehouse:
        return AwsWarehouse(load_settings(SPOTIFY_PIPELINE_TARGET="aws", **self._deployment.settings))

    def _ask(self, select: str) -> list[tuple[Any, ...]]:
        if not all(self._day in days for days in self.warehouse.catalog.partitions().values()):
            return []  # the emulator's Athena also finds what is not registered
        return self.warehouse.engine.ask(f"{select} WHERE snapshot_date = DATE '{self._day}'").rows


@pytest.fixture
def chain(
    lambda_python: Path,  # noqa: F811
    zip_of: Callable[[str], Path],  # noqa: F811
    replay: Callable[..., Any],
    replay_library: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Chain]:
    if not COMMAND.exists():
        pytest.skip("the AWS emulator is not installed: run `make emulator`")
    if ARCHITECTURE is None:
        pytest.skip("Lambda has no machines like this one")
    zips = [zip_of(f"{function}-{ARCHITECTURE}") for function in ("extract", "transform")]
    server = replay(mode="development", owned="all")
    server.library = copy.copy(replay_library)
    server.library.meta = dict(sorted(replay_library.meta.items())[::_SHARE])
    with running_emulator(COMMAND.with_name("python"), "-c", _WITH_PYTHON, lambda_python) as address:
        deployment = Deployment(
            address,
            tmp_path,
            zips[0].parent,
            "chain",
            Architecture=ARCHITECTURE,
            # The emulator loses the events that Lambda would keep until the invocation before is done.
            ReserveConcurrency="no",
        )
        deployment.deploy(SPOTIFY_PIPELINE_API_URL=f"{server.url}/v1/", SPOTIFY_PIPELINE_ACCOUNTS_URL=server.url, **APP)
        deployment.adapt_to_the_emulator()
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", ROOT_KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        yield Chain(deployment, server)


def test_three_days_with_faults_between_are_as_spotify_had_them(chain: Chain) -> None:
    def whole(rows: Rows, statuses: Counter[str]) -> bool:
        return rows == chain.expected() and not statuses[Status.FAILED] and statuses.total() > 0

    chain.on(DAYS[0])
    chain.let_the_schedule_come()
    chain.wait_for(whole)

    # A day on which Spotify fails for some playlists, and is asked again later.
    broken = ({"match": "/v1/playlists/[0-9A-Ma-m]", "status": 500, "times": -1},)
    chain.on(DAYS[1], faults=broken)
    chain.start_by_hand()
    chain.wait_for(lambda _, statuses: statuses[Status.FAILED] > 0)
    assert not chain.rows() - chain.expected()
    chain.on(DAYS[1])
    chain.start_by_hand()
    chain.wait_for(whole)

    # A day on which one invocation has not enough time for all.
    slow = ({"match": "/v1/playlists/[^/]*$", "kind": "slow", "seconds": 1.2, "times": -1},)
    chain.on(DAYS[2], timeout=6, faults=slow)
    chain.start_by_hand({"refresh": True})
    chain.wait_for(whole)
    assert "goes on" in chain.log()

    assert chain.warehouse.catalog.partitions() == {name: set(DAYS) for name in TABLES}
    assert "ERROR" not in chain.log()
    assert chain.dead_letters() == 0
    for secret in APP.values():
        assert secret not in chain.log()
