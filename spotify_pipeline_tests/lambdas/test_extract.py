"""The extraction function: what starts it, what it leaves, what it writes to its log."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import pytest

from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline.errors import PipelineError, SettingsError, StorageError
from spotify_pipeline.lambdas import invocation
from spotify_pipeline.spotify.manifest import Status
from spotify_pipeline.storage.lease import LeaseTakenError
from spotify_pipeline.storage.raw import RawStore
from spotify_pipeline_tests.lambdas.conftest import DAY, SCHEDULED, Functions
from spotify_pipeline_tests.spotify.fake_clock import FakeClock
from spotify_pipeline_tests.spotify.fake_spotify import FakePlaylist, FakeSpotify, error, playlist_id, served

IDS = [playlist_id(number) for number in range(1, 9)]
ALL = {"observed": 0, "unchanged": 0, "restricted": 0, "not_found": 0, "failed": 0, "imported": 0}
Printed = Callable[[], list[dict[str, Any]]]


def metrics(lines: list[dict[str, Any]]) -> dict[str, list[float]]:
    """The embedded metrics by name, each with its dimension."""
    (line,) = [line for line in lines if "_aws" in line]
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "SpotifyPipeline"
    assert directive["Dimensions"] == [["FunctionName"]]
    return {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]}


def raw_of(functions: Functions) -> RawStore:
    return functions.warehouse.raw


def test_a_scheduled_event_extracts_the_day(functions: Functions) -> None:
    outcome = functions.extract(SCHEDULED)
    assert outcome["day"] == str(DAY)
    assert outcome["playlists"] == ALL | {"observed": 11, "restricted": 1}
    assert outcome == json.loads(json.dumps(outcome))
    manifest = raw_of(functions).open_day(DAY).manifest
    assert outcome["playlists"] == manifest.counts()
    assert outcome["requests"] == manifest.requests
    assert functions.invocations == []


def test_the_next_scheduled_event_finds_nothing_to_do(functions: Functions) -> None:
    functions.extract(SCHEDULED)
    before = raw_of(functions).open_day(DAY).manifest
    assert functions.extract(SCHEDULED) == {"day": str(DAY), "skipped": f"Nothing of {DAY} is missing."}
    assert raw_of(functions).open_day(DAY).manifest == before


def test_a_call_by_hand_may_ask_for_a_refresh(functions: Functions) -> None:
    functions.extract()
    assert functions.extract()["requests"] < 3
    refreshed = functions.extract({"refresh": True, "accept": [f"spotify:playlist:{first_read(functions)}"]})
    assert refreshed["requests"] > 10
    assert raw_of(functions).open_day(DAY).manifest.by_id()[first_read(functions)].accepted


def first_read(functions: Functions) -> str:
    rows = raw_of(functions).open_day(DAY).manifest.playlists
    return next(row.playlist_id for row in rows if row.status.has_rows)


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        ({"refersh": True}, "The event is not what docs/lambda.md describes: Object contains unknown field `refersh`."),
        (
            {"refresh": "yes"},
            "describes: Expected `bool`, got `str` - at `$.refresh`.",
        ),
        ({"accept": ["no id"]}, "no id"),
        ({"source": "aws.s3", "detail-type": "Object Created"}, "is not for this function: correct the rule"),
    ],
)
def test_an_event_that_asks_for_something_else_is_refused(
    event: dict[str, Any], sentence: str, functions: Functions
) -> None:
    with pytest.raises(SettingsError) as refusal:
        functions.extract(event)
    assert sentence in str(refusal.value)


def test_a_failure_is_one_sentence_in_the_log_and_an_error_for_lambda(
    functions: Functions, printed: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTIFY_PIPELINE_SECRET_ID", "nobody-made-it")
    with pytest.raises(StorageError, match="There is no secret nobody-made-it") as failure:
        functions.extract(SCHEDULED)
    *_, line = printed()
    assert line["level"] == "ERROR"
    assert line["message"] == str(failure.value)
    assert line["error"] == "StorageError"
    assert failure.value.__cause__ is None


def test_every_line_is_json_with_the_request_and_without_secrets(functions: Functions, printed: Printed) -> None:
    functions.extract(SCHEDULED, aws_request_id="request-of-this-test")
    lines = printed()
    logged = [line for line in lines if "_aws" not in line]
    assert len(logged) > 10
    assert {line["request_id"] for line in logged} == {"request-of-this-test"}
    assert {line["function_name"] for line in logged} == {"spotify-pipeline-extract"}
    assert logged[-1]["outcome"]["requests"] == raw_of(functions).open_day(DAY).manifest.requests
    for secret in (DemoServer.client_secret, DemoServer.refresh_token, "access", "Bearer"):
        assert secret not in json.dumps(lines)


def test_the_metrics_are_the_playlists_by_status_the_requests_the_consent_and_the_time(
    functions: Functions, printed: Printed
) -> None:
    outcome = functions.extract(SCHEDULED)
    found = metrics(printed())
    assert found.pop("Seconds")[0] > 0
    assert found.pop("ConsentDaysLeft")[0] > 170
    assert found == {
        "Observed": [11],
        "Unchanged": [0],
        "Restricted": [1],
        "NotFound": [0],
        "Imported": [0],
        "Failed": [0],
        "Requests": [outcome["requests"]],
    }


def test_details_are_read_after_the_playlists_and_told_to_whoever_makes_tables(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTIFY_PIPELINE_ENRICH", "new")
    monkeypatch.setenv("SPOTIFY_PIPELINE_REQUEST_BUDGET", "40")
    manifests: list[str] = []
    assert boto3.DEFAULT_SESSION is not None
    boto3.DEFAULT_SESSION.events.register(
        "before-parameter-build.s3",
        lambda params, model, **_: (
            manifests.append(model.name)
            if params.get("Key", "").startswith("playlists/") and params["Key"].endswith("_manifest.json")
            else None
        ),
    )
    outcome = functions.extract(SCHEDULED)
    assert outcome["artists"]["read"] > 0
    assert outcome["requests"] > raw_of(functions).open_day(DAY).manifest.requests
    assert [name for name in manifests if name != "GetObject"] == ["CopyObject", "PutObject"]
    again = functions.extract({"steps": ["enrich"]})
    assert again["artists"]["read"] == again["albums"]["read"] == 0
    assert [name for name in manifests if name != "GetObject"] == ["CopyObject", "PutObject"]


class Slow:
    """A Spotify that takes a second for each answer, and the clock of the functions that tells so."""

    def __init__(self) -> None:
        self.clock, self.fake = FakeClock(), FakeSpotify([FakePlaylist(id_) for id_ in IDS])
        self.fake.on(".*", lambda _: self.clock.pass_(1), times=1_000)

    def run_for(self, functions: Functions, seconds: float, event: dict[str, Any]) -> dict[str, Any]:
        """Call the extraction with so many seconds before its deadline."""
        return functions.extract(event, milliseconds=int(seconds / 0.75 * 1000))

    def let_be_at_work(self, functions: Functions, owner: str) -> None:
        """Let another invocation have the lease for five minutes."""
        lease = {"owner": owner, "ends": (self.clock.now() + timedelta(seconds=300)).isoformat()}
        boto3.client("s3").put_object(
            Bucket=functions.aws.raw_bucket, Key="_state/lease-extraction.json", Body=json.dumps(lease)
        )


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    slow = Slow()
    monkeypatch.setattr(invocation, "Clock", lambda: slow.clock.patience().clock)
    return slow


def test_when_its_time_is_nearly_up_it_keeps_what_is_complete_and_starts_itself_again(
    slow: Slow, name_functions: Callable[[str], Functions]
) -> None:
    with served(slow.fake) as url:
        functions = name_functions(url)
        outcome = slow.run_for(functions, 7, SCHEDULED)
        assert outcome["unfinished"]
        assert 0 < outcome["playlists"]["observed"] < len(IDS)
        assert raw_of(functions).open_day(DAY).manifest.counts() == outcome["playlists"]
        runs = 1
        while functions.invocations:
            (event,) = functions.invocations
            functions.invocations.clear()
            assert event["continuation"] == runs
            outcome = slow.run_for(functions, 7, event)
            runs += 1
    assert runs > 1
    assert outcome["playlists"] == ALL | {"observed": len(IDS)}
    assert {row.status for row in raw_of(functions).open_day(DAY).manifest.playlists} == {Status.OBSERVED}


def test_without_time_for_anything_it_leaves_no_day_and_goes_on_in_the_next(
    slow: Slow, name_functions: Callable[[str], Functions]
) -> None:
    with served(slow.fake) as url:
        functions = name_functions(url)
        assert slow.run_for(functions, 1, SCHEDULED)["unfinished"]
        assert raw_of(functions).find_day(DAY) is None
        (event,) = functions.invocations
        assert slow.run_for(functions, 100, event)["playlists"] == ALL | {"observed": len(IDS)}


def test_it_does_not_start_itself_without_end(slow: Slow, name_functions: Callable[[str], Functions]) -> None:
    with served(slow.fake) as url:
        functions = name_functions(url)
        with pytest.raises(PipelineError, match="is not done after 13 invocations in a row"):
            slow.run_for(functions, 1, {"continuation": 12})
        assert functions.invocations == []


def test_a_used_up_quota_ends_it_and_keeps_the_next_schedule_from_asking(
    slow: Slow, name_functions: Callable[[str], Functions]
) -> None:
    slow.fake.on("playlists/.*", lambda _: error(429, "Too many", "QUOTA_EXCEEDED", Retry_After="50000"), after=5)
    with served(slow.fake) as url:
        functions = name_functions(url)
        outcome = functions.extract(SCHEDULED)
        assert outcome["playlists"]["failed"] > 0
        assert "quota for this app is used up" in outcome["stopped"]
        assert "unfinished" not in outcome
        asked = len(slow.fake.transport.requests)
        assert "quota for this app is used up" in functions.extract(SCHEDULED)["skipped"]
        assert len(slow.fake.transport.requests) == asked


def test_it_waits_for_another_extraction_and_gives_up_with_its_own_time(
    slow: Slow, name_functions: Callable[[str], Functions]
) -> None:
    with served(slow.fake) as url:
        functions = name_functions(url)
        slow.let_be_at_work(functions, "another")
        with pytest.raises(LeaseTakenError, match=r"Another extraction is at work, until .* \(another\)"):
            slow.run_for(functions, 100, SCHEDULED)
        assert slow.run_for(functions, 600, SCHEDULED)["playlists"] == ALL | {"observed": len(IDS)}


def test_a_repeated_event_does_not_wait_for_the_attempt_that_died(
    slow: Slow, name_functions: Callable[[str], Functions]
) -> None:
    with served(slow.fake) as url:
        functions = name_functions(url)
        slow.let_be_at_work(functions, "request-7")
        outcome = functions.extract(SCHEDULED, milliseconds=100_000, aws_request_id="request-7")
    assert outcome["playlists"] == ALL | {"observed": len(IDS)}
