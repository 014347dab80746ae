"""The emulator's process."""

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from spotify_pipeline_tests.aws.emulator import running_emulator


def listens(address: str) -> bool:
    parts = urlsplit(address)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname, parts.port)) == 0


def test_an_emulator_that_has_ended_leaves_nothing_behind(
    emulator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with running_emulator() as other:
        assert other != emulator
        with urlopen(f"{other}/_ministack/health", timeout=10) as answer:  # noqa: S310  # an address of this machine
            assert answer.status == 200
        assert len(list(tmp_path.iterdir())) == 1
    assert not listens(other)
    assert listens(emulator)
    assert not list(tmp_path.iterdir())


def test_an_emulator_that_does_not_start_says_what_it_printed(tmp_path: Path) -> None:
    command = tmp_path / "emulator"
    command.write_text("#!/bin/sh\necho no such service >&2\nexit 1\n")
    command.chmod(0o755)
    with pytest.raises(RuntimeError, match=r"did not start. It printed:\nno such service"), running_emulator(command):
        pass


def test_an_emulator_that_does_not_end_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spotify_pipeline_tests.aws.emulator._SECONDS_TO_END", 0.1)
    command = tmp_path / "emulator"
    pipe = tmp_path / "pipe"
    command.write_text(
        f"#!/bin/sh\ntrap '' TERM\nsleep 60 > {pipe} &\necho Running on http://127.0.0.1:$GATEWAY_PORT\nwait\n"
    )
    command.chmod(0o755)
    os.mkfifo(pipe)
    with running_emulator(command):
        reader = pipe.open("rb")
    with reader:
        assert reader.read() == b""  # who writes into the pipe, the child, has ended
