"""What docs/lambda.md says to type works, in its order, from nothing to the first query and away again."""

import shlex
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline_tests.aws.emulator import COMMAND, ROOT_KEY, running_emulator
from spotify_pipeline_tests.aws.pages import blocks, run_commands, to_log_in
from spotify_pipeline_tests.deploy.deployment import ROOT, command, stub_zips

REGION = "eu-central-1"
BLOCKS = blocks((ROOT / "docs" / "lambda.md").read_text())


def test_what_is_not_run_is_little() -> None:
    assert [each.commands for each in BLOCKS if not each.is_run] == [
        ".venv/bin/spotify-pipeline query --name playlist_on_day\n",
        "make lambda\n",
        "git pull\n",
    ]
    assert len(BLOCKS) >= 12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the page uses of the repository, and the programs and settings that its reader has."""
    stub_zips(tmp_path / ".lambda")
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "parameters.env", tmp_path / "deploy")
    (tmp_path / ".env").write_text("SPOTIPY_CLIENT_ID=my-app\nSPOTIPY_CLIENT_SECRET=my-app-secret\n")
    deploy, destroy = (shlex.join(command(target, "spotify-pipeline")) for target in ("deploy", "destroy"))
    visit = f"{sys.executable} -c 'import sys, urllib.request as u; u.urlopen(sys.argv[1]).read()' \"$1\""
    programs = {
        ".venv/bin/python": f'echo spotify-pipeline | {sys.executable} "$@"',  # who is asked for the name
        ".venv/bin/spotify-pipeline": f'exec {sys.executable} -c "from spotify_pipeline.cli import main; main()" "$@"',
        # Version 1 of the CLI has an address of its own for queues, which wins over the variable.
        "bin/aws": f'exec {COMMAND.parent / "aws"} --endpoint-url "$AWS_ENDPOINT_URL" "$@"',
        "bin/make": f'case "$1" in deploy) {deploy} | tee printed;; destroy) echo y | {destroy};; esac',
        "bin/editor": 'case "$1" in .env) grep "^[A-Z_]*=" printed >> .env;; *) test -f "$1";; esac',
        "bin/browser": visit,
    }
    for name, script in programs.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    return tmp_path


def test_the_commands_work_in_their_order(folder: Path) -> None:
    if not COMMAND.exists():
        pytest.skip("the AWS emulator is not installed: run `make emulator`")
    today = datetime.now(UTC).date()
    script = "".join(each.commands for each in BLOCKS if each.is_run)
    with running_emulator() as address, DemoServer(DemoCatalogue(), day=today) as spotify:
        done = run_commands(
            script,
            folder,
            address,
            {"PYTHONPATH": str(ROOT), "AWS_ACCESS_KEY_ID": ROOT_KEY, "AWS_SECRET_ACCESS_KEY": "made-up"}
            | to_log_in(folder, spotify.url, today),
        )
        assert done.returncode == 0, done.stdout + done.stderr
        for what_is_left in what_is_there(address):
            assert not what_is_left
    for said in (
        "The Spotify app that is set here is now in the secret.",
        "Stored in the secret spotify-pipeline-spotify",
        "nothing is published yet",  # doctor
        "START RequestId: ",  # the log
        "spotify-pipeline-missing-day\t",
        "Nothing has changed",
        "The data stays",
        "Deleted",
    ):
        assert said in done.stdout
    assert "my-app-secret" not in done.stdout + done.stderr


def what_is_there(address: str) -> Iterator[object]:
    """Whatever the page has made and takes away, by service."""
    session = boto3.Session(ROOT_KEY, "made-up", region_name=REGION)
    yield session.client("s3", endpoint_url=address).list_buckets()["Buckets"]
    yield session.client("iam", endpoint_url=address).list_roles()["Roles"]
    yield session.client("lambda", endpoint_url=address).list_functions()["Functions"]
    yield session.client("glue", endpoint_url=address).get_databases()["DatabaseList"]
    yield session.client("secretsmanager", endpoint_url=address).list_secrets()["SecretList"]
