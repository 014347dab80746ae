"""Answers as a table, CSV and JSON."""

import csv
import io
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from spotify_pipeline.query.engine import Answer
from spotify_pipeline.query.formats import as_csv, as_json, as_table

ANSWER = Answer(
    ["name", "tracks", "days", "share"],
    [
        ("Late, Again", 12, [date(2026, 1, 1), date(2026, 1, 2)], Decimal("1.50")),
        (None, None, None, None),
        ("", 3, [], Decimal(2)),
    ],
)


def test_a_table_has_aligned_columns_and_says_how_many_rows() -> None:
    lines = as_table(ANSWER).splitlines()
    assert lines[0].split() == ["name", "tracks", "days", "share"]
    assert "    12 " in lines[2]
    assert "[2026-01-01, 2026-01-02]" in lines[2]
    assert lines[-1] == "3 rows"
    assert as_table(Answer(["n"], [(1,)])).endswith("1 row")


def test_numbers_stand_to_the_right_decimals_too() -> None:
    lines = as_table(Answer(["n", "share"], [(1, Decimal("9.5")), (100, Decimal("12.5")), (None, None)])).splitlines()
    assert lines[2:4] == ["   1     9.5", " 100    12.5"]


def test_a_table_is_never_cut_or_folded() -> None:
    long = "x" * 500
    assert long in as_table(Answer(["a", "b"], [(long, long)]))


def test_text_in_brackets_is_not_taken_for_a_style() -> None:
    assert "[bold] [/x]" in as_table(Answer(["[red]"], [("[bold] [/x]",)]))


def test_csv_tells_a_null_from_an_empty_text() -> None:
    assert as_csv(ANSWER).splitlines() == [
        "name,tracks,days,share",
        '"Late, Again",12,"[2026-01-01, 2026-01-02]",1.50',
        ",,,",
        '"",3,[],2',
    ]


@given(st.lists(st.tuples(st.text(), st.text(min_size=1)), max_size=5))
def test_csv_is_read_back_as_it_was(rows: list[tuple[Any, ...]]) -> None:
    text = as_csv(Answer(["a", "b"], rows))
    assert [tuple(row) for row in csv.reader(io.StringIO(text, newline=""))] == [("a", "b"), *rows]


def test_json_is_a_list_of_objects_with_days_and_times_in_iso_form() -> None:
    answer = Answer(["day", "at", "ok"], [(date(2026, 1, 1), datetime(2026, 1, 1, 5, 30), True)])  # noqa: DTZ001
    assert json.loads(as_json(answer)) == [{"day": "2026-01-01", "at": "2026-01-01T05:30:00", "ok": True}]
    assert json.loads(as_json(Answer(["n"], []))) == []


def test_json_numbers_stay_numbers() -> None:
    assert json.loads(as_json(Answer(["a", "b", "c"], [(1, 2.5, Decimal("1.5"))]))) == [{"a": 1, "b": 2.5, "c": 1.5}]


def test_numbers_that_json_does_not_have_are_texts() -> None:
    answer = Answer(["x", "list", "row"], [(float("nan"), [float("inf"), 1.5], {"y": float("-inf")})])
    assert json.loads(as_json(answer)) == [{"x": "NaN", "list": ["Infinity", 1.5], "row": {"y": "-Infinity"}}]


def test_rows_maps_and_truth_are_shown_as_athena_shows_them() -> None:
    assert as_csv(Answer(["row", "ok"], [({"a": 1, "b": None}, True)])) == 'row,ok\n"{a=1, b=}",true'
