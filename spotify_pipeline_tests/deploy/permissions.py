"""The AWS calls that code makes, as the permissions that IAM wants for them, and what a policy says to them."""

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import boto3

from spotify_pipeline_tests.aws.emulator import REGION
from spotify_pipeline_tests.aws.policies import ACCOUNT, Part, Policy, listed, parts


class Permission(NamedTuple):
    """An action on a resource."""

    action: str
    resource: str


def record(place: Mapping[str, str]) -> set[Permission]:
    """Begin to note what is wanted by whatever uses boto3's default session, which is a new one.

    Args:
        place: the settings of the stack: a query is asked for by its id, which does not tell its workgroup.

    Returns:
        A set that grows with each call.
    """
    wanted: set[Permission] = set()

    def note(params: Mapping[str, Any], model: Any, **_: object) -> None:
        service = model.service_model.service_name
        wanted.update(_WANTED[service](model.name, params, place))

    boto3.setup_default_session()
    assert boto3.DEFAULT_SESSION is not None
    boto3.DEFAULT_SESSION.events.register("provide-client-params", note)
    return wanted


def refused(policy: Policy, wanted: set[Permission]) -> set[Permission]:
    """What a policy does not allow."""
    return {permission for permission in wanted if not any(_allow(policy, permission))}


def unused(policy: Policy, wanted: set[Permission]) -> set[tuple[str, str]]:
    """Actions of statements, and S3 resources of statements, by which nothing is allowed that is wanted.

    Glue's catalog is left out: it is wanted with every database and table, and tells nothing.
    """
    telling = [permission for permission in wanted if not permission.resource.endswith(":catalog")]
    used = {part for permission in telling for part in _allow(policy, permission)}
    return {(part.sid, part.value) for part in parts(policy) if part not in used}


def _allow(policy: Policy, permission: Permission) -> Iterator[Part]:
    """By what in the policy it is allowed."""
    for statement in policy["Statement"]:
        resources = [each for each in listed(statement["Resource"]) if fnmatchcase(permission.resource, each)]
        if resources and permission.action in listed(statement["Action"]):
            yield Part(statement["Sid"], "Action", permission.action)
            yield from (Part(statement["Sid"], "Resource", resource) for resource in resources)


def _of_s3(operation: str, params: Mapping[str, Any], _: Mapping[str, str]) -> Iterator[Permission]:
    bucket = f"arn:aws:s3:::{params['Bucket']}"
    if operation == "ListObjectsV2":
        yield Permission("s3:ListBucket", bucket)
        return
    if operation == "DeleteObjects":
        for item in params["Delete"]["Objects"]:
            yield Permission("s3:DeleteObject", f"{bucket}/{item['Key']}")
        return
    if operation == "CopyObject":
        source = params["CopySource"]
        yield Permission("s3:GetObject", f"arn:aws:s3:::{source['Bucket']}/{source['Key']}")
    yield Permission(_S3_ACTIONS[operation], f"{bucket}/{params['Key']}")


_S3_ACTIONS = {
    "CopyObject": "s3:PutObject",
    "DeleteObject": "s3:DeleteObject",
    "GetObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
}


def _of_secrets(operation: str, params: Mapping[str, Any], _: Mapping[str, str]) -> Iterator[Permission]:
    yield Permission(f"secretsmanager:{operation}", params["SecretId"])


def _of_lambda(operation: str, params: Mapping[str, Any], _: Mapping[str, str]) -> Iterator[Permission]:
    assert operation == "Invoke"
    yield Permission("lambda:InvokeFunction", params["FunctionName"])


def _of_glue(operation: str, params: Mapping[str, Any], _: Mapping[str, str]) -> Iterator[Permission]:
    """For a table Glue also wants the permission for its database, and for the catalog."""
    own = f"arn:aws:glue:{REGION}:{ACCOUNT}:"
    if "Crawler" in operation or operation == "ListCrawls":
        name = params.get("Name") or params["CrawlerName"]
        yield Permission(f"glue:{operation}", f"{own}crawler/{name}")
        if operation == "CreateCrawler":
            yield Permission("iam:PassRole", params["Role"])
        return
    database = params.get("DatabaseName") or params["Name"]
    yield Permission(f"glue:{operation}", f"{own}catalog")
    yield Permission(f"glue:{operation}", f"{own}database/{database}")
    table = params.get("TableName") or params.get("TableInput", {}).get("Name")
    if table or operation in ("GetTable", "GetTables"):
        yield Permission(f"glue:{operation}", f"{own}table/{database}/{table or params.get('Name', 'any')}")


def _of_athena(operation: str, _: Mapping[str, Any], place: Mapping[str, str]) -> Iterator[Permission]:
    workgroup = place["SPOTIFY_PIPELINE_ATHENA_WORKGROUP"]
    yield Permission(f"athena:{operation}", f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/{workgroup}")


def _of_sns(operation: str, params: Mapping[str, Any], _: Mapping[str, str]) -> Iterator[Permission]:
    yield Permission(f"sns:{operation}", params.get("TopicArn", "*"))


_WANTED: dict[str, Callable[[str, Mapping[str, Any], Mapping[str, str]], Iterator[Permission]]] = {
    "athena": _of_athena,
    "glue": _of_glue,
    "lambda": _of_lambda,
    "s3": _of_s3,
    "secretsmanager": _of_secrets,
    "sns": _of_sns,
}
