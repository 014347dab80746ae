"""What `dagster dev` shows before anything has run."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dagster import AssetKey, AssetSpec, Definitions
from dagster._core.definitions.freshness import FreshnessPolicy

from spotify_pipeline.definitions import build_defs
from spotify_pipeline.steps.notices import WATCHES
from spotify_pipeline.steps.verification import VERIFICATIONS
from spotify_pipeline.tables.audit import CHECKS
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.orchestration.conftest import DAY, BackendsOn

ASSETS = {"raw_playlists", *TABLES, "catalog", "playlist_report"}


@pytest.fixture
def defs(backends_on: BackendsOn) -> Definitions:
    return build_defs(backends_on(DAY))


@pytest.fixture
def specs(defs: Definitions) -> dict[str, AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}


def test_definitions_load_without_settings_and_touch_neither_files_nor_network(tmp_path: Path) -> None:
    blocked = "import socket; socket.socket.connect = lambda *_: 1 / 0; from spotify_pipeline.definitions import defs"
    subprocess.run([sys.executable, "-W", "error", "-c", blocked], cwd=tmp_path, env={"PATH": ""}, check=True)
    assert not list(tmp_path.iterdir())


def test_what_only_some_steps_need_is_not_imported_before_the_graph_is_shown(tmp_path: Path) -> None:
    program = (
        "import sys; from spotify_pipeline.definitions import defs; "
        "late = {'altair', 'boto3', 'dagster_aws', 'jinja2', 'numpy', 'pandas', 'pyarrow', 'rich', 'vl_convert'}; "
        "taken = late & sys.modules.keys(); assert not taken, taken"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env={"PATH": ""}, check=True)


@pytest.mark.parametrize(("compute", "made"), [("lambda", "InLambda"), ("spark", "InSpark")])
def test_pipes_is_not_imported_before_it_is_used(compute: str, made: str, tmp_path: Path) -> None:
    variables = {
        "SPOTIFY_PIPELINE_TARGET": "aws",
        "SPOTIFY_PIPELINE_COMPUTE": compute,
        "SPOTIFY_PIPELINE_RAW_BUCKET": "my-raw",
        "SPOTIFY_PIPELINE_TABLES_BUCKET": "my-tables",
    }
    program = (
        "import sys; from spotify_pipeline.definitions import defs; "
        "taken = {'dagster_aws', 'aws_lambda_powertools', 'pyspark'} & sys.modules.keys(); assert not taken, taken; "
        f"assert type(defs.resources['compute']).__name__ == '{made}'"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env={"PATH": "", **variables}, check=True)


def test_there_is_an_asset_for_the_raw_playlists_each_table_and_the_catalog(specs: dict[str, AssetSpec]) -> None:
    assert specs.keys() == ASSETS | {"imported_playlists"}


@pytest.mark.parametrize("name", sorted(ASSETS))
def test_each_asset_says_what_it_is(specs: dict[str, AssetSpec], name: str) -> None:
    spec = specs[name]
    assert spec.description
    assert spec.group_name in {"spotify", "tables", "catalog"}
    assert spec.kinds
    assert spec.owners
    assert spec.code_version
    assert FreshnessPolicy.from_asset_spec_metadata(spec.metadata) or spec.freshness_policy


@pytest.mark.parametrize("name", sorted(TABLES))
def test_column_schemas_are_those_of_the_declarations(specs: dict[str, AssetSpec], name: str) -> None:
    columns = specs[name].metadata["dagster/column_schema"].columns
    declared = TABLES[name].columns
    assert [(column.name, column.type, column.description) for column in columns] == [
        (column.name, column.type.value, column.description) for column in declared
    ]
    assert [column.constraints.nullable for column in columns] == [column.nullable for column in declared]


def test_every_check_of_the_audit_blocks_the_catalog_and_no_other(defs: Definitions) -> None:
    graph = defs.resolve_asset_graph()
    found = {(key.asset_key.to_user_string(), key.name): graph.get(key).blocking for key in graph.asset_check_keys}
    audited = {(check.table, check.name): True for check in CHECKS}
    told = [("raw_playlists", watch.name) for watch in WATCHES] + [("catalog", each.name) for each in VERIFICATIONS]
    told.append(("playlist_report", "written"))
    assert found == audited | dict.fromkeys(told, False)


def test_today_is_a_partition_and_tomorrow_is_not(defs: Definitions) -> None:
    partitions = defs.resolve_asset_graph().get(AssetKey("tracks")).partitions_def
    assert partitions is not None
    now = datetime(2026, 11, 23, 0, 1, tzinfo=UTC)
    assert partitions.get_partition_keys(current_time=now)[-1] == "2026-11-23"
