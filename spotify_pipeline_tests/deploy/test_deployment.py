"""`make deploy` and `make destroy` on the emulator: what is there afterwards, and what stays."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from click.testing import CliRunner

from deploy.__main__ import cli
from deploy.bundle_spark import FILES as SPARK_FILES
from spotify_pipeline.errors import SettingsError
from spotify_pipeline_tests.aws import fake_aws
from spotify_pipeline_tests.aws.conftest import Aws
from spotify_pipeline_tests.deploy.conftest import WEBHOOK_SECRET
from spotify_pipeline_tests.deploy.deployment import Deployment, stub_zips

ACCOUNTS = "https://accounts.spotify.com/"
if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

APP = {"SPOTIPY_CLIENT_ID": "my-app", "SPOTIPY_CLIENT_SECRET": "app-secret"}


def secret_of(deployment: Deployment) -> dict[str, Any]:
    name = f"{deployment.stack}-spotify"
    content: dict[str, Any] = json.loads(
        deployment.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    )
    return content


def what_is_there(deployment: Deployment) -> Iterator[str]:
    """Whatever has the stack's name in its own, by service."""
    of = deployment.client
    names = {
        "alarm": [each["AlarmName"] for each in of("cloudwatch").describe_alarms()["MetricAlarms"]],
        "bucket": [each["Name"] for each in of("s3").list_buckets()["Buckets"]],
        "database": [each["Name"].replace("_", "-") for each in of("glue").get_databases()["DatabaseList"]],
        "function": [each["FunctionName"] for each in of("lambda").list_functions()["Functions"]],
        "log": [each["logGroupName"] for each in of("logs").describe_log_groups()["logGroups"]],
        "queue": of("sqs").list_queues().get("QueueUrls", []),
        "role": [each["RoleName"] for each in of("iam").list_roles()["Roles"]],
        "rule": [each["Name"] for each in of("events").list_rules()["Rules"]],
        "schedule": [each["Name"] for each in of("scheduler").list_schedules()["Schedules"]],
        "secret": [each["Name"] for each in of("secretsmanager").list_secrets()["SecretList"]],
        "workgroup": [each["Name"] for each in of("athena").list_work_groups()["WorkGroups"]],
    }
    for kind, found in names.items():
        yield from (f"{kind} {name}" for name in found if re.search(rf"\b{deployment.stack}\b", name))


def configuration(deployment: Deployment, bucket: str) -> dict[str, Any]:
    """What the template says of a bucket, but for its lifecycle, which the emulator's CloudFormation leaves out."""
    s3 = deployment.client("s3")
    answers = {
        "encryption": s3.get_bucket_encryption(Bucket=bucket),
        "notification": s3.get_bucket_notification_configuration(Bucket=bucket),
        "policy": s3.get_bucket_policy(Bucket=bucket),
        "public": s3.get_public_access_block(Bucket=bucket),
        "versions": s3.get_bucket_versioning(Bucket=bucket),
    }
    return {name: {k: v for k, v in each.items() if k != "ResponseMetadata"} for name, each in answers.items()}


def test_the_settings_that_it_prints_are_those_of_the_stack(deployed: Deployment) -> None:
    printed = deployed.deploy()
    lines = dict(re.findall(r"^([A-Z_]+)=(.+)$", printed, flags=re.MULTILINE))
    assert lines.pop("AWS_DEFAULT_REGION") == "us-east-1"
    assert lines.pop("SPOTIFY_PIPELINE_TARGET") == "aws"
    assert lines == deployed.settings
    assert "Nothing has changed" in printed


def test_every_object_gets_its_event_and_only_manifests_start_the_transformation(deployed: Deployment) -> None:
    bucket, events = deployed.settings["SPOTIFY_PIPELINE_RAW_BUCKET"], deployed.client("events")
    sent = deployed.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    assert sent["EventBridgeConfiguration"] == {}
    rule = events.describe_rule(Name=f"{deployed.stack}-manifest")
    assert rule["State"] == "ENABLED"

    def is_matched(key: str, bucket: str = bucket) -> bool:
        event = {
            "id": "1",
            "account": "000000000000",
            "region": "us-east-1",
            "time": "2026-10-05T05:00:00Z",
            "resources": [],
            "source": "aws.s3",
            "detail-type": "Object Created",
            "detail": {"bucket": {"name": bucket}, "object": {"key": key}},
        }
        answer: bool = events.test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(event))["Result"]
        return answer

    assert is_matched("playlists/snapshot_date=2026-10-05/_manifest.json")
    assert not is_matched("_staged/playlists/snapshot_date=2026-10-05/_manifest.json")
    assert not is_matched("playlists/snapshot_date=2026-10-05/37i9dQ.json.gz")
    assert not is_matched("playlists/snapshot_date=2026-10-05/_manifest.json", bucket="another")


def test_dagster_may_start_the_functions_instead(with_all: Deployment) -> None:
    rule = with_all.client("events").describe_rule(Name=f"{with_all.stack}-manifest")
    schedule = with_all.client("scheduler").get_schedule(Name=f"{with_all.stack}-daily")
    assert (rule["State"], schedule["State"]) == ("DISABLED", "DISABLED")


def test_the_glue_job_is_there_with_its_code_where_it_is_asked_for(with_all: Deployment, deployed: Deployment) -> None:
    name = with_all.settings["SPOTIFY_PIPELINE_SPARK_JOB"]
    job = with_all.client("glue").get_job(JobName=name)["Job"]
    arguments = job["DefaultArguments"]
    assert arguments["--raw-bucket"] == with_all.settings["SPOTIFY_PIPELINE_RAW_BUCKET"]
    assert arguments["--tables-bucket"] == with_all.settings["SPOTIFY_PIPELINE_TABLES_BUCKET"]
    assert job["Role"].endswith(with_all.resources()["SparkRole"])
    code = [job["Command"]["ScriptLocation"], arguments["--extra-py-files"], arguments["--additional-python-modules"]]
    s3 = with_all.client("s3")
    for place, file in zip(code, SPARK_FILES, strict=True):
        bucket, _, key = place.removeprefix("s3://").partition("/")
        there = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        assert there == (with_all.zips / "spark" / file).read_bytes()
    logs = with_all.client("logs").describe_log_groups(logGroupNamePrefix=arguments["--custom-logGroup-prefix"])
    assert {group["logGroupName"].rpartition("/")[2] for group in logs["logGroups"]} == {"error", "output"}
    assert "SPOTIFY_PIPELINE_SPARK_JOB" not in deployed.settings
    assert not {"SparkJob", "SparkRole"} & deployed.resources().keys()


def test_whoever_has_given_an_address_is_told_of_every_alarm(with_all: Deployment) -> None:
    topic = with_all.resources()["AlarmTopic"]
    (subscription,) = with_all.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "someone@example.com")
    alarms = with_all.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{with_all.stack}-")["MetricAlarms"]
    assert len(alarms) == 7
    assert all(alarm["AlarmActions"] == [topic] for alarm in alarms)
    key = with_all.client("kms").get_key_policy(KeyId=with_all.resources()["AlarmKey"], PolicyName="default")
    assert {"Service": "cloudwatch.amazonaws.com"} in [
        each["Principal"] for each in json.loads(key["Policy"])["Statement"]
    ]


def test_whoever_wants_to_know_of_each_day_is_told_by_both_functions(
    with_all: Deployment, deployed: Deployment
) -> None:
    topic = with_all.settings["SPOTIFY_PIPELINE_NOTIFY_TOPIC"]
    (subscription,) = with_all.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "everyone@example.com")
    for function in ("extract", "transform"):
        told = ("SPOTIFY_PIPELINE_NOTIFY_TOPIC", "SPOTIFY_PIPELINE_WEBHOOK_URL")
        assert [with_all.environment(function)[name] for name in told] == [topic, WEBHOOK_SECRET]
        assert [deployed.environment(function)[name] for name in told] == ["", ""]
    assert "DigestTopic" not in deployed.resources()


def test_the_data_stays_and_the_next_deployment_takes_it_up_again(
    new_deployment: Callable[..., Deployment], tmp_path: Path
) -> None:
    zips = stub_zips(tmp_path / "zips")
    deployment = new_deployment(zips)
    assert "The Spotify app that is set here is now in the secret." in deployment.deploy(**APP)
    assert secret_of(deployment) == APP
    s3, there = deployment.client("s3"), deployment.settings
    data = [there["SPOTIFY_PIPELINE_RAW_BUCKET"], there["SPOTIFY_PIPELINE_TABLES_BUCKET"]]
    before = [configuration(deployment, bucket) for bucket in data]
    for bucket in (*data, deployment.resources()["ResultsBucket"]):
        s3.put_object(Bucket=bucket, Key="key", Body=b"content")
    assert len(list(what_is_there(deployment))) > 20

    printed = deployment.destroy()
    assert all(bucket in printed for bucket in data)
    assert list(what_is_there(deployment)) == [f"bucket {bucket}" for bucket in data]

    printed = deployment.deploy()
    assert all(bucket in printed for bucket in data)
    assert [s3.get_object(Bucket=bucket, Key="key")["Body"].read() for bucket in data] == [b"content"] * 2
    assert [configuration(deployment, bucket) for bucket in data] == before
    assert set(data) < set(deployment.resources().values())

    digests = code_digests(deployment)
    other = stub_zips(tmp_path / "other", "def handler(event, context):\n    return {}\n")
    (other / "extract-arm64.zip").rename(zips / "extract-arm64.zip")
    deployment.deploy()
    assert code_digests(deployment)["extract"] != digests["extract"]
    assert code_digests(deployment)["transform"] == digests["transform"]
    code = f"{deployment.stack}-code-000000000000-us-east-1"
    assert len(s3.list_objects_v2(Bucket=code)["Contents"]) == 2  # what was there before is not kept


def code_digests(deployment: Deployment) -> dict[str, str]:
    client = deployment.client("lambda")
    return {
        function: client.get_function_configuration(FunctionName=f"{deployment.stack}-{function}")["CodeSha256"]
        for function in ("extract", "transform")
    }


def test_nothing_is_reserved_in_an_account_that_has_little(
    new_deployment: Callable[..., Deployment], aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = new_deployment()
    boto3.setup_default_session()
    assert boto3.DEFAULT_SESSION is not None
    limits = fake_aws.found({"AccountLimit": {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}})
    boto3.DEFAULT_SESSION.events.register(
        "before-send.lambda.GetAccountSettings",
        lambda request, **_: fake_aws.response(request.url, limits),  # type: ignore[arg-type]  # as in FakeAws
    )
    monkeypatch.chdir(deployment.folder)
    options = ["--stack", deployment.stack, "--parameters", "parameters.env", "--zips", str(deployment.zips)]
    done = CliRunner().invoke(cli, ["deploy", *options], catch_exceptions=False)
    assert "none can be reserved: ReserveConcurrency is no" in done.output
    answer = deployment.client("lambda").get_function_concurrency(FunctionName=f"{deployment.stack}-extract")
    assert "ReservedConcurrentExecutions" not in answer


def test_a_stack_that_could_not_be_made_does_not_stand_in_the_way(new_deployment: Callable[..., Deployment]) -> None:
    deployment = new_deployment()
    glue, database = deployment.client("glue"), deployment.stack.replace("-", "_")
    glue.create_database(DatabaseInput={"Name": database})
    done = deployment.run("deploy", "--parameters", "parameters.env", "--zips", str(deployment.zips))
    assert done.returncode == 1
    reason = "because of CatalogDatabase: .*exists"
    assert re.match(rf"deploy: The stack {deployment.stack} is ROLLBACK_COMPLETE, {reason}", done.stderr)
    glue.delete_database(Name=database)
    assert "is deleted first" in deployment.deploy()


# What is refused before anything is touched


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("Playlist=mine\n", r"/parameters\.env sets Playlist, which is none of Playlists, Enrich, .*\.$"),
        ("CodeBucket=mine\n", r"/parameters\.env sets CodeBucket, which is none of "),
        (None, r"^There is no .*/parameters\.env: take the one in the repository\.$"),
        ("", r"^There is no .*/extract-arm64\.zip: run `make lambda`\.$"),
        ("Spark=yes\n", r"^There is no .*/extract-arm64\.zip: run `make lambda`\.$"),
    ],
)
def test_what_cannot_be_deployed_is_told(content: str | None, sentence: str, aws: Aws, tmp_path: Path) -> None:
    parameters = tmp_path / "parameters.env"
    if content is not None:
        parameters.write_text(content)
    with pytest.raises(SettingsError, match=sentence):
        cli(["deploy", "--parameters", str(parameters), "--zips", str(tmp_path)], standalone_mode=False)


@pytest.mark.parametrize("name", ["Capitals", "1-digit", "a_b", "more-than-twenty-four-letters"])
def test_a_name_that_buckets_cannot_have_is_refused(name: str) -> None:
    done = CliRunner().invoke(cli, ["deploy", "--stack", name])
    assert done.exit_code == 2
    assert "small letters, digits and hyphens" in done.output


def test_nothing_is_taken_away_without_a_yes(deployed: Deployment, aws: Aws) -> None:
    done = CliRunner().invoke(cli, ["destroy", "--stack", deployed.stack], input="n\n")
    assert done.exit_code == 1
    assert f"Take {deployed.stack} away from account 000000000000, us-east-1" in done.output
    assert deployed.settings


def test_the_data_of_a_stack_that_is_there_is_not_deleted(deployed: Deployment, aws: Aws) -> None:
    with pytest.raises(SettingsError, match=f"{deployed.stack} still writes that data: run `make destroy` first"):
        cli(["delete-data", "--stack", deployed.stack], standalone_mode=False)


def test_somebody_who_does_not_type_the_name_deletes_nothing(aws: Aws, emulator_s3: "S3Client") -> None:
    bucket = "unused-raw-000000000000-us-east-1"
    emulator_s3.create_bucket(Bucket=bucket)
    done = CliRunner().invoke(cli, ["delete-data", "--stack", "unused"], input="yes\n")
    assert done.exit_code == 1
    assert f"This deletes the history in {bucket}." in done.output
    emulator_s3.head_bucket(Bucket=bucket)


def test_without_a_region_it_says_what_to_set(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(SettingsError, match="No AWS region is set for AWS: set AWS_DEFAULT_REGION"):
        cli(["destroy", "--yes"], standalone_mode=False)
