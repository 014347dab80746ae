"""The days that are due: their tables have to be made again, because what SQL shows of an earlier day has changed.

A day becomes due before that change can be seen, and is so until tables that were made after it are published, or are
held back: a process that is killed in between forgets none. Each time a day becomes due it gets another mark, so that
whoever makes it again lets go of no more than was known when he began.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import uuid4

import msgspec
from msgspec import Struct

from spotify_pipeline.storage.objects import SharedStore
from spotify_pipeline.storage.state import SharedState

_SHOWN_DAYS = 3


class Due(Struct, frozen=True):
    """A day that is due.

    Attributes:
        day: the day.
        since: the earlier days of which SQL shows something else since the day's tables were made, oldest first; and
            the day itself, where its own documents have changed.
        mark: tells this from any other time at which the day was due.
        made: whether the tables that are staged for the day were made after it became due.
    """

    day: date
    since: tuple[date, ...]
    mark: str
    made: bool = False

    @property
    def reason(self) -> str:
        """What is in `since`, as far as it is worth telling."""
        earlier = [str(day) for day in self.since if day != self.day]
        more = len(earlier) - _SHOWN_DAYS
        told = [*(["a change of its documents"] if self.day in self.since else []), *earlier[:_SHOWN_DAYS]]
        return f"{', '.join(told)} and {more} more days" if more > 0 else ", ".join(told)


class _Days(Struct, frozen=True):
    days: list[Due] = []


class DueDays:
    """All of them, in one object: there are few, and one request tells that there is none."""

    def __init__(self, objects: SharedStore) -> None:
        """Keep them in `objects`."""
        self._state = SharedState(objects, "due-days", _Days)

    def load(self) -> dict[date, Due]:
        """What is due now, oldest first."""
        return _by_day(self._state.load())

    def add(self, days: Iterable[date], since: date) -> None:
        """Make days due, because what SQL shows of the day `since` is about to change."""
        self._add(dict.fromkeys(days, since))

    def add_changed(self, days: Iterable[date]) -> None:
        """Make days due whose own documents have changed."""
        self._add({day: day for day in days})

    def _add(self, days: Mapping[date, date]) -> None:
        """Make days due, each because of another one."""
        new = {day: (since, uuid4().hex) for day, since in days.items()}

        def added(current: _Days | None) -> _Days:
            due = _by_day(current)
            for day, (since, mark) in new.items():
                before = due[day].since if day in due else ()
                due[day] = Due(day, tuple(sorted({*before, since})), mark)
            return _Days([due[day] for day in sorted(due)])

        if new:
            self._state.change(added)

    def drop_before(self, first: date) -> None:
        """Let go the days before one, which are not kept."""
        self._state.change(lambda current: _Days([due for due in _by_day(current).values() if due.day >= first]))

    def note_made(self, due: Due) -> None:
        """Take down that the tables which are staged now were made after the day became due, if it was this time."""
        self._replace(due, msgspec.structs.replace(due, made=True))

    def let_go(self, due: Due) -> None:
        """Take it that what was made again is shown, or held back, unless the day has become due once more since."""
        if due.made:
            self._replace(due)

    def _replace(self, due: Due, *instead: Due) -> None:
        def replaced(current: _Days | None) -> _Days:
            days = _by_day(current).values()
            return _Days([new for old in days for new in (instead if old.mark == due.mark else (old,))])

        self._state.change(replaced)


def _by_day(days: _Days | None) -> dict[date, Due]:
    return {due.day: due for due in days.days} if days else {}
