"""Stays of items in a playlist, found by counting copies reading by reading: an independent way to `memberships`."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

DAY = timedelta(days=1)


class Stay(NamedTuple):
    """A row of `memberships`, without the playlist and the bounds in days."""

    item_key: str
    occurrence: int
    first_seen: date
    last_seen: date
    removed_between_start: date | None
    removed_between_end: date | None
    left_censored: bool
    is_current: bool


def stays(readings: Mapping[date, list[str]]) -> list[Stay]:
    """All stays, sorted; `readings` has what stood in the playlist on the days on which it was read."""
    days = sorted(readings)
    copies = {day: Counter(readings[day]) for day in days}
    most = Counter[str]()
    for count in copies.values():
        most |= count
    found = []
    for key, occurrence in ((each, number + 1) for each in most for number in range(most[each])):
        there = [day for day in days if copies[day][key] >= occurrence]
        first_days = [day for day in there if day == days[0] or days[days.index(day) - 1] not in there]
        for first in first_days:
            last = next(
                day for day in there if day >= first and (day == days[-1] or days[days.index(day) + 1] not in there)
            )
            is_current = last == days[-1]
            gone = None if is_current else days[days.index(last) + 1]
            found.append(
                Stay(key, occurrence, first, last, gone and last, gone, first == days[0], is_current),
            )
    return sorted(found)


def days_in_question(stay: Stay, readings: Mapping[date, list[str]]) -> list[date]:
    """The days on which it can have been there: from after the reading before it to before the one that lacks it."""
    before = max((day for day in readings if day < stay.first_seen), default=stay.first_seen - DAY)
    after = stay.removed_between_end or stay.last_seen + DAY
    return [before + number * DAY for number in range(1, (after - before).days)]
