"""An AWS of each test's own, on an emulator that the tests of one process share."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from spotify_pipeline_tests.aws.emulator import COMMAND, REGION, ROOT_KEY, running_emulator
from spotify_pipeline_tests.aws.fake_aws import FakeAws
from spotify_pipeline_tests.cli.conftest import data_dir, run, working_dir  # noqa: F401  # fixtures

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

_NUMBERS = count()
_SESSION = boto3.Session(ROOT_KEY, "made-up", region_name=REGION)


@dataclass(frozen=True)
class Aws:
    """What belongs to one test.

    Attributes:
        address: The emulator's URL.
        raw_bucket: An empty bucket.
        tables_bucket: Another one.
        database: A name for a Glue database that does not exist yet.
        workgroup: An Athena workgroup whose results have a bucket of their own.
    """

    address: str
    raw_bucket: str
    tables_bucket: str
    database: str
    workgroup: str


@pytest.fixture(autouse=True)
def no_credentials_from_outside(service_models: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the profiles of whoever runs it, nor the role of the machine, nor what another test has read."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that botocore pauses before it repeats a request, which pass at once."""
    seconds: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=seconds.append))
    return seconds


@pytest.fixture
def fake_aws(pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    """Whatever opens an AWS client in this test is answered by this function."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up-key-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up-secret-key")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "made-up-session-token")
    fake = FakeAws()
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", fake.session())
    return fake


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """The address of the AWS emulator."""
    if not COMMAND.exists():
        pytest.skip("the AWS emulator is not installed: run `make emulator`")
    with running_emulator() as address:
        yield address


@pytest.fixture(scope="session")
def emulator_s3(emulator: str) -> "S3Client":
    """One client for all that tests prepare and look at, as the two below."""
    return _SESSION.client("s3", endpoint_url=emulator)


@pytest.fixture(scope="session")
def emulator_glue(emulator: str) -> "GlueClient":
    return _SESSION.client("glue", endpoint_url=emulator)


@pytest.fixture(scope="session")
def emulator_athena(emulator: str) -> "AthenaClient":
    return _SESSION.client("athena", endpoint_url=emulator)


@pytest.fixture
def aws(
    emulator: str, emulator_s3: "S3Client", emulator_athena: "AthenaClient", monkeypatch: pytest.MonkeyPatch
) -> Aws:
    """Whatever opens an AWS client in this test reaches the emulator, with names that no other test has."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ROOT_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    number = next(_NUMBERS)
    place = Aws(emulator, f"raw-{number}", f"tables-{number}", f"database_{number}", f"workgroup_{number}")
    results = f"results-{number}"
    for bucket in (place.raw_bucket, place.tables_bucket, results):
        emulator_s3.create_bucket(Bucket=bucket)
    emulator_athena.create_work_group(
        Name=place.workgroup,
        Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{results}/"}},
    )
    return place


@pytest.fixture
def allow_only(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, Any]], None]:
    """Whatever opens an AWS client later in this test has a role with one policy: `allow_only(document)`."""
    iam = _SESSION.client("iam", endpoint_url=aws.address)
    sts = _SESSION.client("sts", endpoint_url=aws.address)

    def allow(policy: Mapping[str, Any]) -> None:
        name = f"role-{next(_NUMBERS)}"
        anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
        iam.put_role_policy(RoleName=name, PolicyName="only", PolicyDocument=json.dumps(policy))
        credentials = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="tests")["Credentials"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials["SecretAccessKey"])
        monkeypatch.setenv("AWS_SESSION_TOKEN", credentials["SessionToken"])
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the credentials that it has read once

    return allow
