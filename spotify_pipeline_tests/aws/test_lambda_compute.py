"""Dagster lets the functions do the work: the handlers themselves, behind a Lambda that is made up."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import polars as pl
import pytest
from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult, RetryPolicy

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.cli.daily_job import execute_day
from spotify_pipeline.definitions import build_defs
from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline.lambdas import extract, transform
from spotify_pipeline.orchestration.schedules import DAILY_JOB
from spotify_pipeline.progress import Progress
from spotify_pipeline.settings import load_settings
from spotify_pipeline.storage.lease import leased
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.aws.conftest import Aws
from spotify_pipeline_tests.aws.fake_lambda import MEMORY, FakeLambda, RefusedError
from spotify_pipeline_tests.lambdas.conftest import Context
from spotify_pipeline_tests.spotify.fake_clock import FakeClock

DAY = date(2026, 10, 5)
CATALOGUE = DemoCatalogue()
EXTRACT, TRANSFORM = "spotify-pipeline-extract", "spotify-pipeline-transform"
ABOUT_FUNCTIONS = {"function", "function_log_group", "function_requests", "function_seconds", "function_memory_mb"}
HARDLY_ANY_TIME = 1  # milliseconds
FEW = [playlist.id for playlist in CATALOGUE.playlists_on(DAY)[:2]]

BackendsWith = Callable[..., Backends]


@pytest.fixture(scope="module")
def spotify() -> Iterator[str]:
    with DemoServer(CATALOGUE, day=DAY) as server:
        yield server.url


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def backends_with(aws: Aws, spotify: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BackendsWith:
    """`backends_with(compute="local")`: the settings of this process, and with it of the functions."""

    def make(*, compute: str = "lambda", options: Mapping[str, Any] = {}, **variables: str) -> Backends:
        usual = {
            "SPOTIFY_PIPELINE_TARGET": "aws",
            "SPOTIFY_PIPELINE_COMPUTE": compute,
            "SPOTIFY_PIPELINE_DATA_DIR": str(tmp_path / "data"),
            "SPOTIFY_PIPELINE_RAW_BUCKET": aws.raw_bucket,
            "SPOTIFY_PIPELINE_TABLES_BUCKET": aws.tables_bucket,
            "SPOTIFY_PIPELINE_GLUE_DATABASE": aws.database,
            "SPOTIFY_PIPELINE_ATHENA_WORKGROUP": aws.workgroup,
            "SPOTIFY_PIPELINE_API_URL": f"{spotify}/v1/",
            "SPOTIFY_PIPELINE_ACCOUNTS_URL": spotify,
            "SPOTIFY_PIPELINE_TODAY": DAY.isoformat(),
            "SPOTIFY_PIPELINE_PLAYLISTS": ",".join(FEW),
            "SPOTIPY_CLIENT_ID": "app",
            "SPOTIPY_CLIENT_SECRET": "secret",
            "SPOTIFY_REFRESH_TOKEN": "token",
        }
        for name, value in (usual | variables).items():
            monkeypatch.setenv(name, value)
        return choose_backends(load_settings(), **options)

    return make


@pytest.fixture
def functions(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> FakeLambda:
    """Both functions, deployed."""
    # Pipes waits for another process in steps of a second, and this is the same.
    hasty = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / 50))
    monkeypatch.setattr("dagster_pipes.time", hasty)
    monkeypatch.setattr("dagster._core.pipes.utils.time", hasty)
    deployed = FakeLambda({EXTRACT: extract.handler, TRANSFORM: transform.handler})
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", deployed.session())
    return deployed


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Log lines are not waited for where none come."""
    monkeypatch.setattr("dagster._core.pipes.utils.WAIT_FOR_LOGS_AFTER_EXECUTION_INTERVAL", -1)


def run_day(
    backends: Backends,
    instance: DagsterInstance,
    *assets: str,
    day: date = DAY,
    retries: int = 0,
    **extraction: Any,
) -> ExecuteInProcessResult:
    job = build_defs(backends, retry_policy=RetryPolicy(max_retries=retries)).resolve_job_def(DAILY_JOB)
    config = {"ops": {"raw_playlists": {"ops": {"extract_playlists": {"config": extraction}}}}} if extraction else {}
    return job.execute_in_process(
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}, **config},
        partition_key=day.isoformat(),
        instance=instance,
        asset_selection=[AssetKey(name) for name in assets] or None,
        raise_on_error=False,
    )


def sentence(result: ExecuteInProcessResult) -> str:
    """Why a run has failed, as Dagster shows it."""
    (failure,) = (event.step_failure_data.user_failure_data for event in result.all_events if event.is_step_failure)
    assert failure is not None
    return failure.description or ""


def metadata(result: ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    """What is shown of each asset."""
    return {
        str(event.asset_key): dict(event.materialization.metadata)
        for event in result.get_asset_materialization_events()
    }


def checks(result: ExecuteInProcessResult) -> dict[tuple[str, str], tuple[Any, ...]]:
    """What is shown of each check."""
    return {
        (each.asset_key.to_user_string(), each.check_name): (
            each.passed,
            each.severity,
            each.description,
            each.metadata,
        )
        for each in result.get_asset_check_evaluations()
    }


def without_times(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.drop("fetched_at", strict=False)


def lines(instance: DagsterInstance, result: ExecuteInProcessResult) -> list[str]:
    """Dagster's log."""
    return [entry.user_message for entry in instance.all_logs(result.run_id)]


def raising(error: Exception) -> Callable[[Mapping[str, Any], Context], object]:
    def handler(event: Mapping[str, Any], context: Context) -> object:
        raise error

    return handler


def answering(**answer: Any) -> Callable[[Mapping[str, Any], Context], object]:
    return lambda *_: answer


def test_a_day_is_the_same_whether_the_functions_make_it_or_this_process(
    backends_with: BackendsWith, functions: FakeLambda, instance: DagsterInstance
) -> None:
    variables = {"SPOTIFY_PIPELINE_ENRICH": "new"}
    remote = backends_with(**variables)
    functions.has_json_log = False
    written: list[str] = []
    assert boto3.DEFAULT_SESSION
    boto3.DEFAULT_SESSION.events.register("before-send.s3.PutObject", lambda request, **_: written.append(request.url))
    by_functions = run_day(remote, instance)
    staged = [url for url in written if url.endswith((".parquet", "_manifest.json")) and "/_staged/" in url]
    assert len(staged) == len(set(staged)) == len(TABLES) + 1  # nothing is written again by who has only asked for it
    frames = {name: without_times(remote.tables.read(name, DAY)) for name in TABLES}
    assert [(name, event["steps"]) for name, event in functions.events] == [
        (EXTRACT, ["extract"]),
        (EXTRACT, ["enrich"]),
        (TRANSFORM, ["transform"]),
    ]
    assert remote.tables.published_days() == [DAY]

    for store in remote.object_stores.values():
        for key in store.list(""):
            store.delete(key)
    boto3.client("glue").delete_database(Name=remote.settings.glue_database)
    functions.functions.clear()  # none is there to be called
    local = backends_with(compute="local", **variables)
    here = run_day(local, instance)

    assert by_functions.success
    assert here.success
    assert checks(by_functions) == checks(here)
    assert len(checks(here)) > 40
    for name in TABLES:
        assert frames[name].equals(without_times(local.tables.read(name, DAY))), name
    shown, wanted = metadata(by_functions), metadata(here)
    assert shown.keys() == wanted.keys()
    for asset, entries in wanted.items():
        more = set() if "catalog" in asset else ABOUT_FUNCTIONS
        assert shown[asset].keys() == entries.keys() | more
        for name in entries.keys() - {"preview"}:
            assert shown[asset][name] == entries[name], (asset, name)
        if "preview" in entries:
            assert [{**row.data, "fetched_at": 0} for row in shown[asset]["preview"].records] == [
                {**row.data, "fetched_at": 0} for row in entries["preview"].records
            ]


def test_a_refresh_whose_time_is_up_is_gone_on_with_and_shows_all_its_invocations(
    backends_with: BackendsWith, functions: FakeLambda, instance: DagsterInstance
) -> None:
    backends = backends_with()
    run_day(backends, instance, "raw_playlists")
    before = backends.raw.open_day(DAY).manifest
    functions.milliseconds = [HARDLY_ANY_TIME, HARDLY_ANY_TIME]
    result = run_day(backends, instance, "raw_playlists", refresh=True, accept=[FEW[0]])
    events = [event for _, event in functions.events[1:]]
    assert [event["continuation"] for event in events] == [0, 1, 2]
    assert len({event["since"] for event in events} - {None}) == 1
    assert all(event["refresh"] and event["accept"] == [FEW[0]] for event in events)
    after = backends.raw.open_day(DAY).manifest
    assert [row.playlist_id for row in after.playlists if row.accepted] == [FEW[0]]
    times = [{row.fetched_at for row in manifest.playlists if row.fetched_at} for manifest in (before, after)]
    assert max(times[0]) < min(times[1])

    (shown,) = metadata(result).values()
    requests = shown["function_requests"].value.split(", ")
    assert len(set(requests)) == 3
    assert shown["function_memory_mb"].value == MEMORY
    assert shown["function_log_group"].value == f"/aws/lambda/{EXTRACT}"
    told = lines(instance, result)
    assert "The function's time was up: invocation 2 goes on." in told
    assert any(line.startswith("2 of 2: ") for line in told)
    assert any(f"request {requests[2]} in the log group" in line for line in told)


def test_an_extraction_that_is_never_done_is_given_up(
    backends_with: BackendsWith, functions: FakeLambda, instance: DagsterInstance, silent: None
) -> None:
    functions.functions[EXTRACT] = answering(day=str(DAY), unfinished=True)
    result = run_day(backends_with(), instance, "raw_playlists")
    assert sentence(result).startswith("The extraction is not done after 13 invocations in a row: give the function ")
    assert len(functions.events) == 13


def test_another_day_than_today_is_refused_before_anything_is_called(
    backends_with: BackendsWith, functions: FakeLambda, instance: DagsterInstance
) -> None:
    result = run_day(backends_with(), instance, "raw_playlists", day=DAY - timedelta(days=1))
    assert f"cannot be extracted, only today, {DAY} (UTC)" in sentence(result)
    assert functions.events == []


def test_details_of_an_earlier_day_are_counted_here_as_nothing_is_to_be_asked(
    backends_with: BackendsWith, functions: FakeLambda, instance: DagsterInstance
) -> None:
    run_day(backends_with(), instance, "raw_playlists")
    later = backends_with(SPOTIFY_PIPELINE_ENRICH="new", SPOTIFY_PIPELINE_TODAY=str(DAY + timedelta(days=1)))
    (shown,) = metadata(run_day(later, instance, "raw_details")).values()
    assert shown["artists_missing"].value == shown["artists_wanted"].value > 0
    assert "nothing is asked" in shown["reason"].value
    assert len(functions.events) == 1


DENIED = RefusedError(403, "AccessDeniedException", Message="no policy allows it")
BUSY = RefusedError(429, "TooManyRequestsException", Reason="ReservedFunctionConcurrentInvocationLimitExceeded")


@pytest.mark.parametrize(
    ("handler", "told"),
    [
        (None, f"There is no such thing as the function {EXTRACT}: create it, or correct its name in the settings."),
        (raising(DENIED), f"AWS denies Invoke on the function {EXTRACT} (no policy allows it): give the role that "),
        (
            raising(ValueError("a bug")),
            f"The function {EXTRACT} ended without an answer (ValueError: a bug): look for ",
        ),
        (answering(statusCode=200), f"What the function {EXTRACT} answers is not understood ("),
        (answering(day="2026-10-06"), f"The function {EXTRACT} worked on 2026-10-06, as {DAY} was over: run that day."),
    ],
)
def test_what_goes_wrong_with_a_function_is_one_sentence_and_not_tried_again(
    handler: Any,
    told: str,
    backends_with: BackendsWith,
    functions: FakeLambda,
    instance: DagsterInstance,
    silent: None,
) -> None:
    functions.functions = {EXTRACT: handler} if handler else {}
    result = run_day(backends_with(), instance, "raw_playlists", retries=1)
    assert sentence(result).startswith(told)
    assert len(functions.events) == 1


def test_a_crash_names_the_request_and_where_its_log_is(
    backends_with: BackendsWith, functions: FakeLambda, instance: DagsterInstance, silent: None
) -> None:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:mine:live"
    functions.functions = {arn: raising(ValueError("a\nbug"))}
    result = run_day(backends_with(SPOTIFY_PIPELINE_EXTRACT_FUNCTION=arn), instance, "raw_playlists")
    told = rf"The function {arn} .* request request-\d+ in its log group /aws/lambda/mine\."
    assert re.fullmatch(told, sentence(result))
    # Nothing came of it, not even a log line, and Dagster says what else may be the cause.
    assert any("docs/policies/drive.json" in line for line in lines(instance, result))


def test_what_the_user_can_put_right_is_told_as_if_it_had_happened_here(
    backends_with: BackendsWith, functions: FakeLambda, instance: DagsterInstance
) -> None:
    wrong = {"SPOTIFY_PIPELINE_PLAYLISTS": "not a playlist"}
    told = [
        sentence(run_day(backends_with(compute=compute, **wrong), instance, "raw_playlists", retries=1))
        for compute in ("local", "lambda")
    ]
    assert told[0] == told[1]
    assert len(functions.events) == 1


def test_what_may_pass_is_tried_again(
    backends_with: BackendsWith, functions: FakeLambda, instance: DagsterInstance
) -> None:
    backends = backends_with()
    functions.milliseconds = [HARDLY_ANY_TIME, HARDLY_ANY_TIME]
    now = datetime.now(UTC)
    with leased(backends.raw_objects, "extraction", "other", now + timedelta(hours=1), backends.clock, wait_until=now):
        result = run_day(backends, instance, "raw_playlists", retries=1)
    assert sentence(result).startswith("Another extraction is at work, until ")
    assert len(functions.events) == 2


def test_details_that_the_function_is_not_to_read_are_missed(
    backends_with: BackendsWith, functions: FakeLambda, instance: DagsterInstance, silent: None
) -> None:
    functions.functions[EXTRACT] = answering(day=str(DAY))
    told = sentence(run_day(backends_with(SPOTIFY_PIPELINE_ENRICH="new"), instance, "raw_details"))
    assert told == f"The function {EXTRACT} reads no details: set SPOTIFY_PIPELINE_ENRICH to new there as well."


def test_a_function_that_is_at_work_for_somebody_else_is_waited_for(
    backends_with: BackendsWith, functions: FakeLambda, instance: DagsterInstance
) -> None:
    clock, refusals = FakeClock(), [BUSY, BUSY]

    def handler(event: Mapping[str, Any], context: Context) -> object:
        if refusals:
            raise refusals.pop()
        return extract.handler(event, context)

    functions.functions[EXTRACT] = handler
    result = run_day(backends_with(options={"new_patience": clock.patience}), instance, "raw_playlists")
    assert result.success
    assert clock.waits == [5, 5]
    (told,) = [line for line in lines(instance, result) if "cannot be started now" in line]
    assert told.endswith("ReservedFunctionConcurrentInvocationLimitExceeded")


def test_a_function_that_is_never_free_is_given_up(
    backends_with: BackendsWith, functions: FakeLambda, instance: DagsterInstance, silent: None
) -> None:
    clock = FakeClock()
    functions.functions[EXTRACT] = raising(BUSY)
    result = run_day(backends_with(options={"new_patience": clock.patience}), instance, "raw_playlists")
    assert sentence(result).startswith(f"The function {EXTRACT} could not be started for 16 minutes (Reserved")
    assert sum(clock.waits) == 16 * 60


def test_the_job_of_the_command_line_shows_how_far_the_functions_are(
    backends_with: BackendsWith, functions: FakeLambda, instance: DagsterInstance
) -> None:
    shown: list[str] = []
    progress = Progress()
    progress.tell = shown.append  # type: ignore[method-assign,assignment]  # as those of the command line, which print it
    (problem,) = execute_day(backends_with(), DAY, instance, progress=progress)
    assert "memberships" in problem  # a view, which the emulator does not know, so that there is no report
    assert [line.partition(": ")[0] for line in shown[:3]] == ["0 of 2", "1 of 2", "2 of 2"]
    assert re.fullmatch(rf"\d+ rows of {DAY} are staged", shown[3])
