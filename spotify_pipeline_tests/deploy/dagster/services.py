"""The services of deploy/dagster/compose.yaml as processes of this machine, without containers."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import yaml
from dotenv import dotenv_values

from spotify_pipeline_tests.deploy.dagster.dockerfile import Image

FOLDER = Path(__file__).parents[3] / "deploy" / "dagster"
PROGRAMS = Path(sys.executable).parent
_SECONDS_TO_START = 60


def rendered(folder: Path) -> str:
    """compose.yaml as Compose understands it: merged, and with the variables of the `.env` beside it."""
    return subprocess.run(
        [PROGRAMS / "podman-compose", "--dry-run", "--file", "compose.yaml", "config"],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Network:
    """What stands for the network of the containers: each has a name there, here each has a port."""

    def __init__(self) -> None:
        self.postgres, self.code, self.webserver = free_port(), free_port(), free_port()

    def of_this_machine(self, text: str) -> str:
        """A file or command with the addresses of this machine instead of those in the containers' network."""
        for pattern, here in {
            r"\bpostgres:5432\b": f"127.0.0.1:{self.postgres}",
            r"\bhost: code\b": "host: 127.0.0.1",
            r"\b0\.0\.0\.0\b": "127.0.0.1",
            r"\b4000\b": str(self.code),
            r"\b3000\b": str(self.webserver),
        }.items():
            text = re.sub(pattern, here, text)
        return text


@dataclass
class Services:
    """The services, each with the image, the command and the environment that compose.yaml gives it.

    Attributes:
        folder: The folder of compose.yaml and `.env`.
        image: What the containers have in them.
        network: Where they meet.
        outside: Variables for what is not in Compose's hands: where AWS is, and the role of the server.
    """

    folder: Path
    image: Image
    network: Network
    outside: Mapping[str, str]

    def __post_init__(self) -> None:
        self.declared: dict[str, Any] = yaml.safe_load(self.network.of_this_machine(rendered(self.folder)))["services"]

    def environment(self, name: str) -> dict[str, str]:
        """All that a process of this service sees; its /tmp and its home are its own."""
        service = self.declared[name]
        temporary = self.image.root / "tmp" / name
        temporary.mkdir(parents=True, exist_ok=True)
        return {
            "PATH": f"{PROGRAMS}:/usr/bin:/bin",
            "HOME": str(self.image.root / "nonexistent"),
            "TMPDIR": str(temporary),
            "PYTHONPATH": str(self.image.root / "usr" / "src" / "spotify-pipeline"),
            **self.image.environment,
            **{
                variable: value or ""
                for file in service.get("env_file", [])
                for variable, value in dotenv_values(self.folder / file).items()
            },
            **service["environment"],
            **self.outside,
        }

    def start(self, name: str, command: list[str], output: int | IO[str] = subprocess.PIPE) -> "subprocess.Popen[str]":
        """Start a command as in the container of this service."""
        return subprocess.Popen(
            command,
            cwd=self.image.working_dir,
            env=self.environment(name),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # its children end with it
        )

    @contextmanager
    def running(self, name: str, port: int | None = None) -> Iterator[None]:
        """Run the service's command until the end of the block, which begins when it listens on `port`.

        Raises:
            RuntimeError: it ended, or did not listen in time; with what it printed.
        """
        log = self.folder / f"{name}.log"
        with log.open("w") as output, self.start(name, self.declared[name]["command"], output) as process:
            try:
                deadline = time.monotonic() + _SECONDS_TO_START
                while port and not _listens(port):
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError(f"The service {name} did not start. It printed:\n{log.read_text()}")
                    time.sleep(0.05)
                yield
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def health_check(self, name: str) -> list[str]:
        """The command of the service's health check."""
        kind, *command = self.declared[name]["healthcheck"]["test"]
        assert kind == "CMD"
        return [str(part) for part in command]


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
