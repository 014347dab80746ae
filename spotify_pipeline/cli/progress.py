"""Progress of long work on standard error: a bar on a terminal, a few lines elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from spotify_pipeline.progress import Progress

_LINES = 10


@contextmanager
def shown_progress(what: str) -> Iterator[Progress]:
    """Give the progress that shows how far `what` is."""
    if not sys.stderr.isatty():
        yield _Lines(what)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    detail = TextColumn("[dim]{task.fields[detail]}")
    with Bars(*columns, detail, console=Console(stderr=True), transient=True) as bars:
        yield _Bar(bars, bars.add_task(what, total=None, detail=""))


class _Bar(Progress):
    def __init__(self, bars: Bars, task: TaskID) -> None:
        self._bars, self._task = bars, task

    def count(self, done: int, total: int, text: str) -> None:
        self._bars.update(self._task, completed=done, total=total, detail=text)

    def tell(self, text: str) -> None:
        self._bars.update(self._task, detail=text)


class _Lines(Progress):
    """A line for each tenth, and for everything else that is told."""

    def __init__(self, what: str) -> None:
        self._what, self._lines = what, 0

    def count(self, done: int, total: int, text: str) -> None:
        if done == 0:  # something else begins
            self._lines = 0
        if total and done * _LINES // total > self._lines:
            self._lines = done * _LINES // total
            click.echo(f"{self._what}: {done} of {total}: {text}", err=True)

    def tell(self, text: str) -> None:
        click.echo(f"{self._what}: {text}", err=True)
