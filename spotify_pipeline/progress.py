"""How far long work is, and what it waits for: told by whoever works, shown by whoever started it."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

_LOG_LINES = 20

_T = TypeVar("_T")


class Progress:
    """Shows nothing; what has a terminal, a log or Dagster at hand derives from it."""

    def count(self, done: int, total: int, text: str) -> None:
        """So many of so many things are done; `text` says what came of the newest."""

    def tell(self, text: str) -> None:
        """Something else that is worth knowing now, such as what is being waited for."""

    def each(self, things: Sequence[_T], text: str) -> Iterator[_T]:
        """The things, each of them counted when it is taken."""
        for number, thing in enumerate(things, start=1):
            self.count(number, len(things), text)
            yield thing


class LoggedProgress(Progress):
    """Some twenty lines, however much there is to do, for a log; and all of it for whoever else is shown it."""

    def __init__(self, log: Callable[[str], object], shown: "Progress | None" = None) -> None:
        """Lines go to `log`."""
        self._log, self._shown = log, shown or SILENT

    def count(self, done: int, total: int, text: str) -> None:
        """A line for each twentieth."""
        self._shown.count(done, total, text)
        if done * _LOG_LINES // max(total, 1) > (done - 1) * _LOG_LINES // max(total, 1):
            self._log(f"{done} of {total}: {text}")

    def tell(self, text: str) -> None:
        """A line."""
        self._shown.tell(text)
        self._log(text)


SILENT = Progress()
