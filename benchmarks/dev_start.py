"""How long `dagster dev` takes until it can show the graph: of this project, and of one with nothing in it.

    .venv/bin/python -m benchmarks.dev_start --times 5

Both are started in turn in an empty folder, with the same Dagster, and asked over GraphQL for the assets of their code
location until that is loaded.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

_QUERY = "{ workspaceOrError { __typename ... on Workspace { locationEntries { loadStatus } } } assetNodes { id } }"
_EMPTY = "from dagster import Definitions\n\ndefs = Definitions()\n"
_PROJECTS = {"empty": "nothing_in_it", "ours": "spotify_pipeline.definitions"}
_LONGEST = 120  # seconds


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _assets(port: int) -> int | None:
    """How many assets the graph shows; None while it cannot be shown."""
    request = Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": _QUERY}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urlopen(request, timeout=_LONGEST) as reply:  # noqa: S310  # as above
            data = json.load(reply)["data"]
    except (URLError, ConnectionError):
        return None
    entries = data["workspaceOrError"].get("locationEntries", [])
    loaded = entries and all(entry["loadStatus"] == "LOADED" for entry in entries)
    return len(data["assetNodes"]) if loaded else None


def _start(module: str) -> tuple[float, int]:
    """Seconds from the start until the graph can be shown, and how many assets it has."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder, "nothing_in_it.py").write_text(_EMPTY)
        Path(folder, "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
        port = _free_port()
        variables = {"DAGSTER_HOME": folder, "PYTHONPATH": os.pathsep.join(filter(None, (folder, str(Path.cwd()))))}
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603  # this one's own command
            [Path(sys.executable).with_name("dagster"), "dev", "-m", module, "-h", "127.0.0.1", "-p", str(port)],
            cwd=folder,
            env=os.environ | variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while (assets := _assets(port)) is None:
                if process.poll() is not None or time.perf_counter() - began > _LONGEST:
                    raise SystemExit(f"dagster dev does not show the graph of {module}.")
                time.sleep(0.05)
            return time.perf_counter() - began, assets
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--times", type=int, default=5)
    seconds: dict[str, list[float]] = {name: [] for name in _PROJECTS}
    assets = {}
    for _ in range(arguments.parse_args().times):
        for name, module in _PROJECTS.items():
            taken, assets[name] = _start(module)
            seconds[name].append(taken)
    for name, taken_times in seconds.items():
        each = ", ".join(f"{taken:.1f}" for taken in taken_times)
        print(f"{name:<6} {assets[name]:>3} assets, median of seconds: {statistics.median(taken_times):.1f} ({each})")
    more = statistics.median(ours - empty for ours, empty in zip(seconds["ours"], seconds["empty"], strict=True))
    print(f"ours needs {more:.1f} s more")


if __name__ == "__main__":
    main()
