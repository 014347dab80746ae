"""A stack on the emulator, made, changed and taken away by what `make deploy` and `make destroy` do at last."""

import json
import os
import shlex
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import boto3

from deploy.bundle_spark import FILES as SPARK_FILES
from spotify_pipeline_tests.aws.emulator import REGION, ROOT_KEY
from spotify_pipeline_tests.aws.policies import as_the_emulator_reads

ROOT = Path(__file__).parents[2]
ARCHITECTURES = ("arm64", "x86_64")
NEVER = "at(2100-01-01T00:00:00)"
_FOR_EMULATOR = "for-the-emulator"
_STUB = "def handler(event, context):\n    return event\n"


def stub_zips(folder: Path, code: str = _STUB) -> Path:
    """A folder with code that does nothing, for tests of what is around it."""
    folder.mkdir(parents=True, exist_ok=True)
    for function in ("extract", "transform"):
        for architecture in ARCHITECTURES:
            with zipfile.ZipFile(folder / f"{function}-{architecture}.zip", "w") as file:
                file.writestr(zipfile.ZipInfo(f"spotify_pipeline/lambdas/{function}.py"), code)
    (folder / "spark").mkdir(exist_ok=True)
    for name in SPARK_FILES:
        (folder / "spark" / name).write_text(code)
    return folder


class Deployment:
    """A stack of its own on an emulator.

    Attributes:
        stack: its name.
        folder: where the commands run: with the parameters and, if a test writes one, `.env`.
        address: the emulator's.
        zips: the folder with the functions' zips.
    """

    def __init__(self, address: str, folder: Path, zips: Path, stack: str, **parameters: str) -> None:
        """Nothing is deployed yet.

        Args:
            address: of an emulator.
            folder: an empty one.
            zips: what `make lambda` has made, or `stub_zips`.
            stack: a name that no other stack of the emulator has.
            parameters: of the template. Unless told otherwise, the schedule never comes: it would start the extraction
                in the middle of some test, some time of some day.
        """
        self.address, self.folder, self.stack, self.zips = address, folder, stack, zips
        self.set_parameters(**{"Schedule": NEVER, "GlueDatabase": stack.replace("-", "_")} | parameters)
        self._session = boto3.Session(ROOT_KEY, "made-up", region_name=REGION)

    def set_parameters(self, **parameters: str) -> None:
        """Write the file of parameters anew."""
        lines = (f"{name}={value}\n" for name, value in parameters.items())
        (self.folder / "parameters.env").write_text("".join(lines))

    def deploy(self, **environment: str) -> str:
        """`make deploy`, without the building and the checking; gives what it printed."""
        options = ("--parameters", "parameters.env", "--zips", str(self.zips))
        return self._succeed(self.run("deploy", *options, **environment))

    def destroy(self) -> str:
        """`make destroy`, by somebody who does not hesitate."""
        return self._succeed(self.run("destroy", "--yes"))

    def run(self, target: str, *options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """What a target of the Makefile does at last."""
        return subprocess.run(
            [*command(target, self.stack), *options],
            check=False,
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "PYTHONPATH": str(ROOT),
                "AWS_ENDPOINT_URL": self.address,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_ACCESS_KEY_ID": ROOT_KEY,
                "AWS_SECRET_ACCESS_KEY": "made-up",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def client(self, service: str) -> Any:
        """A client that may do everything."""
        return self._session.client(service, endpoint_url=self.address)  # type: ignore[call-overload]  # any service

    @property
    def settings(self) -> dict[str, str]:
        """The settings of whoever uses the stack from elsewhere."""
        (stack,) = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        return {output["Description"]: output["OutputValue"] for output in stack["Outputs"]}

    def resources(self) -> dict[str, str]:
        """What AWS calls each resource, by its name in the template."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.stack)
        found = (resource for page in pages for resource in page["StackResourceSummaries"])
        return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}

    def environment(self, function: str) -> dict[str, str]:
        """The variables of `extract` or `transform`."""
        name = f"{self.stack}-{function}"
        configuration = self.client("lambda").get_function_configuration(FunctionName=name)
        variables: dict[str, str] = configuration["Environment"]["Variables"]
        return variables

    def set_environment(self, **variables: str) -> None:
        """Give both functions further variables, such as the address of another Spotify than the real one."""
        client = self.client("lambda")
        for function in ("extract", "transform"):
            own = {"Variables": self.environment(function) | variables}
            client.update_function_configuration(FunctionName=f"{self.stack}-{function}", Environment=own)

    def policy(self, role: str) -> dict[str, Any]:
        """All that a role may do, as the template says it."""
        iam, name = self.client("iam"), self.resources()[role]
        names = [each for each in iam.list_role_policies(RoleName=name)["PolicyNames"] if each != _FOR_EMULATOR]
        found = [iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"] for each in names]
        documents = [json.loads(each) if isinstance(each, str) else each for each in found]
        return {"Version": "2012-10-17", "Statement": [each for policy in documents for each in policy["Statement"]]}

    def adapt_to_the_emulator(self) -> None:
        """Let functions do on the emulator what they may do in AWS.

        The emulator speaks no TLS, so the buckets' policies would refuse every function: they are taken away. And it
        looks for other resources in roles than AWS does: these are added, beside what `policy` gives.
        """
        s3, iam, resources = self.client("s3"), self.client("iam"), self.resources()
        for bucket in ("RawBucket", "TablesBucket", "ResultsBucket"):
            s3.delete_bucket_policy(Bucket=resources[bucket])
        for role in ("ExtractRole", "TransformRole"):
            document = json.dumps(as_the_emulator_reads(self.policy(role)))
            iam.put_role_policy(RoleName=resources[role], PolicyName=_FOR_EMULATOR, PolicyDocument=document)

    @staticmethod
    def _succeed(done: "subprocess.CompletedProcess[str]") -> str:
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@cache
def command(target: str, stack: str) -> tuple[str, ...]:
    """The last command of a target, after what builds and checks."""
    listed = subprocess.run(
        ["/usr/bin/env", "make", "--dry-run", "--assume-old=lambda", target, f"STACK={stack}"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},  # of `make test`
        check=True,
        capture_output=True,
        text=True,
    )
    program, *rest = shlex.split(listed.stdout.splitlines()[-1])
    assert program == ".venv/bin/python"
    return sys.executable, *rest
