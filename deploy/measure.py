"""Print how large the zips of functions are, and how long a cold start imports: `python3.13 deploy/measure.py ZIP…`.

Imports are timed for zips of this machine's architecture, with the Python and the packages that start this.
"""

import platform
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

_MEGABYTE = 1_000_000
_ARCHITECTURES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_COLD_STARTS = 5
_TIMED_IMPORT = """
import importlib, sys, time
sys.path.insert(0, sys.argv[1])
started = time.perf_counter()
importlib.import_module(sys.argv[2])
print(time.perf_counter() - started)
"""
_ROW = "{:<10} {:<13} {:>10} {:>12} {:>9}"


def main() -> None:
    """Print a table of the zips that the command line names."""
    print(_ROW.format("function", "architecture", "zipped MB", "unpacked MB", "import s"))
    for path in map(Path, sys.argv[1:]):
        function, architecture = path.stem.split("-")
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist()) / _MEGABYTE
            runs_here = architecture == _ARCHITECTURES.get(platform.machine()) and sys.platform == "linux"
            seconds = f"{_import_seconds(archive, function):.2f}" if runs_here else "-"
        zipped = path.stat().st_size / _MEGABYTE
        print(_ROW.format(function, architecture, f"{zipped:.1f}", f"{unpacked:.1f}", seconds))


def _import_seconds(archive: zipfile.ZipFile, function: str) -> float:
    """The least of some processes, each of which imports the handler's module: the one that others disturbed least."""
    with TemporaryDirectory() as folder:
        archive.extractall(folder)
        command = [sys.executable, "-I", "-c", _TIMED_IMPORT, folder, f"spotify_pipeline.lambdas.{function}"]
        return min(
            float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            for _ in range(_COLD_STARTS)
        )


if __name__ == "__main__":
    main()
