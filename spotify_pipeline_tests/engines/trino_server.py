"""A Trino server of this machine's own, whose catalog is Glue and whose files are in S3, both at another server."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

SERVER = Path(__file__).parents[2] / ".trino"
"""Where `make test-trino` puts the server: `lib/` and `plugin/hive/`."""

_CATALOG = """\
connector.name=hive
hive.metastore=glue
hive.metastore.glue.endpoint-url={aws}
hive.metastore.glue.region=us-east-1
hive.metastore.glue.aws-access-key=made-up
hive.metastore.glue.aws-secret-key=made-up
# The emulator gives all partitions for each segment that it is asked for.
hive.metastore.glue.partitions-segments=1
# And it has no statistics of columns.
hive.table-statistics-enabled=false
# As Athena has it; a session may ask for more.
hive.timestamp-precision=MILLISECONDS
fs.native-s3.enabled=true
s3.endpoint={aws}
s3.region=us-east-1
s3.path-style-access=true
s3.aws-access-key=made-up
s3.aws-secret-key=made-up
"""
_CONFIG = """\
coordinator=true
node-scheduler.include-coordinator=true
discovery.uri={url}
http-server.http.port={port}
catalog.config-dir={folder}/catalog
plugin.dir={server}/plugin
"""
_NODE = {"environment": "test", "id": "test", "bind-ip": "127.0.0.1", "internal-address": "127.0.0.1"}
_JVM = [
    "-Xmx1200m",
    "-XX:+UseSerialGC",  # half the memory of G1
    "-XX:TieredStopAtLevel=1",  # the queries are too short for more compilation to pay
    "--add-modules=jdk.incubator.vector",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
]
_START_SECONDS = 180


@contextmanager
def trino_server(aws: str, folder: Path) -> Iterator[str]:
    """Start the server on a free port of 127.0.0.1, and stop it in the end.

    Args:
        aws: the address of Glue and S3.
        folder: where the server may keep its configuration, log and data.

    Yields:
        The server's address. Its catalog is named as Athena's.
    """
    if not (SERVER / "unpacked").exists():
        pytest.fail("the server is not here: `make test-trino` downloads it")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    (folder / "catalog").mkdir()
    (folder / "catalog" / "awsdatacatalog.properties").write_text(_CATALOG.format(aws=aws))
    (folder / "config.properties").write_text(_CONFIG.format(url=url, port=port, folder=folder, server=SERVER))
    node = {**_NODE, "data-dir": str(folder / "data")}
    log = folder / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [
                _java(),
                *_JVM,
                *(f"-Dnode.{name}={value}" for name, value in node.items()),
                f"-Dconfig={folder / 'config.properties'}",
                f"-Djava.io.tmpdir={folder}",
                *("-cp", f"{SERVER / 'lib'}/*"),
                "io.trino.server.TrinoServer",
            ],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(server, url, log)
        yield url
    finally:
        server.kill()  # it has nothing to save, and takes long to say goodbye
        server.wait()


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if java is None:
        pytest.fail("Trino needs Java 24 or newer: set JAVA_HOME to it")
    return java


def _wait(server: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    """Wait until the server answers queries, and say what it says where it does not start."""
    give_up = time.monotonic() + _START_SECONDS
    while time.monotonic() < give_up and server.poll() is None:
        try:
            if not requests.get(f"{url}/v1/info", timeout=5).json()["starting"]:
                return
        except requests.RequestException:  # not listening yet, or too busy to answer
            pass
        time.sleep(0.2)
    last_lines = "\n".join(log.read_text().splitlines()[-20:])
    pytest.fail(f"Trino does not start; it needs Java 24 or newer in JAVA_HOME or on the PATH:\n{last_lines}")
