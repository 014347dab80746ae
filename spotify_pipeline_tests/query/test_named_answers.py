"""What the named queries answer about the demo's history: as plain loops over its rows, and as in the stored files."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlglot import exp, parse_one

from spotify_pipeline.query.engine import Answer
from spotify_pipeline.query.named import NamedQuery, named_queries
from spotify_pipeline_tests.query.golden import FOLDER, as_golden, golden_file
from spotify_pipeline_tests.query.history import DAYS, FAILED, History
from spotify_pipeline_tests.query.readings import READINGS

QUERIES = named_queries()
ALL = pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)

ROAD_TRIP = "3uhm1N2ka3HWr2Qoi3CG7o"
DEEP_WORK = "0sKIl5LDyX8fO240htw55j"  # could not be read on some days
NOT_RUN = date(2026, 10, 7)
OTHER_DAYS = (DAYS[0], min(day for _, day in FAILED), NOT_RUN)
OTHER_VALUES: dict[str, list[dict[str, Any]]] = {
    "album_completeness": [{"most": 3}],
    "changes_by_day": [{"playlist": DEEP_WORK}, {"playlist": "nobody's"}, {"since": NOT_RUN}],
    "genres": [{"most": 2}],
    "longest_stays": [{"most": 2000}],
    "most_shared_recordings": [{"most": 1000}],
    "new_artists": [{"since": DAYS[0]}, {"since": DAYS[-1]}],
    "oldest_additions": [{"most": 1000}],
    "playlist_growth": [{"playlist": ROAD_TRIP, "since": DAYS[7]}, {"playlist": "nobody's"}],
    "playlist_on_day": [{"playlist": ROAD_TRIP}, {"playlist": ROAD_TRIP, "day": DAYS[3]}],
    "playlist_overlap": [{"at_least": 4}],
    "removed_items": [{"playlist": ROAD_TRIP}, {"since": DAYS[-1]}],
    "renamed_playlists": [{"since": date(2026, 10, 11)}],
    "requests_by_day": [{"since": NOT_RUN}],
    "returned_items": [{"playlist": DEEP_WORK}, {"since": date(2026, 10, 16)}],
    "top_artists": [{"most": 1000}],
    # A track that was away for some days.
    "track_history": [{"track": "5GiXTibU8laqmMbHo2ThRl"}],
    "tracks_of_artist": [{"artist": "BLOODTITHE"}, {"artist": "it's nobody"}],
    # On one day it is found that of an item that stood twice one has gone, on another that a playlist was reordered.
    "what_changed": [{"day": date(2026, 10, 20)}, {"day": date(2026, 10, 16)}, {"playlist": ROAD_TRIP}],
}
CASES = [
    (query, values)
    for query in QUERIES.values()
    for values in [
        {},
        *OTHER_VALUES.get(query.name, []),
        *({"day": day} for day in OTHER_DAYS if "day" in {parameter.name for parameter in query.parameters}),
    ]
]


def ask(history: History, query: NamedQuery, **values: Any) -> Answer:
    return history.engine.ask(query.sql({name: str(value) for name, value in values.items()}))


def test_every_query_has_a_plain_reading_and_other_values_for_all_its_parameters() -> None:
    assert READINGS.keys() == QUERIES.keys()
    for query in QUERIES.values():
        tried = {name for one, values in CASES if one is query for name in values}
        assert tried == {parameter.name for parameter in query.parameters}


@pytest.mark.parametrize(("query", "values"), CASES, ids=[f"{query.name} {values}" for query, values in CASES])
def test_the_answer_is_that_of_plain_loops(query: NamedQuery, values: dict[str, Any], history: History) -> None:
    assert ask(history, query, **values).rows == READINGS[query.name](history, **values)


@ALL
def test_the_answer_is_the_stored_one(query: NamedQuery, history: History) -> None:
    stored = golden_file(query).read_text(encoding="utf-8")
    assert as_golden(history, query) == stored, "if this is meant, run `make golden` and `make docs`"
    assert len(stored.splitlines()) > 1


def test_no_stored_answer_is_left_of_a_query_that_is_gone() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(QUERIES)


@ALL
def test_no_column_holds_several_values_which_athena_shows_as_ambiguous_text(
    query: NamedQuery, history: History
) -> None:
    plain = (str, int, bool, Decimal, date, datetime)
    for row in ask(history, query).rows:
        assert all(value is None or isinstance(value, plain) for value in row)


@ALL
def test_the_order_of_the_rows_is_determined(query: NamedQuery, history: History) -> None:
    order = parse_one(query.sql(), read="athena").args["order"]
    keys = [ordered.this.name for ordered in order.expressions]
    assert all(isinstance(ordered.this, exp.Column) and not ordered.this.table for ordered in order.expressions)
    for day in (DAYS[-1], DAYS[0]):
        values: dict[str, Any] = {"day": day} if "day" in {parameter.name for parameter in query.parameters} else {}
        if any(parameter.name == "most" for parameter in query.parameters):
            values |= {"most": 10_000}
        answer = ask(history, query, **values)
        places = [answer.columns.index(key) for key in keys]
        sort_keys = [tuple(row[place] for place in places) for row in answer.rows]
        assert len(set(sort_keys)) == len(sort_keys)
