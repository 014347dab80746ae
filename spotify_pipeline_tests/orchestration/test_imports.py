"""Importing history in Dagster: an asset of its own, apart from the daily job."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult, TableMetadataValue

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.definitions import build_defs
from spotify_pipeline.settings import load_settings
from spotify_pipeline_tests.imports.exports import csv_of
from spotify_pipeline_tests.orchestration.conftest import DAY as DEMO_DAY
from spotify_pipeline_tests.orchestration.conftest import BackendsOn

DAY = date(2026, 3, 1)
_ASSET = "imported_playlists"


@pytest.fixture
def backends(tmp_path: Path) -> Backends:
    """An empty data folder."""
    return choose_backends(load_settings(SPOTIFY_PIPELINE_DATA_DIR=str(tmp_path / "data")))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two songs, and a line that is none."""
    file = tmp_path / "Mixtape.csv"
    file.write_text(csv_of([1, 2]) + "nonsense\n")
    return file


def _run(backends: Backends, instance: DagsterInstance, **config: Any) -> ExecuteInProcessResult:
    job = build_defs(backends).resolve_job_def("import_playlists")
    return job.execute_in_process(
        run_config={"ops": {_ASSET: {"config": config}}}, instance=instance, raise_on_error=False
    )


def test_its_metadata_tells_what_was_accepted_refused_and_made(
    backends: Backends, instance: DagsterInstance, file: Path
) -> None:
    result = _run(backends, instance, path=str(file), day=str(DAY))
    (made,) = result.asset_materializations_for_node(_ASSET)[-1:]
    told = {name: value.value for name, value in made.metadata.items() if not isinstance(value, TableMetadataValue)}
    assert (told["dagster/row_count"], told["refused"], told["days_made"]) == (2, 1, 1)
    assert (told["first_day"], told["last_day"], told["kept_as_observed"]) == ("2026-03-01", "2026-03-01", 0)
    table = made.metadata["refused_rows"]
    assert isinstance(table, TableMetadataValue)
    (refused,) = table.records
    assert refused.data == {"file": "Mixtape.csv", "place": "line 4", "reason": "it has 1 cells instead of 7"}
    assert backends.engine.ask("SELECT count(*) FROM playlist_items").rows == [(2,)]


def test_the_days_that_it_made_are_there_in_the_graph(
    backends: Backends, instance: DagsterInstance, file: Path
) -> None:
    _run(backends, instance, path=str(file), day=str(DAY))
    for name in ("raw_playlists", "playlist_items", "catalog"):
        assert instance.get_materialized_partitions(AssetKey(name)) == {str(DAY)}


def test_it_fails_with_the_sentence(backends: Backends, instance: DagsterInstance) -> None:
    result = _run(backends, instance, path="nowhere")
    failure = result.failure_data_for_node(_ASSET)
    assert failure is not None
    assert "There is no file or folder nowhere." in str(failure)


def test_without_a_path_nothing_is_imported(backends: Backends, instance: DagsterInstance) -> None:
    result = _run(backends, instance)
    assert result.success
    assert result.asset_materializations_for_node(_ASSET) == []


def test_nothing_real_is_imported_into_a_demo(backends_on: BackendsOn, instance: DagsterInstance, file: Path) -> None:
    result = _run(backends_on(DEMO_DAY), instance, path=str(file), day=str(DEMO_DAY))
    assert "holds the demo's invented history" in str(result.failure_data_for_node(_ASSET))


def test_the_daily_job_does_not_import(backends: Backends) -> None:
    job = build_defs(backends).resolve_job_def("daily_snapshot")
    assert AssetKey(_ASSET) not in job.asset_layer.executable_asset_keys
