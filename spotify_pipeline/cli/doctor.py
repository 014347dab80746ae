"""`spotify-pipeline doctor`: whether the daily job would work, and what it could read."""

import dataclasses
import json
from collections.abc import Callable
from itertools import groupby

import click
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from spotify_pipeline.cli.progress import shown_progress
from spotify_pipeline.cli.terminal import drawn
from spotify_pipeline.demo.backends import open_backends
from spotify_pipeline.doctor import Examination, State, examine
from spotify_pipeline.errors import PipelineError
from spotify_pipeline.history.words import visible
from spotify_pipeline.settings import load_settings

_STYLES = {State.OK: "green", State.WARNING: "yellow", State.PROBLEM: "bold red", State.NOT_ASKED: "dim"}
_LONGEST_SUBJECT = 40  # characters of a playlist's name


def _as_table(examination: Examination) -> str:
    """Subject, state and detail; as wide as the terminal, with colours where it shows them."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), show_header=False)
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=_LONGEST_SUBJECT)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for group, findings in groupby(examination.findings, lambda finding: finding.group):
        if table.rows:
            table.add_row()
        table.add_row(Text(group.capitalize(), "bold"))
        for finding in findings:
            state = Text(finding.state, _STYLES[finding.state])
            table.add_row(Padding(_text(finding.subject), (0, 0, 0, 2)), state, _text(finding.detail))
    return drawn(table)


def _text(text: str) -> Text:
    return Text(visible(text))


def _as_json(examination: Examination) -> str:
    findings = [dataclasses.asdict(finding) for finding in examination.findings]
    return json.dumps({"failure": examination.failure, "findings": findings}, ensure_ascii=False, indent=2)


_FORMATS: dict[str, Callable[[Examination], str]] = {"table": _as_table, "json": _as_json}


@click.command()
@click.option("--format", "output", type=click.Choice(list(_FORMATS)), default="table", show_default=True)
def doctor(output: str) -> None:
    """Tell whether the daily job would work, and what it could read. Fails where the job would."""
    backends = open_backends(load_settings())
    with shown_progress("Asking Spotify") as progress:
        examination = examine(backends, progress.tell)
    click.echo(_FORMATS[output](examination))
    if examination.failure:
        raise PipelineError(f"The daily job would fail: {examination.failure}")
