"""The zips, unpacked where there is nothing else, and called as AWS calls them: a cold start and a whole day."""

import os
import platform
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deploy.template import Template
from spotify_pipeline.backends.choice import choose_backends
from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline.settings import load_settings
from spotify_pipeline_tests.bundles.runtime import FunctionProcess, Report
from spotify_pipeline_tests.conftest import CAPTURES, FIRST_ARCHIVE_DAY
from spotify_pipeline_tests.lambdas.conftest import DAY, SCHEDULED, Functions
from spotify_pipeline_tests.test_replayed_days import published, run_day, served

_SIZES = Template().settable()
MEGABYTES = {"extract": int(_SIZES["ExtractMemory"]), "transform": int(_SIZES["TransformMemory"])}
ARCHITECTURE = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine())
OF_THE_RUNTIME = {
    "awslambdaric",
    "boto3",
    "botocore",
    "dateutil",
    "jmespath",
    "runtime_client",
    "s3transfer",
    "simplejson",
    "six",
    "snapshot_restore_py",
    "urllib3",
}


@dataclass(frozen=True)
class Spotify:
    """A Spotify, the day that it has, and how to find out the rows that `playlist_items` must have of it."""

    url: str
    day: date
    rows: Callable[[], Counter[tuple[Any, ...]]]


@pytest.fixture
def spotify(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Spotify]:
    """A Spotify with real playlists, or where those are not here, the demo's."""
    if CAPTURES.is_dir():
        replay: Callable[..., Any] = request.getfixturevalue("replay")
        server = replay(mode="development", owned="all", date=str(FIRST_ARCHIVE_DAY))
        yield Spotify(server.url, FIRST_ARCHIVE_DAY, lambda: served(server, FIRST_ARCHIVE_DAY))
    else:
        with DemoServer(DemoCatalogue(), day=DAY) as demo:
            yield Spotify(demo.url, DAY, lambda: of_the_steps(tmp_path / "data"))


def of_the_steps(data_dir: Path) -> Counter[tuple[Any, ...]]:
    login = {"SPOTIPY_CLIENT_ID": "client", "SPOTIPY_CLIENT_SECRET": "secret", "SPOTIFY_REFRESH_TOKEN": "token"}
    settings = load_settings(SPOTIFY_PIPELINE_TARGET="local", SPOTIFY_PIPELINE_DATA_DIR=str(data_dir), **login)
    local = choose_backends(settings)
    run_day(local, DAY)
    return published(local, DAY)


@pytest.fixture
def function(zip_of: Callable[[str], Path], lambda_python: Path, tmp_path: Path) -> Callable[[str], FunctionProcess]:
    """`function("extract")`: its process, to be started when its environment is set."""

    def unpack(name: str) -> FunctionProcess:
        with zipfile.ZipFile(zip_of(f"{name}-{ARCHITECTURE}")) as archive:
            archive.extractall(tmp_path / name / "task")
        variables = {k: v for k, v in os.environ.items() if k.startswith(("SPOTIFY_PIPELINE_", "AWS_"))}
        folder = tmp_path / name / "seen"
        folder.mkdir()
        handler = f"spotify_pipeline.lambdas.{name}.handler"
        return FunctionProcess(lambda_python, tmp_path / name / "task", handler, folder, variables)

    return unpack


@pytest.mark.skipif(ARCHITECTURE is None or sys.platform != "linux", reason="Lambda has no machines like this one")
def test_a_whole_day_runs_in_the_zips_with_what_they_and_the_runtime_have(
    function: Callable[[str], FunctionProcess],
    spotify: Spotify,
    name_functions: Callable[[str], Functions],
    monkeypatch: pytest.MonkeyPatch,
    zip_of: Callable[[str], Path],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    functions = name_functions(spotify.url)
    for variable in ("SPOTIFY_PIPELINE_TODAY", "SPOTIFY_PIPELINE_START_DATE"):
        monkeypatch.setenv(variable, str(spotify.day))

    with function("extract") as extraction:
        extracted = extraction.invoke(SCHEDULED)
    with function("transform") as transformation:
        key = f"playlists/snapshot_date={spotify.day}/_manifest.json"
        transformed = transformation.invoke(functions.manifest_event(key))

    assert extracted["playlists"]["failed"] == 0
    assert transformed["published_days"] == 1
    assert "problems" not in transformed
    items = "SELECT playlist_id, position, item_type, item_key, track_id FROM playlist_items WHERE snapshot_date = DATE"
    rows = Counter(functions.warehouse.engine.ask(f"{items} '{spotify.day}'").rows)
    assert rows == spotify.rows()
    assert rows.total() == transformed["rows"]["playlist_items"] > 300

    for name, process in (("extract", extraction), ("transform", transformation)):
        megabytes, task_root = process.report.peak_kilobytes / 1024, tmp_path / name / "task"
        record_property(
            "measured",
            f"{name}: cold start {process.cold_start:.2f} s, peak memory {megabytes:.0f} MB of {MEGABYTES[name]}",
        )
        assert 0 < megabytes < MEGABYTES[name]
        check_that_only_the_zip_and_the_runtime_are_used(process.report, task_root)
        with zipfile.ZipFile(zip_of(f"{name}-{ARCHITECTURE}")) as archive:
            unpacked = {task_root / entry for entry in archive.namelist()}
        assert {path for path in task_root.rglob("*") if path.is_file()} == unpacked  # nothing is written there


def check_that_only_the_zip_and_the_runtime_are_used(report: Report, task_root: Path) -> None:
    files = {
        name: Path(origin) for name, origin in report.modules.items() if origin not in {None, "built-in", "frozen"}
    }
    library = files["json"].parents[1]
    of_the_zip = {name for name, file in files.items() if file.is_relative_to(task_root)}
    of_the_library = {
        name for name, file in files.items() if file.is_relative_to(library) and "site-packages" not in file.parts
    }
    others = {name: file for name, file in files.items() if name not in of_the_zip | of_the_library}
    assert {name.partition(".")[0] for name in others} <= OF_THE_RUNTIME
    assert "spotify_pipeline.lambdas" in of_the_zip
    assert not any(name.startswith("spotify_pipeline") for name in others)

    assert not [file for file in report.compiled if Path(file).is_relative_to(task_root)]
