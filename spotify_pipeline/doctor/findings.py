"""What an examination finds: a line for each thing that the daily job needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Facts = Mapping[str, str | int | None]
"""What was found, for programs."""


class Group(StrEnum):
    """What a finding is about, in the order in which the parts build on each other."""

    SPOTIFY = "spotify"
    PLAYLISTS = "playlists"
    STORAGE = "storage"
    FUNCTIONS = "functions"
    SPARK = "spark"
    CATALOG = "catalog"


class State(StrEnum):
    """How good or bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    NOT_ASKED = "not asked"


@dataclass(frozen=True)
class Finding:
    """What was found out about one thing.

    Attributes:
        group: the part that it belongs to.
        subject: what was looked at, as people call it.
        state: how good or bad it is.
        detail: what was found, in words.
        facts: the same for programs; empty where it was not found out.
        fails_day: whether the daily job would fail because of it; `detail` is then a sentence of its own.
    """

    group: Group
    subject: str
    state: State
    detail: str
    facts: Facts = field(default_factory=dict)
    fails_day: bool = False


@dataclass(frozen=True)
class Examination:
    """All findings, group by group."""

    findings: tuple[Finding, ...]

    @property
    def failure(self) -> str | None:
        """Why the daily job would fail, the first reason of perhaps several; None if it would not."""
        return next((finding.detail for finding in self.findings if finding.fails_day), None)
