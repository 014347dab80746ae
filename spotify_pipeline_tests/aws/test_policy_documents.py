"""The JSON in docs/policies is what IAM and S3 take, and says everything once."""

import re
from typing import Any

import boto3
import botocore.session
import pytest

from spotify_pipeline_tests.aws import policies
from spotify_pipeline_tests.aws.conftest import Aws

NAMES = {path.stem for path in policies.FOLDER.glob("*.json")}
TRUST = {"role-trust", "crawler-role-trust", "server-trust"}
OF_A_BUCKET = {"bucket-tls-only"}
OF_A_ROLE = NAMES - TRUST - OF_A_BUCKET

OTHER_NAMES = {
    "s3:ListBucket": "ListObjectsV2",
    "s3:ListMultipartUploadParts": "ListParts",
    "lambda:InvokeFunction": "Invoke",
}
"""What the API of a service calls an action that IAM calls otherwise."""
OF_NO_OPERATION = {"iam:PassRole"}
OF_ALL = {("CreateCrawler", "*")}
"""Statements about everything: what AWS's service authorization reference gives no resource."""
CATALOG = [f"arn:aws:glue:REGION:ACCOUNT:{name}" for name in ("catalog", "database/spotify", "table/spotify/*")]
MONTHS = [f"arn:aws:glue:REGION:ACCOUNT:{name}" for name in ("database/spotify_months", "table/spotify_months/*")]
DEFAULT_DATABASE = [f"arn:aws:glue:REGION:ACCOUNT:{name}" for name in ("catalog", "database/default")]


def statements(names: set[str]) -> list[Any]:
    return [statement for name in sorted(names) for statement in policies.read(name)["Statement"]]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_each_has_the_elements_of_its_kind(name: str) -> None:
    policy = policies.read(name)
    assert policy == {"Version": "2012-10-17", "Statement": policy["Statement"]}
    wanted = {"Effect", "Action"}
    wanted |= set() if name in TRUST else {"Sid", "Resource"}
    wanted |= set() if name in OF_A_ROLE else {"Principal"}
    for statement in policy["Statement"]:
        assert statement.keys() - {"Condition"} == wanted
        assert statement["Effect"] == ("Deny" if name in OF_A_BUCKET else "Allow")


@pytest.mark.parametrize("name", sorted(OF_A_ROLE))
def test_iam_takes_it(name: str, aws: Aws) -> None:
    text = (policies.FOLDER / f"{name}.json").read_text()
    assert len(re.sub(r"\s", "", text)) <= 6144  # IAM's limit
    boto3.client("iam").create_policy(PolicyName=f"{aws.database}-{name}", PolicyDocument=text)


def test_each_statement_is_the_same_wherever_it_is() -> None:
    by_sid: dict[str, Any] = {}
    for statement in statements(OF_A_ROLE):
        assert by_sid.setdefault(statement["Sid"], statement) == statement
    assert all(re.fullmatch("[A-Za-z]+", sid) for sid in by_sid)


def test_each_action_is_an_operation_of_its_service() -> None:
    session = botocore.session.get_session()
    actions = {action for statement in statements(OF_A_ROLE) for action in policies.listed(statement["Action"])}
    assert len(actions) > 30
    for action in actions - OF_NO_OPERATION:
        service, _, name = action.partition(":")
        assert OTHER_NAMES.get(action, name) in session.get_service_model(service).operation_names


def test_only_what_has_no_resource_is_allowed_on_all() -> None:
    on_all = {(each["Sid"], each["Resource"]) for each in statements(OF_A_ROLE) if each["Resource"] == "*"}
    assert on_all == OF_ALL


def test_glue_is_asked_for_the_catalog_the_database_and_its_tables_as_it_wants() -> None:
    of_tables = [
        statement
        for statement in statements(OF_A_ROLE)
        if any(action.startswith("glue:") for action in policies.listed(statement["Action"]))
        and not {"Crawler", "Spark"} & set(re.findall("[A-Z][a-z]+", statement["Sid"]))
    ]
    assert of_tables
    for statement in of_tables:
        if statement["Sid"] == "LookForDefaultDatabase":
            assert statement["Resource"] == DEFAULT_DATABASE
        else:  # a crawler does not look at months
            assert statement["Resource"] in (CATALOG, CATALOG + MONTHS)


def test_a_role_is_handed_to_glue_only() -> None:
    (hand_on,) = (each for each in statements(OF_A_ROLE) if each["Action"] == "iam:PassRole")
    assert hand_on["Resource"] == "arn:aws:iam::ACCOUNT:role/spotify-crawler"
    assert hand_on["Condition"] == {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}


def test_placeholders_are_few() -> None:
    texts = "".join((policies.FOLDER / f"{name}.json").read_text() for name in NAMES)
    capitals = set(re.findall(r"(?<![A-Za-z])[A-Z]{3,}(?![A-Za-z])", texts)) - {"AWS"}  # a kind of principal
    assert capitals == {"REGION", "ACCOUNT", "KEY", "BUCKET"}
    buckets = {f"my-spotify-{name}" for name in ("raw", "tables", "results", "logs")}
    assert set(re.findall(r"my-[a-z-]+", texts)) == buckets
