"""The difference between two lists in which an item may occur several times.

What is in both has either stayed or moved, and as few as possible have moved: those outside a longest common
subsequence. So one insertion at the top is one addition, and not a move of all that is below.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """Positions, from 0, each list of them in ascending order.

    Attributes:
        stayed: pairs of a position before and one after; both ascend.
        moved: the same, of what has another place among the others; the positions after ascend.
        removed: positions before.
        added: positions after.
    """

    stayed: list[tuple[int, int]]
    moved: list[tuple[int, int]]
    removed: list[int]
    added: list[int]


def difference(before: Sequence[Hashable], after: Sequence[Hashable]) -> Difference:
    """What turns one list into the other.

    What is equal at both ends costs next to nothing; for the `n` entries between it takes n²/64 steps of a processor,
    which for ten thousand in random order is a twentieth of a second.

    Args:
        before: the items, by what tells them apart.
        after: as well.
    """
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    middle_before, middle_after = before[start : len(before) - end], after[start : len(after) - end]
    stayed = [(position, position) for position in range(start)]
    stayed += [(start + old, start + new) for old, new in _longest_common_subsequence(middle_before, middle_after)]
    stayed += [(len(before) - end + number, len(after) - end + number) for number in range(end)]
    return _with_moves(before, after, stayed)


def _common(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """How many items at the beginning are equal."""
    number = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        number += 1
    return number


def _longest_common_subsequence(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Pairs of positions of a longest common subsequence.

    Hyyrö's bit-parallel algorithm: row by row of the usual table, a bit for each column, which is 0 where the length of
    the subsequence grows by one. Python's integers have as many bits as there are items.
    """
    places: defaultdict[Hashable, int] = defaultdict(int)
    for position, item in enumerate(after):
        places[item] |= 1 << position
    everywhere = (1 << len(after)) - 1
    row, rows = everywhere, []
    for item in before:
        matches = row & places.get(item, 0)
        row = ((row + matches) | (row - matches)) & everywhere
        rows.append(row)
    pairs = []
    old, new = len(before) - 1, len(after) - 1
    while old >= 0 and new >= 0:
        if rows[old] >> new & 1:
            new -= 1
        elif old > 0 and not rows[old - 1] >> new & 1:
            old -= 1  # it grows there as well, without this item
        else:
            pairs.append((old, new))
            old, new = old - 1, new - 1
    return pairs[::-1]


def _with_moves(before: Sequence[Hashable], after: Sequence[Hashable], stayed: list[tuple[int, int]]) -> Difference:
    """The rest: occurrences that are left over in both lists have moved, first to first."""
    stayed_before, stayed_after = {old for old, _ in stayed}, {new for _, new in stayed}
    left_over: defaultdict[Hashable, list[int]] = defaultdict(list)
    for position in reversed(range(len(before))):
        if position not in stayed_before:
            left_over[before[position]].append(position)
    moved, added = [], []
    for position, item in enumerate(after):
        if position not in stayed_after:
            if left_over.get(item):
                moved.append((left_over[item].pop(), position))
            else:
                added.append(position)
    removed = sorted(position for positions in left_over.values() for position in positions)
    return Difference(stayed, moved, removed, added)
