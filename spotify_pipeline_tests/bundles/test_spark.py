"""What the Glue job is made of, installed as Glue does it: without a network, and from its own wheels alone."""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import grimp
import pytest

from deploy.bundle_spark import FILES
from spotify_pipeline_tests.bundles.conftest import ROOT
from spotify_pipeline_tests.bundles.test_zips import imports, needed_by, required  # noqa: F401  # one is a fixture

OF_GLUE = {"pyspark", "py4j"}
_IMPORT = """
import importlib, sys
sys.path[:0] = sys.argv[1:]
for module in ("glue", "job", "executors", "merge"):
    print(importlib.import_module(f"spotify_pipeline.spark.{module}").__file__)
import boto3
print(boto3.__file__)
"""


def test_the_requirements_are_what_the_job_imports_and_glue_has_not(imports: grimp.ImportGraph) -> None:  # noqa: F811
    assert required("spark") == needed_by("spotify_pipeline.spark.glue", imports) - OF_GLUE


@pytest.mark.no_cover
@pytest.mark.skipif(sys.platform != "linux", reason="the wheels are for Linux, as Glue is")
def test_the_job_imports_from_its_wheels_alone(
    bundle_of: Callable[[str], Path], lambda_python: Path, tmp_path: Path
) -> None:
    job, package, wheels = (bundle_of(f"spark/{FILES[0]}").with_name(name) for name in FILES)
    assert job.read_text().startswith("from spotify_pipeline.spark.glue import main")
    with zipfile.ZipFile(wheels) as archive:
        archive.extractall(tmp_path)
    names = [path.name for path in (tmp_path / "wheels").glob("*.whl")]
    assert not {name.partition("-")[0] for name in names} & (OF_GLUE | {"dagster", "duckdb", "sqlglot", "spotipy"})
    pip = [str(lambda_python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    subprocess.run(
        [*pip, "--find-links=wheels", "--requirement=wheels/requirements.txt", "--target=installed"],
        cwd=tmp_path,
        check=True,
    )
    found = subprocess.run(
        [lambda_python, "-I", "-S", "-c", _IMPORT, package, tmp_path / "installed"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    assert all(path.startswith(str(package)) for path in found[:-1])
    assert found[-1].startswith(str(tmp_path))
    assert str(ROOT) not in package.read_bytes().decode(errors="ignore")
