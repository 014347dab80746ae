"""Details of artists and albums as an asset, which is there only if the settings say so."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from dagster import AssetKey, DagsterInstance, Definitions

from spotify_pipeline.cli.daily_job import Step, execute_day
from spotify_pipeline.definitions import build_defs
from spotify_pipeline.demo.backends import DemoBackends
from spotify_pipeline.spotify.details import ARTISTS
from spotify_pipeline.storage.objects import open_store
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.orchestration.conftest import DAY, BackendsOn
from spotify_pipeline_tests.orchestration.test_daily_snapshot import run


@pytest.fixture
def enriching(backends_on: BackendsOn) -> Callable[[date], DemoBackends]:
    """The backends of a demo folder on a day, with enrichment."""

    def make(day: date) -> DemoBackends:
        backends = backends_on(day)
        backends.settings = backends.settings.model_copy(update={"enrich": "new"})
        return backends

    return make


def upstream(definitions: Definitions) -> dict[str, set[str]]:
    graph = definitions.resolve_asset_graph()
    return {
        key.to_user_string(): {parent.to_user_string() for parent in graph.get(key).parent_keys}
        for key in graph.get_all_asset_keys()
    }


def test_details_stand_between_the_raw_playlists_and_the_tables(backends_on: BackendsOn, enriching: BackendsOn) -> None:
    usual = upstream(build_defs(backends_on(DAY)))
    assert upstream(build_defs(enriching(DAY))) == {
        **usual,
        "raw_details": {"raw_playlists"},
        **{name: {"raw_playlists", "raw_details"} for name in TABLES},
    }


def test_the_asset_says_what_it_is(enriching: BackendsOn) -> None:
    specs = {spec.key: spec for spec in build_defs(enriching(DAY)).resolve_all_asset_specs()}
    details, playlists = specs[AssetKey("raw_details")], specs[AssetKey("raw_playlists")]
    assert details.description
    assert (details.group_name, details.kinds, details.owners) == ("spotify", playlists.kinds, playlists.owners)
    assert details.partitions_def == playlists.partitions_def


def test_a_day_is_enriched_before_it_is_transformed_and_shows_what_was_read(
    enriching: BackendsOn, instance: DagsterInstance
) -> None:
    backends = enriching(DAY)
    result = run(backends, instance)
    assert result.success
    (shown,) = result.asset_materializations_for_node("raw_details")
    artists, albums = (backends.tables.read(name, DAY) for name in ("artists", "albums"))
    assert {name: value.value for name, value in shown.metadata.items()} == {
        "artists_wanted": artists.height,
        "artists_read": artists.height,
        "artists_missing": 0,
        "albums_wanted": albums.height,
        "albums_read": albums.height,
        "albums_missing": 0,
        "requests": 1 + artists.height + albums.height,
    }
    assert not artists["image_url"].has_nulls()


def test_without_enrichment_nothing_is_read(backends_on: BackendsOn, instance: DagsterInstance) -> None:
    backends = backends_on(DAY)
    assert run(backends, instance).success
    assert {key.split("/")[0] for key in open_store(str(backends.settings.data_dir / "raw")).list("")} == {"playlists"}
    assert backends.tables.read("artists", DAY)["image_url"].is_null().all()


def test_for_a_day_that_is_over_it_says_why_nothing_was_read(
    backends_on: BackendsOn, enriching: BackendsOn, instance: DagsterInstance
) -> None:
    run(backends_on(DAY), instance)
    result = run(enriching(DAY + timedelta(days=1)), instance, selection=["raw_details", *TABLES, "catalog"])
    assert result.success
    (shown,) = result.asset_materializations_for_node("raw_details")
    assert "only tells what is now" in str(shown.metadata["reason"].value)
    assert shown.metadata["artists_missing"].value == shown.metadata["artists_wanted"].value


@pytest.mark.parametrize("step", Step)
def test_the_command_line_enriches_whenever_it_extracts(
    step: Step, enriching: BackendsOn, instance: DagsterInstance
) -> None:
    backends = enriching(DAY)
    run(backends, instance, selection=["raw_playlists", *TABLES])
    execute_day(backends, DAY, instance, step=step)
    assert bool(backends.raw.details.ids(ARTISTS)) is (step is Step.EXTRACT)


def test_later_steps_run_without_it(enriching: BackendsOn, instance: DagsterInstance) -> None:
    run(enriching(DAY), instance, selection=["raw_playlists"])
    assert run(enriching(DAY + timedelta(days=1)), instance, selection=[*TABLES, "catalog"]).success
