"""Named queries: files that explain themselves, with typed parameters that have defaults."""

import re
from datetime import date
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.named import NamedQuery, Parameter, named_queries, named_query
from spotify_pipeline.query.translator import to_duckdb

QUERIES = named_queries()


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_each_query_explains_itself_and_is_athena_sql(query: NamedQuery) -> None:
    assert query.title
    assert query.description.endswith(".")
    assert to_duckdb(query.sql())
    used = set(re.findall(r"(?<![:\w]):(\w+)", query.body))
    assert used == {parameter.name for parameter in query.parameters}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_every_line_of_a_head_is_understood(query: NamedQuery) -> None:
    text = resources.files("spotify_pipeline").joinpath("queries", f"{query.name}.sql").read_text()
    head = [line for line in text.splitlines() if line.startswith("--")]
    assert len(head) == 2 + len(query.parameters)


def test_values_take_the_place_of_parameters() -> None:
    sql = named_query("playlist_on_day").sql({"playlist": "it's", "day": "2026-10-01"})
    assert "item.playlist_id = 'it''s' AND item.snapshot_date = DATE '2026-10-01'" in sql


@pytest.mark.parametrize(
    ("kind", "wrong"), [("date", "yesterday"), ("date", "2026-02-30"), ("integer", "1.5"), ("integer", "1; DROP")]
)
def test_values_of_another_type_are_refused(kind: str, wrong: str) -> None:
    with pytest.raises(QueryError, match=f"p takes .*, not {re.escape(repr(wrong))}"):
        Parameter("p", kind, "0", "").literal(wrong)


@given(st.text())
def test_any_text_stays_one_literal(text: str) -> None:
    literal = Parameter("p", "string", "", "").literal(text)
    assert literal[0] == literal[-1] == "'"
    assert literal[1:-1].replace("''", "") == text.replace("'", "")
    assert literal.count("'") % 2 == 0


@given(st.dates())
def test_any_day_is_a_date_literal(day: date) -> None:
    assert Parameter("p", "date", "", "").literal(day.isoformat()) == f"DATE '{day.isoformat()}'"
