"""Laws of the difference between two lists, on lists with many repetitions."""

from collections import Counter
from collections.abc import Sequence
from functools import cache

from hypothesis import example, given
from hypothesis import strategies as st

from spotify_pipeline.tables.difference import Difference, difference

LISTS = st.lists(st.sampled_from("abcde"), max_size=12) | st.lists(st.integers(0, 60), max_size=60)


def applied(found: Difference, before: Sequence[object], after: Sequence[object]) -> list[object]:
    """The second list, made of what the first has kept and of what is new or moved in the second."""
    placed = {new: before[old] for old, new in found.moved} | {new: after[new] for new in found.added}
    gone = {*found.removed, *(old for old, _ in found.moved)}
    stays = iter([item for position, item in enumerate(before) if position not in gone])
    return [placed[position] if position in placed else next(stays) for position in range(len(after))]


def longest_common_subsequence(before: list[object], after: list[object]) -> int:
    """Its length, by the definition."""

    @cache
    def length(old: int, new: int) -> int:
        if old == len(before) or new == len(after):
            return 0
        if before[old] == after[new]:
            return 1 + length(old + 1, new + 1)
        return max(length(old + 1, new), length(old, new + 1))

    return length(0, 0)


@given(LISTS, LISTS)
def test_it_turns_one_list_into_the_other(before: list[object], after: list[object]) -> None:
    found = difference(before, after)
    assert applied(found, before, after) == after
    assert sorted([*found.removed, *(old for old, _ in [*found.stayed, *found.moved])]) == list(range(len(before)))
    assert sorted([*found.added, *(new for _, new in [*found.stayed, *found.moved])]) == list(range(len(after)))
    assert all(before[old] == after[new] for old, new in [*found.stayed, *found.moved])
    for ascending in (found.stayed, found.removed, found.added, [new for _, new in found.moved]):
        assert ascending == sorted(ascending)


@given(LISTS)
def test_a_list_does_not_differ_from_itself(items: list[object]) -> None:
    assert difference(items, items) == Difference([(place, place) for place in range(len(items))], [], [], [])


@given(st.lists(st.sampled_from("abcd"), max_size=14), st.lists(st.sampled_from("abcd"), max_size=14))
@example(list("abcab"), list("bcaab"))
def test_as_few_as_possible_have_moved(before: list[object], after: list[object]) -> None:
    in_both = (Counter(before) & Counter(after)).total()
    found = difference(before, after)
    assert len(found.moved) == in_both - longest_common_subsequence(before, after)
    assert len(found.removed) == len(before) - in_both
    assert len(found.added) == len(after) - in_both


@given(LISTS, st.data())
def test_one_insertion_is_one_addition(items: list[object], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(items)))
    found = difference(items, [*items[:place], "new", *items[place:]])
    assert (found.added, found.moved, found.removed) == ([place], [], [])


def test_ten_thousand_items_in_another_order_are_no_matter() -> None:
    before = list(range(10_000))
    after = [number * 7_919 % 10_000 for number in before]
    found = difference(before, after)
    assert applied(found, before, after) == after
    assert len(found.stayed) + len(found.moved) == 10_000
