"""Functions on the emulator, for tests that need them to be there."""

import io
import json
import zipfile

import boto3

from spotify_pipeline_tests.aws import policies

_HANDLER = "def handler(event, context):\n    return {}\n"


def create_function(name: str, **variables: str) -> None:
    """A function that does nothing, with these environment variables."""
    trust = json.dumps(policies.read("role-trust"))
    role = boto3.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("handlers.py", _HANDLER)
    boto3.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="handlers.handler",
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": variables},
        MemorySize=512,
        Timeout=900,
    )
