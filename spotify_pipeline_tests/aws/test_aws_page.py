"""What docs/aws.md says to type works, in its order, from nothing to the first query and away again."""

import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline_tests.aws import policies
from spotify_pipeline_tests.aws.emulator import COMMAND, ROOT_KEY, running_emulator
from spotify_pipeline_tests.aws.pages import blocks, fenced, run_commands, to_log_in

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "aws.md").read_text()
MAIN = """
import atexit, boto3
from spotify_pipeline.cli import main
atexit.register(lambda: print("as", boto3.client("sts").get_caller_identity()["Arn"]))
main()
"""


BLOCKS = blocks(PAGE)


def test_what_is_not_run_is_little() -> None:
    assert len([block for block in BLOCKS if not block.is_run]) == 3
    assert len([block for block in BLOCKS if block.is_run]) >= 12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the page uses of the repository, and the programs that its reader has."""
    (tmp_path / "docs" / "policies").mkdir(parents=True)
    for path in policies.FOLDER.glob("*.json"):
        policy = json.loads(path.read_text())
        if "trust" not in path.stem:
            policy = policies.as_the_emulator_reads(policy)
        (tmp_path / "docs" / "policies" / path.name).write_text(json.dumps(policy))
    (tmp_path / "main.py").write_text(MAIN)
    programs = {
        ".venv/bin/spotify-pipeline": f'exec {sys.executable} main.py "$@"',
        "bin/aws": f'exec {COMMAND.parent / "aws"} "$@"',
        "bin/editor": 'cp shown/"$1" "$1"',
        "bin/browser": f"{sys.executable} -c 'import sys, urllib.request as u; u.urlopen(sys.argv[1]).read()' \"$1\"",
    }
    for name, script in programs.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    ((_, secret),) = fenced(PAGE, "json")
    ((_, settings),) = fenced(PAGE, "sh")
    (tmp_path / "shown").mkdir()  # what the reader writes in the editor
    (tmp_path / "shown" / "secret.json").write_text(secret.replace("…", "my-app", 1).replace("…", "my-app-secret", 1))
    (tmp_path / "shown" / ".env").write_text(settings)
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        f"[default]\naws_access_key_id = {ROOT_KEY}\naws_secret_access_key = made-up\n"
    )
    return tmp_path


@pytest.mark.no_cover
def test_the_commands_work_in_their_order(folder: Path) -> None:
    if not COMMAND.exists():
        pytest.skip("the AWS emulator is not installed: run `make emulator`")
    today = datetime.now(UTC).date()
    with running_emulator() as address, DemoServer(DemoCatalogue(), day=today) as spotify:
        done = run_commands(
            "\n".join(each.commands for each in BLOCKS if each.is_run),
            folder,
            address,
            {"PYTHONPATH": str(ROOT)} | to_log_in(folder, spotify.url, today),
        )
        assert done.returncode == 0, done.stderr
        for what_is_left in what_is_there(address):
            assert not what_is_left
    for said in (
        "Stored in the secret spotify_pipeline",
        "nothing is published yet",  # doctor
        "Published in Glue database spotify",
        f"{today}",
        "Saved in the Athena workgroup spotify_pipeline: ",
        "answers: coverage has ",  # doctor, after the run
    ):
        assert said in done.stdout
    roles = set(re.findall(r"^as arn:aws:sts::\d+:(.*)/[^/]+$", done.stdout, flags=re.MULTILINE))
    assert roles == {"assumed-role/spotify-pipeline"}
    assert not (folder / "secret.json").exists()
    assert "my-app-secret" not in done.stdout + done.stderr
    assert {path.name for path in (folder / "data").iterdir()} == {"dagster"}


def what_is_there(address: str) -> Iterator[object]:
    """Whatever the page has made and takes away, by service."""
    session = boto3.Session(ROOT_KEY, "made-up", region_name="eu-central-1")
    yield session.client("s3", endpoint_url=address).list_buckets()["Buckets"]
    yield [role["RoleName"] for role in session.client("iam", endpoint_url=address).list_roles()["Roles"]]
    yield session.client("glue", endpoint_url=address).get_databases()["DatabaseList"]
    yield session.client("secretsmanager", endpoint_url=address).list_secrets()["SecretList"]
    groups = session.client("athena", endpoint_url=address).list_work_groups()["WorkGroups"]
    yield {group["Name"] for group in groups} - {"primary"}
