"""Build the zip of a function for an architecture: `python3.13 deploy/bundle.py .lambda/extract-arm64.zip`.

The same package, constraints.txt and Python give the same bytes, so that a deployment that changes nothing is seen to
change nothing. The zip holds the wheels of the function's requirements, the package, and byte code of both: without
it each cold start would compile anew, because Lambda lets nothing be written beside the code.
"""

import compileall
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from py_compile import PycInvalidationMode
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
PYTHON = (3, 13)  # of the runtime: byte code and binary modules are of one version
MEGABYTE = 1_000_000

# The most megabytes that each function may unpack to; Lambda itself allows 262.
LIMITS = {"extract": 30, "transform": 240}

# By Lambda's names. The runtime has glibc 2.34, so it takes all of these, and pip the first that there is.
PLATFORMS = {
    architecture: [f"{policy}_{machine}" for policy in ("manylinux_2_28", "manylinux2014")]
    for architecture, machine in {"x86_64": "x86_64", "arm64": "aarch64"}.items()
}

_TASK_ROOT = "/var/task"  # where Lambda unpacks it: tracebacks name files there, wherever they were compiled
_LEFT_OUT = [
    "bin/*",  # commands
    *(f"*.dist-info/{name}" for name in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")),  # what pip did here
    *("*.dist-info/sboms/*", "**/*.js", "**/*.css", "**/*.pyi"),  # what no function reads
]
_FIRST_TIME = (1980, 1, 1, 0, 0, 0)  # that a zip can tell
_LEVEL = 6  # 9 takes five times as long, for a hundredth less


def main() -> None:
    """Build the zip that the command line names."""
    if sys.version_info[:2] != PYTHON:
        sys.exit(f"bundle.py: byte code for Lambda is made by Python {PYTHON[0]}.{PYTHON[1]}: start it with that.")
    names = rf"({'|'.join(LIMITS)})-({'|'.join(PLATFORMS)})"
    if len(sys.argv) != 2 or not (name := re.fullmatch(names, Path(sys.argv[1]).stem)):
        sys.exit("usage: bundle.py FOLDER/FUNCTION-ARCHITECTURE.zip, such as .lambda/extract-arm64.zip")
    target, (function, architecture) = Path(sys.argv[1]), name.groups()
    with TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        _install(tree, function, architecture)
        _compile(tree)
        _check_size(tree, function, architecture)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_suffix(".draft")  # so that a build that was interrupted leaves no zip
        pack(tree, draft)
        draft.replace(target)


def _install(tree: Path, function: str, architecture: str) -> None:
    """Put the function's requirements and the whole package into a folder.

    The package is whole although a function does not import all of it: what that would save, a megabyte unpacked,
    is not worth another list to keep. What may not be imported is import-linter's business.
    """
    pip("install", function, architecture, "--no-compile", f"--target={tree}")
    for pattern in _LEFT_OUT:
        for path in tree.glob(pattern):
            path.unlink()
    copy_package(tree)


def pip(command: str, what: str, architecture: str, *options: str) -> None:
    """Let pip install or download the requirements of what is named so, for AWS's machines and its Python."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", command, *options]
    platforms = [f"--platform={platform}" for platform in PLATFORMS[architecture]]
    of_aws = [*platforms, f"--python-version={PYTHON[0]}.{PYTHON[1]}", "--implementation=cp", "--only-binary=:all:"]
    names = [f"--constraint={ROOT / 'constraints.txt'}", f"--requirement={ROOT}/deploy/requirements-{what}.txt"]
    if subprocess.run([*pip, *of_aws, *names], check=False).returncode:
        sys.exit(f"pip could not {command} the requirements of {what} for {architecture}; it says why above.")


def copy_package(tree: Path) -> None:
    """Put the package into a folder."""
    package = ROOT / "spotify_pipeline"
    shutil.copytree(package, tree / package.name, ignore=shutil.ignore_patterns("__pycache__"))


def _compile(tree: Path) -> None:
    """Byte code that is never compared with its source, whose time differs after unpacking."""
    compiled = compileall.compile_dir(
        tree, quiet=1, stripdir=tree, prependdir=_TASK_ROOT, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH
    )
    if not compiled:
        sys.exit("bundle.py: not all modules could be compiled.")


def _check_size(tree: Path, function: str, architecture: str) -> None:
    megabytes = sum(path.stat().st_size for path in _files(tree)) / MEGABYTE
    if megabytes > LIMITS[function]:
        sys.exit(
            f"bundle.py: {function} for {architecture} unpacks to {megabytes:.1f} MB, more than the {LIMITS[function]} "
            f"MB that it may have: see what has grown in deploy/requirements-{function}.txt."
        )


def _files(tree: Path) -> Iterator[Path]:
    return (path for path in sorted(tree.rglob("*")) if path.is_file())


def pack(tree: Path, target: Path) -> None:
    """Zip a folder: the same files give the same bytes."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in _files(tree):
            entry = zipfile.ZipInfo(path.relative_to(tree).as_posix(), _FIRST_TIME)
            entry.external_attr = 0o100644 << 16  # a file that everybody may read: functions run as another user
            entry.create_system = 3  # Unix, on which alone the mode means something
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, _LEVEL)


if __name__ == "__main__":
    main()
