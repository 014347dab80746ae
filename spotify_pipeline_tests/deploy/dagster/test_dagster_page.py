"""What docs/dagster-in-aws.md says to type works, in its order, as far as it needs neither a server nor Docker."""

import shutil
import stat
from pathlib import Path

import boto3
import pytest

from spotify_pipeline_tests.aws.emulator import COMMAND, ROOT_KEY, running_emulator
from spotify_pipeline_tests.aws.pages import blocks, run_commands
from spotify_pipeline_tests.deploy.dagster.services import FOLDER

ROOT = FOLDER.parents[1]
BLOCKS = blocks((ROOT / "docs" / "dagster-in-aws.md").read_text())
AWAY = BLOCKS[-1]


def test_only_what_needs_a_server_or_docker_is_not_run() -> None:
    not_run = [block.commands for block in BLOCKS if not block.is_run]
    assert AWAY.is_run
    for commands in not_run:
        assert commands.startswith(("aws ssm ", "docker ", "export IMAGE=", "sudo "))
    assert len(BLOCKS) - len(not_run) >= 6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the page uses of the repository, and what docs/aws.md has left."""
    for name in ("docs/policies", "deploy/dagster"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns(".env"))
    (tmp_path / "policies").mkdir()
    for name in ("extract", "publish"):
        shutil.copy(ROOT / "docs" / "policies" / f"{name}.json", tmp_path / "policies")
    (tmp_path / "bin").mkdir()
    for name, program in {"aws": COMMAND.parent / "aws", "editor": Path("/bin/true")}.items():
        (tmp_path / "bin" / name).symlink_to(program)
    return tmp_path


def test_the_commands_work_in_their_order(folder: Path) -> None:
    if not COMMAND.exists():
        pytest.skip("the AWS emulator is not installed: run `make emulator`")
    # Step 6 goes into another folder, on another machine.
    script = "".join(
        f"({each.commands})\n" if "cd " in each.commands else each.commands for each in BLOCKS if each.is_run
    )
    with running_emulator() as address:
        start, taking_away = script.split(AWAY.commands)[0], AWAY.commands
        seen = run(f"{start}\nenv", folder, address)
        variables = dict(line.split("=", 1) for line in seen.splitlines() if "=" in line)
        session = boto3.Session(ROOT_KEY, "made-up", region_name="eu-central-1")
        ec2 = session.client("ec2", endpoint_url=address)
        iam = session.client("iam", endpoint_url=address)
        (found,) = ec2.describe_instances()["Reservations"]
        (server,) = found["Instances"]
        assert server["InstanceId"] == variables["SERVER"]
        (group,) = ec2.describe_security_groups(GroupIds=[variables["GROUP"]])["SecurityGroups"]
        assert group["IpPermissions"] == []
        (profile,) = iam.list_instance_profiles()["InstanceProfiles"]
        assert [role["RoleName"] for role in profile["Roles"]] == ["spotify-pipeline-server"]
        policies = iam.list_role_policies(RoleName="spotify-pipeline-server")["PolicyNames"]
        assert set(policies) == {"extract", "publish", "server"}
        run(taking_away, folder, address, **{name: variables[name] for name in ("SERVER", "GROUP", "LOGS")})
        assert iam.list_roles()["Roles"] == []
        assert session.client("s3", endpoint_url=address).list_buckets()["Buckets"] == []
    settings = folder / "deploy" / "dagster" / ".env"
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    password, *rest = settings.read_text().splitlines()[1:]
    assert len(password.removeprefix("DAGSTER_POSTGRES_PASSWORD=")) == 64
    assert rest == (FOLDER / ".env.example").read_text().splitlines()[2:]


def run(script: str, folder: Path, address: str, **variables: str) -> str:
    """What the commands print."""
    done = run_commands(
        script,
        folder,
        address,
        {
            "IMAGE": "ami-0123456789abcdef0",
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": "made-up",
            "AWS_DEFAULT_REGION": "eu-central-1",
        }
        | variables,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
