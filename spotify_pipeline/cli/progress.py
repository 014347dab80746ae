"""Progress of long work on standard error: a bar on a terminal, a few lines elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from spotify_pipeline.steps import Progress as Report

_LINES = 10


@contextmanager
def shown_progress(what: str) -> Iterator[Report]:
    """Give a function that shows how far `what` is."""
    if not sys.stderr.isatty():
        yield _LinePrinter(what)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    detail = TextColumn("[dim]{task.fields[detail]}")
    with Progress(*columns, detail, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None, detail="")
        yield lambda done, total, text: bar.update(task, completed=done, total=total, detail=text)


class _LinePrinter:
    def __init__(self, what: str) -> None:
        self._what, self._lines = what, 0

    def __call__(self, done: int, total: int, text: str) -> None:
        if total and done * _LINES // total > self._lines:
            self._lines = done * _LINES // total
            click.echo(f"{self._what}: {done} of {total}: {text}", err=True)
