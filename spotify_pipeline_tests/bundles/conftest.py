"""The zips of the functions, built where they are not up to date, and the Python that AWS runs them with."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from spotify_pipeline_tests.aws.conftest import (  # noqa: F401  # fixtures
    aws,
    emulator,
    emulator_athena,
    emulator_s3,
    no_credentials_from_outside,
)
from spotify_pipeline_tests.lambdas.conftest import name_functions  # noqa: F401  # as well

ROOT = Path(__file__).parents[2]
_NEEDS_PYTHON = "This needs Python 3.13"


def _make(target: str) -> Path:
    """Let make see to it that a file is there, once at a time; skips the test where there is no such Python."""
    (ROOT / ".lambda").mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # of `make test`
    command = ["make", "--silent", target]
    with FileLock(ROOT / ".lambda" / "lock"):
        done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    if done.stderr.startswith(_NEEDS_PYTHON):
        pytest.skip(done.stderr.splitlines()[0])
    assert done.returncode == 0, done.stderr
    return ROOT / target


@pytest.fixture(scope="session")
def lambda_python() -> Path:
    """A Python with AWS's runtime interface client and boto3, and nothing else."""
    return _make(".venv-lambda/installed").parent / "bin" / "python"


@pytest.fixture(scope="session")
def bundle_of() -> Callable[[str], Path]:
    """A file of what the Glue job is made of: `bundle_of("spark/job.py")`."""
    return lambda name: _make(f".lambda/{name}")


@pytest.fixture(scope="session")
def zip_of() -> Callable[[str], Path]:
    """The zip of a function and architecture: `zip_of("extract-arm64")`."""
    return lambda name: _make(f".lambda/{name}.zip")
