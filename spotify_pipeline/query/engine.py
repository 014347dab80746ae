"""What answers SQL: Athena, or DuckDB in its place. The same statement gets the same answer from both."""

from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

_DOLLARS_PER_TEBIBYTE = 5.0  # Athena's price in most regions
_LEAST_BILLED_BYTES = 10 * 2**20


class Scan(NamedTuple):
    """What a query has read, and is billed for."""

    bytes: int

    @property
    def dollars(self) -> float:
        """What it costs, about: Athena bills ten megabytes at least, and some regions cost more."""
        return max(self.bytes, _LEAST_BILLED_BYTES) * _DOLLARS_PER_TEBIBYTE / 2**40

    def __str__(self) -> str:
        return f"{self.bytes / 2**20:,.1f} MiB scanned, about {self.dollars:.5f} dollars"


class Answer(NamedTuple):
    """Column names, and a tuple of Python values for each row; with what was scanned, where that is billed."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    scan: Scan | None = None


class Session(Protocol):
    """Answers one statement in Athena's dialect at a time."""

    def ask(self, sql: str) -> Answer:
        """The answer; `QueryError` where the statement is not understood or cannot be executed."""
        ...


class Engine(Session, Protocol):
    """Answers whoever has one statement, and whoever has several."""

    def session(self) -> AbstractContextManager[Session]:
        """What answers several statements for the cost of one connection, all of them from the same catalog."""
        ...
