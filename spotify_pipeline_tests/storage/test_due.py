"""Which days are due, and until when: for a folder and for S3."""

from datetime import date

import pytest

from spotify_pipeline.storage.due import DueDays
from spotify_pipeline.storage.objects import SharedStore, open_store
from spotify_pipeline.storage.spans import Span, Spans

LATE, LATER, DAY, NEXT = (date(2026, 11, number) for number in range(1, 5))


@pytest.fixture
def store(location: str) -> SharedStore:
    return open_store(location)


@pytest.fixture
def due(store: SharedStore) -> DueDays:
    return DueDays(store)


def test_nothing_is_due_at_first_and_nothing_is_written_for_nothing(due: DueDays, store: SharedStore) -> None:
    due.add([], since=LATE)
    assert due.load() == {}
    assert store.list("") == []


def test_days_are_due_oldest_first_each_with_the_days_that_made_it_so(due: DueDays, store: SharedStore) -> None:
    due.add([NEXT, DAY], since=LATER)
    due.add([NEXT], since=LATE)
    due.add([NEXT], since=LATER)
    assert [(day, each.day, each.since) for day, each in DueDays(store).load().items()] == [
        (DAY, DAY, (LATER,)),
        (NEXT, NEXT, (LATE, LATER)),
    ]


def test_a_day_is_let_go_once_what_was_made_after_it_became_due_is_published(due: DueDays) -> None:
    due.add([DAY, NEXT], since=LATE)
    due.let_go(due.load()[DAY])  # tables that are older were published
    due.note_made(due.load()[DAY])
    assert {day: each.made for day, each in due.load().items()} == {DAY: True, NEXT: False}
    due.let_go(due.load()[DAY])
    assert due.load().keys() == {NEXT}


def test_a_day_that_becomes_due_once_more_meanwhile_stays_due(due: DueDays) -> None:
    due.add([DAY], since=LATE)
    begun = due.load()[DAY]
    due.add([DAY], since=LATER)
    due.note_made(begun)
    (again,) = due.load().values()
    assert (again.made, again.mark != begun.mark) == (False, True)
    due.note_made(again)
    made = due.load()[DAY]
    due.add([DAY], since=LATER)
    due.let_go(made)
    assert due.load().keys() == {DAY}


def test_of_many_days_the_first_ones_are_told(due: DueDays) -> None:
    for number in range(1, 6):
        due.add([DAY], since=date(2026, 10, number))
    assert due.load()[DAY].reason == "2026-10-01, 2026-10-02, 2026-10-03 and 2 more days"


def test_spans_only_grow_and_before_they_are_noted_they_are_not_known(store: SharedStore) -> None:
    spans = Spans(store)
    assert spans.load() is None
    spans.widen({"p": Span(DAY, DAY), "q": Span(LATE, NEXT)})
    spans.widen({"p": Span(LATER, LATER), "q": Span(DAY, DAY)})
    assert spans.load() == Spans(store).load() == {"p": Span(LATER, DAY), "q": Span(LATE, NEXT)}
