"""What the page shows of one question in one scope, and how it is made."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Link(NamedTuple):
    """A name that leads to a page on open.spotify.com, or, with `scope`, to a part of this page; with a note."""

    text: str
    url: str | None = None
    scope: str | None = None
    note: str | None = None


Cell = str | int | Link | None
Rows = list[dict[str, str | int | float | None]]


class Key(NamedTuple):
    """An entry of a legend: the mark, by the name of its style, and what it means."""

    mark: str
    meaning: str


@dataclass(frozen=True)
class Panel:
    """One question in one scope.

    Attributes:
        summary: the answer in a sentence; where there is nothing to draw, why.
        data: the rows of each of the chart's sources; empty where there is nothing to draw, or no chart is needed.
        head: the names of the table's columns.
        rows: the same as a table.
        bars: of lists that are drawn as bars in their table, the length of each row as a share of the longest, all 0
            where all are equally long, and there is nothing to compare.
        legend: what the marks mean that occur.
    """

    summary: str
    data: dict[str, Rows] = field(default_factory=dict)
    head: tuple[str, ...] = ()
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    bars: list[float] = field(default_factory=list)
    legend: tuple[Key, ...] = ()
