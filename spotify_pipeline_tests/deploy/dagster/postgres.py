"""A PostgreSQL server as a process: how it is started, and that it ends."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, Self

_DEBIAN = Path("/usr/lib/postgresql")  # /VERSION/bin, which is not on the PATH
_SECONDS_TO_START = 30


class Postgres(NamedTuple):
    """A database, and whose it is."""

    user: str
    password: str
    name: str

    @classmethod
    def of_the_image(cls, environment: Mapping[str, str]) -> Self:
        """As PostgreSQL's image is told by environment variables."""
        return cls(*(environment[f"POSTGRES_{variable}"] for variable in ("USER", "PASSWORD", "DB")))


def programs() -> Path | None:
    """The folder of the newest PostgreSQL server that is installed."""
    versions = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@contextmanager
def running_postgres(folder_of_programs: Path, port: int, wanted: Postgres) -> Iterator[None]:
    """A server on 127.0.0.1 that forgets everything when it ends, as PostgreSQL's image sets one up.

    Raises:
        RuntimeError: it did not start; with what it printed.
    """
    # PostgreSQL refuses to work as root, who in turn can be somebody else.
    account = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    with TemporaryDirectory(prefix="postgres-") as name:
        folder = Path(name)
        (folder / "password").write_text(wanted.password)
        if account:
            shutil.chown(folder, "postgres", "postgres")
            shutil.chown(folder / "password", "postgres", "postgres")

        def command(program: str, *arguments: str) -> list[str]:
            return [str(folder_of_programs / program), *arguments]

        subprocess.run(
            command(
                "initdb",
                f"--pgdata={folder}/data",
                f"--username={wanted.user}",
                f"--pwfile={folder}/password",
                "--auth=scram-sha-256",  # the password is asked for from this machine, too
                "--encoding=UTF8",
                "--no-sync",
            ),
            cwd=folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            check=True,
            capture_output=True,
            **account,  # type: ignore[call-overload]  # the keywords for another user
        )
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(
                command(
                    "postgres",
                    f"-D{folder}/data",
                    "-clisten_addresses=127.0.0.1",
                    f"-cport={port}",
                    f"-cunix_socket_directories={folder}",
                    "-cfsync=off",
                ),
                cwd=folder,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
                stdout=log,
                stderr=subprocess.STDOUT,
                **account,  # type: ignore[call-overload]
            )
        try:
            _wait_until_ready(server, folder / "log")
            if wanted.name != "postgres":
                subprocess.run(
                    command("createdb", "--host=127.0.0.1", f"--port={port}", f"--username={wanted.user}", wanted.name),
                    env={"PATH": os.environ["PATH"], "PGPASSWORD": wanted.password},
                    check=True,
                )
            yield
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nothing is kept
            server.wait(_SECONDS_TO_START)


def _wait_until_ready(server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while "ready to accept connections" not in (printed := log.read_text()):
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            raise RuntimeError(f"PostgreSQL {server.args!r} did not start. It printed:\n{printed}")
        time.sleep(0.02)
