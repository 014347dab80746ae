"""The AWS emulator as a process: how it is started, that it ends, and how little it need be waited for."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from spotify_pipeline.spotify.patience import Clock, Patience, Tell

COMMAND = Path(__file__).parents[2] / ".venv-emulator" / "bin" / "ministack"
REGION = "us-east-1"
ROOT_KEY = "made-up"  # whoever signs with it may do everything; its secret is not checked
_SECONDS_TO_START, _SECONDS_TO_END = 60, 5


@contextmanager
def running_emulator(command: Path = COMMAND, *arguments: str | Path) -> Iterator[str]:
    """An emulator of its own, which forgets everything when it ends.

    Args:
        command: The program.
        arguments: What it is started with.

    Yields:
        Its address.

    Raises:
        RuntimeError: It did not start; with what it printed.
    """
    port = _free_port()
    with TemporaryDirectory(prefix="emulator-") as folder, (Path(folder) / "log").open("w") as log:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "TMPDIR": folder,
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",  # it would listen on all interfaces, on a fixed port
            "MINISTACK_REGION": REGION,
            "ATHENA_ENGINE": "duckdb",
            "LAMBDA_EXECUTOR": "local",
            "AUTH": "true",  # it checks signatures and policies
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
        }
        with subprocess.Popen(
            [command, *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # an interrupt of the tests ends it by this code; and its children end with it
        ) as process:
            try:
                address = f"http://127.0.0.1:{port}"
                _wait_until_ready(process, address, Path(log.name))
                yield address
            finally:
                _end(process)


def impatience(tell: Tell) -> Patience:
    """As users have it, but the pauses are shorter: the emulator answers at once, other than Athena and a crawler."""
    return Patience(Clock(wait=_wait_a_little), tell)


def _wait_a_little(seconds: float, interrupted: Event) -> None:
    interrupted.wait(seconds / 50)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    """Wait for the line in its own log: another process that took the port would answer a health check as well."""
    deadline = time.monotonic() + _SECONDS_TO_START
    while f"Running on {address}" not in (printed := log.read_text()):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The AWS emulator {process.args!r} did not start. It printed:\n{printed}")
        time.sleep(0.02)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):  # it first ends the queries that run, even stopped ones
        process.wait(_SECONDS_TO_END)
    with suppress(ProcessLookupError):  # the usual case: nothing is left of its session
        os.killpg(process.pid, signal.SIGKILL)
