"""Each function's role allows what its handler does, as AWS sees it, and nothing that it could do without."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from dagster_pipes import encode_param
from msgspec.structs import replace

from deploy import buckets
from spotify_pipeline.backends.source import Source
from spotify_pipeline.errors import PipelineError
from spotify_pipeline.lambdas import extract, transform
from spotify_pipeline.settings import load_settings
from spotify_pipeline.spotify.token_store import record_key
from spotify_pipeline.tables.declarations import COVERAGE
from spotify_pipeline_tests.aws import policies
from spotify_pipeline_tests.aws.conftest import Aws
from spotify_pipeline_tests.aws.test_policies import (  # noqa: F401  # some are fixtures
    DAY,
    Stage,
    prepare_publish,
    raw_folder,
    spoil_the_catalog,
    spotify,
)
from spotify_pipeline_tests.deploy.deployment import Deployment
from spotify_pipeline_tests.deploy.permissions import Permission, record, refused, unused
from spotify_pipeline_tests.deploy.test_template import of_type
from spotify_pipeline_tests.lambdas.conftest import Context, printed  # noqa: F401  # a fixture

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

SECRET = {"SPOTIPY_CLIENT_ID": "app", "SPOTIPY_CLIENT_SECRET": "secret", "SPOTIFY_REFRESH_TOKEN": "token"}
BY_LAMBDA = {
    ("KeepFailedEvents", "sqs:SendMessage"),
    ("WriteOwnLog", "logs:CreateLogStream"),
    ("WriteOwnLog", "logs:PutLogEvents"),
}
"""What Lambda does in the function's name."""
BY_ATHENA = {
    ("ReadCatalog", "glue:GetPartition"),
    ("ReadCatalog", "glue:BatchGetPartition"),
    ("NameCatalog", "athena:GetDataCatalog"),
    ("LookForDefaultDatabase", "glue:GetDatabase"),
    ("FindResults", "s3:GetBucketLocation"),
    ("FindResults", "s3:ListBucket"),
    ("KeepResults", "s3:GetObject"),
    ("KeepResults", "s3:PutObject"),
    ("KeepResults", "s3:AbortMultipartUpload"),
    ("KeepResults", "s3:ListMultipartUploadParts"),
}
"""What Athena does in the name of whoever asks it."""
WHERE_IT_FAILS = {("AskAthena", "athena:StopQueryExecution")}
"""Only a query that is not done in time is stopped."""
ONLY_IN_AWS = {"KeepFailedEvents", "WriteOwnLog", "StartItselfAgain", "TellDagster"}
"""Statements about what nobody does on a laptop: they are in no documented policy."""


@pytest.fixture
def enter(
    spotify: str,  # noqa: F811
    allow_only: Callable[[Mapping[str, Any]], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Callable[[Deployment, str, str], set[Permission]]:
    """`enter(deployment, "extract", "ExtractRole")`: be that function, in its environment and with its role only.

    Gives the permissions that its calls want from now on.
    """

    def enter(deployment: Deployment, function: str, role: str) -> set[Permission]:
        for name, value in deployment.environment(function).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("SPOTIFY_PIPELINE_API_URL", f"{spotify}/v1/")
        monkeypatch.setenv("SPOTIFY_PIPELINE_ACCOUNTS_URL", f"{spotify}/")
        monkeypatch.setenv("SPOTIFY_PIPELINE_TODAY", str(DAY))
        allow_only(policies.as_the_emulator_reads(deployment.policy(role)))
        return record(deployment.settings)

    return enter


@pytest.fixture
def fresh(deployed: Deployment, aws: Aws) -> Deployment:
    """A stack without data, whatever test has used it before."""
    for setting in ("SPOTIFY_PIPELINE_RAW_BUCKET", "SPOTIFY_PIPELINE_TABLES_BUCKET"):
        buckets.empty(deployed.settings[setting])
    return deployed


@pytest.fixture
def stage(
    aws: Aws, emulator_s3: "S3Client", emulator_glue: "GlueClient", emulator_athena: "AthenaClient"
) -> Callable[[Deployment], Stage]:
    """`stage(deployment)`: what the preparations of other tests work on, in the names of a stack."""

    def make(deployment: Deployment) -> Stage:
        there = deployment.settings
        place = Aws(
            deployment.address,
            there["SPOTIFY_PIPELINE_RAW_BUCKET"],
            there["SPOTIFY_PIPELINE_TABLES_BUCKET"],
            there["SPOTIFY_PIPELINE_GLUE_DATABASE"],
            there["SPOTIFY_PIPELINE_ATHENA_WORKGROUP"],
        )
        return Stage(place, load_settings(), emulator_s3, emulator_glue, emulator_athena)

    return make


def watched_metrics(function: str) -> set[str]:
    """The metrics of a function that alarms are for."""
    return {
        alarm["MetricName"]
        for alarm in of_type("AWS::CloudWatch::Alarm").values()
        if alarm["Namespace"] == "SpotifyPipeline"
        and alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": function}}]
    }


def written_metrics(lines: list[dict[str, Any]], name: str) -> set[str]:
    """The metrics in a log that have the namespace and the dimension of the alarms."""
    return {
        metric["Name"]
        for line in lines
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", [])
        if (directive["Namespace"], directive["Dimensions"], line["FunctionName"])
        == ("SpotifyPipeline", [["FunctionName"]], name)
        for metric in directive["Metrics"]
    }


def test_the_role_of_the_extraction_is_enough_and_not_too_much(
    fresh: Deployment,
    enter: Callable[..., set[Permission]],
    printed: Callable[[], list[dict[str, Any]]],  # noqa: F811
) -> None:
    name = f"{fresh.stack}-extract"
    secret = fresh.settings["SPOTIFY_PIPELINE_SECRET_ID"]
    fresh.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=json.dumps(SECRET))
    wanted = enter(fresh, "extract", "ExtractRole")
    assert extract.handler({}, Context(name))["playlists"]["failed"] == 0
    assert extract.handler({"refresh": True}, Context(name, milliseconds=0))["unfinished"]
    tokens = Source(load_settings()).tokens
    key = record_key(str(load_settings().accounts_url), "app", None)
    login = tokens.read(key)
    assert login is not None
    tokens.save(key, replace(login, refresh_token="replaced"))  # as where Spotify has replaced it

    policy = fresh.policy("ExtractRole")
    assert refused(policy, wanted) == set()
    assert unused(policy, wanted) == BY_LAMBDA
    assert watched_metrics("ExtractFunction") == {"Failed", "ConsentDaysLeft"}
    assert watched_metrics("ExtractFunction") <= written_metrics(printed(), name)


def test_the_role_of_the_transformation_is_enough_and_not_too_much(
    fresh: Deployment,
    enter: Callable[..., set[Permission]],
    stage: Callable[[Deployment], Stage],
    raw_folder: Path,  # noqa: F811
    printed: Callable[[], list[dict[str, Any]]],  # noqa: F811
) -> None:
    name = f"{fresh.stack}-transform"
    prepared = stage(fresh)
    prepare_publish(prepared, raw_folder)
    wanted = enter(fresh, "transform", "TransformRole")
    outcome = transform.handler({"day": str(DAY)}, Context(name))
    assert outcome["rows"]["playlists"] > 0
    assert not outcome.get("problems")
    spoil_the_catalog(prepared)
    transform.handler(of_dagster(fresh, {"day": str(DAY), "steps": ["publish"]}), Context(name))
    register_a_day_without_files(prepared)
    with pytest.raises(PipelineError, match=r"AWS refuses BatchDeletePartition .*: InvalidAction"):
        # The emulator first looks whether that is allowed, and then does not know it.
        transform.handler({"day": str(DAY), "steps": ["publish"]}, Context(name))

    policy = fresh.policy("TransformRole")
    assert refused(policy, wanted) == set()
    assert unused(policy, wanted) == BY_LAMBDA | BY_ATHENA | WHERE_IT_FAILS
    assert watched_metrics("TransformFunction") == {"Rows"}
    assert watched_metrics("TransformFunction") <= written_metrics(printed(), name)


def of_dagster(deployment: Deployment, event: dict[str, Any]) -> dict[str, Any]:
    """The event with what Dagster's PipesLambdaClient adds."""
    bucket = deployment.settings["SPOTIFY_PIPELINE_RAW_BUCKET"]
    context = {"extras": {}, "run_id": "run", "job_name": "job", "retry_number": 0}
    return event | {
        "DAGSTER_PIPES_CONTEXT": encode_param({"data": context}),
        "DAGSTER_PIPES_MESSAGES": encode_param({"bucket": bucket, "key_prefix": "_pipes/messages"}),
    }


def register_a_day_without_files(stage: Stage) -> None:
    name: Any = {"DatabaseName": stage.place.database, "TableName": COVERAGE.name}
    (partition,) = stage.glue.get_partitions(**name)["Partitions"]
    before = str(DAY - timedelta(days=1))
    wanted: Any = {"Values": [before], "StorageDescriptor": partition["StorageDescriptor"]}
    stage.glue.create_partition(**name, PartitionInput=wanted)


@pytest.mark.parametrize(
    ("role", "documents"),
    [
        ("ExtractRole", ["extract", "notify"]),
        ("TransformRole", ["publish", "crawl", "notify"]),
        ("CrawlerRole", ["crawler-role"]),
    ],
)
def test_a_role_may_do_no_more_than_is_documented(role: str, documents: list[str], with_all: Deployment) -> None:
    """The policies in the documentation are tested without each of their parts; a role's are the same, or less."""
    there, database = with_all.settings, with_all.settings["SPOTIFY_PIPELINE_GLUE_DATABASE"]
    names = {
        "my-spotify-raw": there["SPOTIFY_PIPELINE_RAW_BUCKET"],
        "my-spotify-tables": there["SPOTIFY_PIPELINE_TABLES_BUCKET"],
        "my-spotify-results": with_all.resources()["ResultsBucket"],
        "secret:spotify_pipeline": f"secret:{there['SPOTIFY_PIPELINE_SECRET_ID']}",
        "workgroup/spotify_pipeline": f"workgroup/{there['SPOTIFY_PIPELINE_ATHENA_WORKGROUP']}",
        "spotify_pipeline_spotify": f"spotify_pipeline_{database}",
        "database/spotify": f"database/{database}",
        "table/spotify/": f"table/{database}/",
        "table/spotify_months/": f"table/{database}_months/",
        "spotify-digest": there["SPOTIFY_PIPELINE_NOTIFY_TOPIC"].rpartition(":")[2],
        "role/spotify-crawler": f"role/{with_all.resources()['CrawlerRole']}",
    }
    documented = {
        statement["Sid"]: statement
        for name in documents
        for statement in policies.with_names(policies.read(name), names)["Statement"]
    }
    own = [each for each in with_all.policy(role)["Statement"] if each["Sid"] not in ONLY_IN_AWS]
    assert {each["Sid"] for each in own} == documented.keys()
    for statement in own:
        wanted = documented[statement["Sid"]]
        assert set(policies.listed(statement["Action"])) <= set(policies.listed(wanted["Action"]))
        for resource in policies.listed(statement["Resource"]):
            assert any(fnmatchcase(resource, each) for each in policies.listed(wanted["Resource"]))
        assert statement.get("Condition") == wanted.get("Condition")
