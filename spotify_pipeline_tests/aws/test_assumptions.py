"""What the tests of the AWS target take for granted about the emulator: a newer one may do otherwise."""

import io
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import boto3
import polars as pl
import pytest
from botocore.exceptions import ClientError

from spotify_pipeline_tests.aws.conftest import Aws
from spotify_pipeline_tests.aws.emulator import REGION

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import PartitionInputTypeDef, StorageDescriptorTypeDef, TableInputTypeDef
    from mypy_boto3_s3 import S3Client

DAYS = ("2025-03-01", "2025-03-02")
COLUMNS = {
    "name": "string",
    "position": "int",
    "bytes": "bigint",
    "share": "double",
    "playable": "boolean",
    "day": "date",
    "seen_at": "timestamp",
}
FRAME = pl.DataFrame(
    {
        "name": ["a", "", None],
        "position": [0, 1, None],
        "bytes": [2**40, None, -1],
        "share": [0.1, None, 2.5],
        "playable": [True, False, None],
        "day": [date(2024, 2, 29), None, date(1970, 1, 1)],
        "seen_at": [datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), None, datetime(1970, 1, 1, tzinfo=UTC)],
    },
    schema_overrides={"position": pl.Int32, "seen_at": pl.Datetime("us", "UTC")},
)
Ask = Callable[[str], tuple[list[str], list[list[str | None]]]]


def storage(location: str) -> "StorageDescriptorTypeDef":
    hive = "org.apache.hadoop.hive.ql.io.parquet"
    return {
        "Columns": [{"Name": name, "Type": kind} for name, kind in COLUMNS.items()],
        "Location": location,
        "InputFormat": f"{hive}.MapredParquetInputFormat",
        "OutputFormat": f"{hive}.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": f"{hive}.serde.ParquetHiveSerDe"},
    }


def partitions(aws: Aws) -> "list[PartitionInputTypeDef]":
    location = f"s3://{aws.tables_bucket}/example"
    return [{"Values": [day], "StorageDescriptor": storage(f"{location}/snapshot_date={day}/")} for day in DAYS]


def table(aws: Aws, description: str = "") -> "TableInputTypeDef":
    return {
        "Name": "example",
        "Description": description,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet"},
        "PartitionKeys": [{"Name": "snapshot_date", "Type": "date"}],
        "StorageDescriptor": storage(f"s3://{aws.tables_bucket}/example/"),
    }


@pytest.fixture
def example(aws: Aws, emulator_glue: "GlueClient") -> Aws:
    """There is a Glue table, without partitions and files."""
    emulator_glue.create_database(DatabaseInput={"Name": aws.database})
    emulator_glue.create_table(DatabaseName=aws.database, TableInput=table(aws))
    return aws


@pytest.fixture
def days_of_files(example: Aws, emulator_s3: "S3Client") -> Aws:
    """The table has the same rows on both days, in files that the catalog does not know yet."""
    file = io.BytesIO()
    FRAME.write_parquet(file)
    for day in DAYS:
        key = f"example/snapshot_date={day}/part-0.parquet"
        emulator_s3.put_object(Bucket=example.tables_bucket, Key=key, Body=file.getvalue())
    return example


@pytest.fixture
def ask(aws: Aws, emulator_athena: "AthenaClient") -> Ask:
    """Athena's answer: the types of the columns, and the rows as texts."""

    def answer(sql: str) -> tuple[list[str], list[list[str | None]]]:
        started = emulator_athena.start_query_execution(
            QueryString=sql, WorkGroup=aws.workgroup, QueryExecutionContext={"Database": aws.database}
        )
        query = started["QueryExecutionId"]
        for _ in range(1000):
            status = emulator_athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
            if status["State"] not in ("QUEUED", "RUNNING"):
                break
            time.sleep(0.02)
        assert status["State"] == "SUCCEEDED", status
        result = emulator_athena.get_query_results(QueryExecutionId=query)["ResultSet"]
        types = [column["Type"] for column in result["ResultSetMetadata"]["ColumnInfo"]]
        header, *rows = ([value.get("VarCharValue") for value in row["Data"]] for row in result["Rows"])
        assert header == [column["Name"] for column in result["ResultSetMetadata"]["ColumnInfo"]]
        return types, rows

    return answer


def code_of(failure: pytest.ExceptionInfo[ClientError]) -> str:
    return failure.value.response["Error"]["Code"]


def test_assumption_what_the_environment_names_is_the_emulator(aws: Aws) -> None:
    s3 = boto3.client("s3")
    s3.put_object(Bucket=aws.raw_bucket, Key="a/b", Body=b"text")
    assert s3.get_object(Bucket=aws.raw_bucket, Key="a/b")["Body"].read() == b"text"
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=aws.raw_bucket, Prefix="a/")["Contents"]] == ["a/b"]


def test_assumption_an_object_is_made_only_once_if_so_asked(aws: Aws, emulator_s3: "S3Client") -> None:
    emulator_s3.put_object(Bucket=aws.raw_bucket, Key="once", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError) as failure:
        emulator_s3.put_object(Bucket=aws.raw_bucket, Key="once", Body=b"second", IfNoneMatch="*")
    assert code_of(failure) == "PreconditionFailed"
    assert emulator_s3.get_object(Bucket=aws.raw_bucket, Key="once")["Body"].read() == b"first"


def test_assumption_a_role_may_do_what_its_policy_says_and_nothing_else(
    example: Aws, allow_only: Callable[[Mapping[str, Any]], None]
) -> None:
    account = f"arn:aws:glue:{REGION}:{boto3.client('sts').get_caller_identity()['Account']}"
    names = ("catalog", f"database/{example.database}", f"table/{example.database}/*")
    glue_resources = [f"{account}:{name}" for name in names]
    allow_only(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{example.raw_bucket}/open/*"},
                {"Effect": "Allow", "Action": "glue:GetTable", "Resource": glue_resources},
            ],
        }
    )
    s3, glue = boto3.client("s3"), boto3.client("glue")
    s3.put_object(Bucket=example.raw_bucket, Key="open/a", Body=b"")
    assert glue.get_table(DatabaseName=example.database, Name="example")["Table"]["Name"] == "example"
    refused: list[tuple[Callable[[], object], str]] = [
        (lambda: s3.put_object(Bucket=example.raw_bucket, Key="closed/a", Body=b""), "AccessDenied"),
        (lambda: s3.get_object(Bucket=example.raw_bucket, Key="open/a"), "AccessDenied"),
        (lambda: glue.delete_table(DatabaseName=example.database, Name="example"), "AccessDeniedException"),
        (lambda: glue.get_table(DatabaseName="another", Name="example"), "AccessDeniedException"),
    ]
    for call, code in refused:
        with pytest.raises(ClientError) as failure:
            call()
        assert code_of(failure) == code


def test_assumption_credentials_that_nobody_gave_out_are_refused(aws: Aws) -> None:
    stranger = boto3.Session("stranger", "made-up")
    with pytest.raises(ClientError) as failure:
        stranger.client("s3").list_buckets()
    assert code_of(failure) == "InvalidAccessKeyId"
    with pytest.raises(ClientError) as failure:
        stranger.client("glue").get_databases()
    assert code_of(failure) == "UnrecognizedClientException"


def test_assumption_an_update_on_a_stale_table_version_is_refused(example: Aws, emulator_glue: "GlueClient") -> None:
    database = example.database
    read = emulator_glue.get_table(DatabaseName=database, Name="example")["Table"]["VersionId"]
    emulator_glue.update_table(DatabaseName=database, TableInput=table(example, "by one"), VersionId=read)
    with pytest.raises(ClientError) as failure:
        emulator_glue.update_table(DatabaseName=database, TableInput=table(example, "by another"), VersionId=read)
    assert code_of(failure) == "ConcurrentModificationException"
    assert emulator_glue.get_table(DatabaseName=database, Name="example")["Table"]["Description"] == "by one"


def test_assumption_a_partition_that_exists_is_told_apart_from_those_that_are_made(
    example: Aws, emulator_glue: "GlueClient"
) -> None:
    first, second = partitions(example)
    create = emulator_glue.batch_create_partition
    assert not create(DatabaseName=example.database, TableName="example", PartitionInputList=[first])["Errors"]
    answer = create(DatabaseName=example.database, TableName="example", PartitionInputList=[first, second])
    assert [(error["PartitionValues"], error["ErrorDetail"]["ErrorCode"]) for error in answer["Errors"]] == [
        ([DAYS[0]], "AlreadyExistsException")
    ]
    kept = emulator_glue.get_partitions(DatabaseName=example.database, TableName="example")["Partitions"]
    assert [partition["Values"] for partition in kept] == [[day] for day in DAYS]


def test_assumption_athena_answers_from_the_files_of_a_partitioned_glue_table(
    days_of_files: Aws, emulator_glue: "GlueClient", ask: Ask
) -> None:
    emulator_glue.batch_create_partition(
        DatabaseName=days_of_files.database, TableName="example", PartitionInputList=partitions(days_of_files)
    )
    types, rows = ask(f"SELECT snapshot_date, {', '.join(COLUMNS)} FROM example ORDER BY snapshot_date, share")
    assert types == ["date", "varchar", "integer", "bigint", "double", "boolean", "date", "timestamp"]
    both_days: list[list[str | None]] = [
        ["a", "0", "1099511627776", "0.1", "true", "2024-02-29", "2024-01-02 03:04:05.678901+00:00"],
        [None, None, "-1", "2.5", None, "1970-01-01", "1970-01-01 00:00:00+00:00"],
        ["", "1", None, None, "false", None, None],
    ]
    assert rows == [[day, *row] for day in DAYS for row in both_days]
    assert ask(f"SELECT count(*) AS n FROM example WHERE snapshot_date = DATE '{DAYS[1]}'") == (["bigint"], [["3"]])


def test_assumption_athena_here_is_no_evidence_for_what_is_registered(days_of_files: Aws, ask: Ask) -> None:
    """AWS would answer nothing: files in no registered partition are not read."""
    assert ask("SELECT count(*) AS n FROM example") == (["bigint"], [["6"]])
