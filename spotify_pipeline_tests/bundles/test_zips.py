"""What is in the zips, and that it is the same for whoever builds them."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import grimp
import pytest

from spotify_pipeline_tests.bundles.conftest import ROOT

FUNCTIONS = ["extract", "transform"]
MACHINES = {"x86_64": 62, "arm64": 183}  # as the header of a binary has them
NOT_IN_ZIPS = {"boto3", "botocore", "s3transfer", "dagster", "duckdb", "sqlglot", "spotify_pipeline_tests", "bin"}
_UNCHECKED_HASH = 1


@pytest.fixture(scope="module")
def bundle() -> ModuleType:
    """The script that builds."""
    spec = importlib.util.spec_from_file_location("bundle", ROOT / "deploy" / "bundle.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph(
        "spotify_pipeline", include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_requirements_are_what_the_handler_imports_and_the_runtime_has_not(
    function: str, imports: grimp.ImportGraph
) -> None:
    needed = needed_by(f"spotify_pipeline.lambdas.{function}", imports) - {"boto3", "botocore"}
    assert needed
    assert required(function) == needed


def required(name: str) -> set[str]:
    """The distributions that deploy/requirements-NAME.txt names."""
    lines = (ROOT / "deploy" / f"requirements-{name}.txt").read_text().splitlines()
    return {line for line in lines if not line.startswith("#")}


def needed_by(entry: str, imports: grimp.ImportGraph) -> set[str]:
    """The distributions that a module imports, and those that it imports of the package."""
    imported: set[str] = set()
    following = {entry}
    while following:
        module = following.pop()
        imported.add(module)
        if module.startswith("spotify_pipeline"):
            package = module.rpartition(".")[0]
            following |= ({package, *imports.find_modules_directly_imported_by(module)} - imported) - {""}
    others = {name for name in imported if not name.startswith("spotify_pipeline")} - sys.stdlib_module_names
    distributions = importlib.metadata.packages_distributions()
    return {_normal(distributions[name][0]) for name in others}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_runtime_has_the_oldest_boto3_that_the_package_allows() -> None:
    (oldest,) = re.findall(r'"boto3>=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert f"\nboto3=={oldest}.0\n" in (ROOT / "requirements-lambda.txt").read_text()


@pytest.mark.parametrize("architecture", MACHINES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_zip_holds_what_its_function_needs_and_byte_code_that_is_used_as_it_is(
    function: str, architecture: str, zip_of: Callable[[str], Path], bundle: ModuleType
) -> None:
    with zipfile.ZipFile(zip_of(f"{function}-{architecture}")) as archive:
        entries = archive.infolist()
        names = {entry.filename for entry in entries}
        assert f"spotify_pipeline/lambdas/{function}.py" in names
        assert not {name.partition("/")[0].removesuffix(".py") for name in names} & NOT_IN_ZIPS
        for source in names:
            if source.endswith(".py"):
                folder, _, name = source.rpartition("/")
                byte_code = f"{folder}/__pycache__/{name}c".lstrip("/").replace(".pyc", ".cpython-313.pyc")
                assert int.from_bytes(archive.read(byte_code)[4:8], "little") == _UNCHECKED_HASH, source
                assert f"/var/task/{source}".encode() in archive.read(byte_code)  # no path of whoever built it
        binaries = [name for name in names if name.endswith(".so")]
        assert binaries
        for name in binaries:
            with archive.open(name) as binary:
                assert struct.unpack("<H", binary.read(20)[18:])[0] == MACHINES[architecture], name
        assert [entry.filename for entry in entries] == sorted(names, key=lambda name: name.split("/"))
        assert {(entry.date_time, entry.external_attr) for entry in entries} == {
            ((1980, 1, 1, 0, 0, 0), 0o100644 << 16)
        }
        assert 0 < sum(entry.file_size for entry in entries) < bundle.LIMITS[function] * 1_000_000


def test_whoever_builds_a_zip_gets_the_same_bytes(
    zip_of: Callable[[str], Path], lambda_python: Path, tmp_path: Path
) -> None:
    elsewhere, temporary = tmp_path / "elsewhere", tmp_path / "temporary"
    temporary.mkdir()
    for folder in ("spotify_pipeline", "deploy"):
        shutil.copytree(ROOT / folder, elsewhere / folder, copy_function=shutil.copy)  # with other times
    shutil.copy(ROOT / "constraints.txt", elsewhere)
    built = tmp_path / "extract-arm64.zip"
    subprocess.run(
        [lambda_python, elsewhere / "deploy" / "bundle.py", built],
        cwd=tmp_path,
        env={**os.environ, "PYTHONHASHSEED": "1", "TMPDIR": str(temporary), "TZ": "Asia/Tokyo"},
        umask=0o077,
        check=True,
    )
    assert built.read_bytes() == zip_of("extract-arm64").read_bytes()
    assert not list(temporary.iterdir())


def test_a_function_that_has_grown_too_large_is_not_built(bundle: ModuleType, tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as large:
        large.truncate(30_100_000)
    with pytest.raises(SystemExit, match=r"extract for arm64 unpacks to 30\.1 MB, more than the 30 MB"):
        bundle._check_size(tmp_path, "extract", "arm64")
    bundle._check_size(tmp_path, "transform", "arm64")
