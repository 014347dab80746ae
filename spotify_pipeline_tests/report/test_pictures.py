"""Pictures for Dagster."""

import re

import polars as pl
import pytest

from spotify_pipeline.report.pictures import CAPTIONS, panel_picture, table_picture
from spotify_pipeline.report.scopes import Report, make_report
from spotify_pipeline.report.theme import GAP_COLOURS, LIGHT, in_light
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.report.invented import EMPTY_CASES
from spotify_pipeline_tests.tables.builders import sound_day


def size_of(picture: str | None) -> tuple[float, float]:
    assert picture is not None
    found = re.match(r'<svg [^>]*width="([\d.]+)" height="([\d.]+)"', picture)
    assert found
    return float(found[1]), float(found[2])


@pytest.mark.parametrize("table", sorted(CAPTIONS))
def test_a_table_s_day_has_a_picture_and_an_empty_day_has_none(table: str) -> None:
    width, height = size_of(table_picture(table, sound_day().__getitem__))
    assert 600 < width < 800
    assert 40 < height < 400

    def empty(name: str) -> pl.DataFrame:
        return pl.DataFrame(schema=TABLES[name].polars_schema())

    assert table_picture(table, empty) is None


@pytest.mark.parametrize("table", sorted(CAPTIONS))
def test_the_same_rows_are_the_same_picture_whatever_was_drawn_before(table: str) -> None:
    first, second = (table_picture(table, sound_day().__getitem__) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", ["calendar", "flow", "coverage", "decades", "overlap"])
def test_the_charts_of_the_page_are_pictures_too(name: str, report: Report) -> None:
    width, height = size_of(panel_picture(name, report.scopes[0].panels[name]))
    assert width > 100
    assert height > 60


def test_a_chart_that_has_nothing_to_show_is_no_picture() -> None:
    scope = make_report(EMPTY_CASES["one day"]).scopes[0]
    assert panel_picture("flow", scope.panels["flow"]) is None


def test_pictures_have_colours_for_names_and_for_hatching() -> None:
    fill = in_light({"fill": ["var(--ink)", "url(#gap-failed)", "steelblue"]})["fill"]
    assert fill == [LIGHT["ink"], GAP_COLOURS["failed"], "steelblue"]
