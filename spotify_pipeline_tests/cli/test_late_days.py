"""`spotify-pipeline run` for a day that comes late."""

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from dagster import AssetKey, AssetRecordsFilter, RunsFilter

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.cli.daily_job import open_instance
from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline.orchestration.sensors import DUE_SINCE
from spotify_pipeline.settings import load_settings
from spotify_pipeline.steps.extract import extract_day
from spotify_pipeline.steps.publish import publish_day
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline_tests.cli.conftest import Run

DAYS = [date(2026, 10, 5) + timedelta(days=number) for number in range(3)]


@pytest.fixture
def read(name_spotify: Callable[[str, str], None], data_dir: Path, tmp_path: Path) -> Callable[..., Backends]:
    """`read(day)`: read a day as `run` does, in the data folder or another one; gives the backends."""

    def read(day: date, folder: Path = data_dir) -> Backends:
        with DemoServer(DemoCatalogue(), day=day) as server:
            name_spotify(server.url, day.isoformat())
            backends = choose_backends(load_settings(SPOTIFY_PIPELINE_DATA_DIR=str(folder)))
            backends.raw.commit(extract_day(backends, day))
        return backends

    return read


def publish(backends: Backends, day: date) -> None:
    transform_day(backends, backends.raw.open_day(day))
    publish_day(backends, day)


def test_the_day_that_depends_on_it_is_made_again_whatever_comes_of_others_and_dagster_shows_why(
    read: Callable[..., Backends], run: Run, data_dir: Path, tmp_path: Path
) -> None:
    before, late, after = DAYS
    for day in (before, after):
        publish(read(day), day)
    folder = read(late, tmp_path / "another machine").settings.data_dir / f"raw/playlists/snapshot_date={late}"
    shutil.copytree(folder, data_dir / f"raw/playlists/snapshot_date={late}")
    removed = after + timedelta(days=1)
    choose_backends(load_settings()).due.add([removed], since=after)

    outcome = run("run", "--from", "transform", "--date", str(late))

    assert outcome.code == 1
    last = outcome.err.splitlines()[-1]
    assert last.startswith(
        f"spotify-pipeline: {removed} depends on {after}, but could not be made again: There is no raw"
    )
    assert f"{after} was made again, because it depends on {late}" in outcome.out.splitlines()
    since = "SELECT DISTINCT previous_snapshot_date FROM playlist_events WHERE snapshot_date = DATE"
    assert run("query", f"{since} '{after}'", "--format", "csv").out.split()[1:] == [str(late)]
    with open_instance(data_dir) as instance:
        (again,) = instance.get_runs(RunsFilter(tags={DUE_SINCE: str(late)}))
        assert (again.tags["dagster/partition"], again.is_success) == (str(after), True)
        events = instance.fetch_materializations(
            AssetRecordsFilter(AssetKey("catalog"), asset_partitions=[str(late)]), limit=1
        )
        assert events.records[0].asset_materialization is not None
        assert events.records[0].asset_materialization.metadata["days_due"].value == [str(after)]
