"""What answers SQL: Athena, or DuckDB in its place. The same statement gets the same answer from both."""

from typing import Any, NamedTuple, Protocol


class Answer(NamedTuple):
    """Column names, and a tuple of Python values for each row."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


class Engine(Protocol):
    """Answers one statement in Athena's dialect at a time."""

    def ask(self, sql: str) -> Answer:
        """The answer; `QueryError` where the statement is not understood or cannot be executed."""
        ...
