"""Spans: what is known of each day, without holes."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from spotify_pipeline.report.history import NOT_RUN, History, Span, without_items
from spotify_pipeline_tests.report.invented import DAY, day, facts_of, gap, read


def days_in(history: History, state: str) -> set[date]:
    return {one for span in history.all_spans if span.state == state for one in span.dates}


_STATES = st.sampled_from(["read", "failed", "restricted", "not_found", NOT_RUN])


@given(st.dictionaries(st.sampled_from("abc"), st.lists(_STATES, min_size=1, max_size=12), min_size=1))
def test_every_day_from_the_first_to_the_newest_has_one_span_that_says_what_came_of_it(
    lines: dict[str, list[str]],
) -> None:
    runs = []
    for playlist_id, states in lines.items():
        for number, state in enumerate(states):
            if state == "read":
                runs.append(read(playlist_id, number, number))
            elif state != NOT_RUN:
                runs.append(gap(playlist_id, number, number, state))
    if not runs:
        return
    history = History(facts_of(*runs))
    for playlist_id, spans in history.spans.items():
        told = {one: span.state for span in spans for one in span.dates}
        first = min(run.first_day for run in runs if run.playlist_id == playlist_id)
        assert sorted(told) == [
            first + timedelta(days=number) for number in range((history.newest_day - first).days + 1)
        ]
        for one, state in told.items():
            number = (one - DAY).days
            assert state == (lines[playlist_id][number] if number < len(lines[playlist_id]) else NOT_RUN)
        assert sum(span.days for span in without_items(spans)) == len(told)
    asked = {run.first_day for run in runs}
    assert days_in(history, "read") == asked
    assert (
        days_in(history, NOT_RUN)
        == {
            one
            for one in (history.first_day + timedelta(days=number) for number in range(12))
            if one < history.newest_day
        }
        - asked
    )


def test_gaps_that_do_not_touch_stay_apart() -> None:
    spans = History(
        facts_of(read("p", 0, 0), gap("p", 1, 1), read("p", 2, 3, 5), read("p", 4, 4, 6), gap("p", 5, 6))
    ).of("p")
    gaps = without_items(span for span in spans if span.state != "read")
    assert [(one.first_day, one.last_day) for one in gaps] == [(day(1), day(1)), (day(5), day(6))]
    assert [(one.state, one.days) for one in without_items(spans)] == [
        ("read", 1),
        ("failed", 1),
        ("read", 3),
        ("failed", 2),
    ]


def test_a_day_on_which_one_of_several_failed_is_not_known_whole() -> None:
    history = History(facts_of(read("a", 0, 3), read("b", 0, 0), gap("b", 1, 1), read("b", 3, 3)))
    assert history.unknown == {day(1): 1, day(2): 1}
    assert [span.state for span in history.all_spans] == ["read"]


def test_what_a_restricted_or_lost_playlist_does_is_not_expected_to_be_known() -> None:
    history = History(facts_of(read("a", 0, 3), gap("b", 0, 3, "restricted"), gap("c", 0, 3, "not_found")))
    assert not history.unknown
    assert history.is_gone("c")
    assert not history.is_gone("b")
    assert history.last_read("b") is None
    assert history.last_read("a") == Span("read", "", 3, day(0), day(3))
