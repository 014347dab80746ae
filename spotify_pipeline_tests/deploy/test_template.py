"""The template says everything once: it agrees with the settings, the documented policies and the other schedule."""

import re
from typing import Any

import pytest

from deploy.bundle import PYTHON
from deploy.bundle_spark import FILES as SPARK_FILES
from deploy.template import PARAMETERS_FILE, Template, expiration_days
from spotify_pipeline.orchestration.schedules import daily_snapshot_schedule
from spotify_pipeline.settings import Settings
from spotify_pipeline.spark.glue import options
from spotify_pipeline_tests.aws import policies

TEMPLATE = Template()
RESOURCES: dict[str, Any] = TEMPLATE.content["Resources"]
SETTINGS = {str(field.validation_alias) for field in Settings.model_fields.values()}
OF_OTHERS = {"SPOTIFY_PIPELINE_EXTRACT_FUNCTION", "SPOTIFY_PIPELINE_TRANSFORM_FUNCTION"}
"""Settings of whoever calls the functions."""


def of_type(name: str) -> dict[str, Any]:
    found = {logical_id: each["Properties"] for logical_id, each in RESOURCES.items() if each["Type"] == name}
    assert found
    return found


def test_the_file_of_parameters_shows_each_with_its_default() -> None:
    lines = PARAMETERS_FILE.read_text().splitlines()
    shown = dict(re.match(r"(?:# )?(\w+)=(.*)", line).groups() for line in lines if re.match(r"(# )?\w+=", line))  # type: ignore[union-attr,misc]
    unset = {name for line in lines if (found := re.match(r"# (\w+)=", line)) for name in [found[1]]}
    assert list(shown) == list(TEMPLATE.settable())
    assert {name: shown[name] for name in unset} == {name: TEMPLATE.settable()[name] for name in unset}


def test_each_parameter_is_described_and_used() -> None:
    for name, parameter in TEMPLATE.content["Parameters"].items():
        assert re.fullmatch(r"[A-Z`].*\.", parameter["Description"])
        rest = TEMPLATE.text.replace(f'"{name}":{{"Type"', "")
        assert f'{{"Ref":"{name}"}}' in rest or f"${{{name}}}" in rest


def test_cloudformation_takes_a_text_of_that_size() -> None:
    assert len(TEMPLATE.text.encode()) < 51_200


def test_what_is_not_followed_of_a_linter_has_a_reason() -> None:
    skipped = [
        skip
        for resource in RESOURCES.values()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
    ]
    assert skipped
    assert all(re.fullmatch(r"[A-Z].{15,}\.|As with [A-Z]\w+\.|glue:.*\.", skip["comment"]) for skip in skipped)


@pytest.mark.parametrize("name", of_type("AWS::S3::Bucket"))
def test_buckets_are_private_and_encrypted(name: str) -> None:
    bucket = RESOURCES[name]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    policy = RESOURCES[f"{name}Policy"]["Properties"]
    assert policy["Bucket"] == {"Ref": name}
    (statement,) = policy["PolicyDocument"]["Statement"]
    (documented,) = policies.read("bucket-tls-only")["Statement"]
    assert statement == {
        **documented,
        "Resource": [{"Fn::GetAtt": [name, "Arn"]}, {"Fn::Sub": f"${{{name}.Arn}}/*"}],
    }


def test_only_the_data_outlives_the_stack() -> None:
    kept = {name for name, resource in RESOURCES.items() if "DeletionPolicy" in resource}
    assert kept == {"RawBucket", "TablesBucket"}
    assert all(RESOURCES[name]["DeletionPolicy"] == RESOURCES[name]["UpdateReplacePolicy"] == "Retain" for name in kept)
    assert TEMPLATE.kept_buckets(StackName="s", AccountId="1", Region="r") == {
        "RawBucket": "s-raw-1-r",
        "TablesBucket": "s-tables-1-r",
    }


def test_s3_deletes_days_when_the_catalog_has_let_them_go() -> None:
    environment = TEMPLATE.content["Globals"]["Function"]["Environment"]["Variables"]
    assert environment["SPOTIFY_PIPELINE_RETENTION_DAYS"] == {"Ref": "RetentionDays"}
    assert [expiration_days(days) for days in ("", "1", "365")] == ["", "2", "366"]
    assert TEMPLATE.content["Conditions"]["WithRetention"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "ExpirationDays"}, ""]}]
    }
    for bucket, prefixes in (("RawBucket", {"playlists/", "_quarantine/"}), ("TablesBucket", {None})):
        rules = RESOURCES[bucket]["Properties"]["LifecycleConfiguration"]["Rules"]
        conditional = [rule["Fn::If"] for rule in rules if "Fn::If" in rule]
        assert {rule.get("Prefix") for _, rule, _ in conditional} == prefixes
        for condition, rule, otherwise in conditional:
            assert (condition, otherwise) == ("WithRetention", {"Ref": "AWS::NoValue"})
            assert rule["ExpirationInDays"] == {"Ref": "ExpirationDays"}
            assert rule["Status"] == "Enabled"


def test_no_content_of_the_secret_is_in_the_template() -> None:
    (secret,) = of_type("AWS::SecretsManager::Secret").values()
    assert secret.keys() == {"Name", "Description"}


def test_both_schedules_come_at_the_same_hours() -> None:
    dagster = daily_snapshot_schedule.cron_schedule
    assert isinstance(dagster, str)
    minute, hours, *_ = dagster.split()
    assert TEMPLATE.settable()["Schedule"] == f"cron({minute} {hours} * * ? *)"
    assert TEMPLATE.settable()["ScheduleTimeZone"] == daily_snapshot_schedule.execution_timezone


def test_functions_and_laptops_are_told_of_settings_that_exist() -> None:
    everywhere = TEMPLATE.content["Globals"]["Function"]["Environment"]["Variables"]
    own = [function["Environment"]["Variables"] for function in of_type("AWS::Serverless::Function").values()]
    assert {name for variables in (everywhere, *own) for name in variables} <= SETTINGS
    assert {output["Description"] for output in TEMPLATE.content["Outputs"].values()} <= SETTINGS | OF_OTHERS


def test_the_glue_job_gets_the_arguments_that_it_takes_and_runs_the_python_of_its_wheels() -> None:
    (job,) = of_type("AWS::Glue::Job").values()
    parser = options()
    taken = {name for action in parser._actions for name in action.option_strings}
    own = {name for name in job["DefaultArguments"] if name in taken}
    assert own == {"--raw-bucket", "--tables-bucket"}
    arguments = [text for name in job["DefaultArguments"] for text in (name, "any")]
    parsed, _ = parser.parse_known_args([*arguments, "--day", "2026-10-05", "--JOB_NAME", "any"])
    assert (parsed.raw_bucket, parsed.tables_bucket) == ("any", "any")
    # AWS Glue 6.0 has Python 3.13, for which the functions' wheels are as well.
    assert (job["GlueVersion"], PYTHON) == ("6.0", (3, 13))
    places = {job["Command"]["ScriptLocation"]["Fn::Sub"], *(each["Fn::Sub"] for each in code_of(job))}
    assert places == {f"s3://${{CodeBucket}}/${{SparkCode}}/{name}" for name in SPARK_FILES}


def code_of(job: dict[str, Any]) -> list[Any]:
    return [job["DefaultArguments"][name] for name in ("--extra-py-files", "--additional-python-modules")]


def test_the_glue_job_may_do_what_the_transformation_may_do_but_for_the_catalog_and_athena() -> None:
    def statements(role: str) -> dict[str, Any]:
        policy, *_ = RESOURCES[role]["Properties"]["Policies"]
        return {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"]}

    job, function = statements("SparkRole"), statements("TransformRole")
    of_glue = {"ReadCode", "MergeWithSpark", "WriteOwnLog"}
    assert {sid for sid in job if job[sid] != function.get(sid)} == of_glue
    left_out = {action for sid in function.keys() - job.keys() for action in policies.listed(function[sid]["Action"])}
    assert {action.partition(":")[0] for action in left_out} == {"athena", "glue", "s3", "sqs"}
    assert {sid for sid in function.keys() - job.keys() if "s3:GetObject" in function[sid]["Action"]} == {"KeepResults"}


def test_alarms_tell_whoever_has_given_an_address() -> None:
    tell = {"Fn::If": ["WithEmail", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]}
    alarms = of_type("AWS::CloudWatch::Alarm")
    assert len(alarms) <= 10  # which are free
    assert all(alarm["AlarmActions"] == alarm["OKActions"] == tell for alarm in alarms.values())
