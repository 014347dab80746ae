"""The frame of the translation: what stands in an allowlist of syntax is written, everything else is refused.

A rule names the parts of a node that it writes. A node without a rule, or with a part that its rule does not name, is
refused: so whatever sqlglot may learn to parse, nothing is passed on, or dropped, by accident.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import ErrorLevel, exp

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.translator.kinds import Kind


def _unknown(_writer: "Writer", _node: exp.Expr) -> Kind | None:
    return None


@dataclass(frozen=True)
class Rule:
    """How one class of nodes is written, the parts of it that this takes care of, and how its kind is told."""

    write: Callable[["Writer", Any], str]
    parts: tuple[str, ...] = ()
    kind: Callable[["Writer", Any], Kind | None] = _unknown


@dataclass(frozen=True)
class Writer:
    """Writes syntax trees of Athena SQL as DuckDB SQL."""

    rules: Mapping[type[exp.Expr], Rule]

    def sql(self, node: exp.Expr) -> str:
        """Write one node.

        Raises:
            QueryError: a part of it is not supported.
        """
        return self.checked(node).write(self, node)

    def checked(self, node: exp.Expr) -> Rule:
        """Give the rule for a node, after a look at the parts that the node has.

        Raises:
            QueryError: there is no rule, or a part that it does not write.
        """
        rule = self.rules.get(type(node))
        if rule is None:
            raise QueryError(f"Athena SQL on DuckDB does not support {shown(node)!r}.")
        for part, value in node.args.items():
            if value and part not in rule.parts:
                clause = part.strip("_").upper()
                raise QueryError(f"Athena SQL on DuckDB does not support {clause} in {shown(node)!r}.")
        return rule

    def each(self, nodes: Iterable[exp.Expr]) -> list[str]:
        """Write several nodes."""
        return [self.sql(node) for node in nodes]

    def kind(self, node: exp.Expr) -> Kind | None:
        """Tell the kind of an expression, as far as the text of the query shows it."""
        rule = self.rules.get(type(node))
        return rule.kind(self, node) if rule else None


def is_kind(kind: Kind) -> Callable[[Writer, exp.Expr], Kind]:
    """Make the function for a rule whose nodes all have one kind."""
    return lambda _writer, _node: kind


def inner_kind(writer: Writer, node: exp.Expr) -> Kind | None:
    """Tell the kind of a node that has the kind of what it holds."""
    return writer.kind(node.this)


def shown(node: exp.Expr) -> str:
    """Show the beginning of a piece of Athena SQL, for a message."""
    text = node.sql(comments=False, normalize_functions=False, unsupported_level=ErrorLevel.IGNORE)
    return text if len(text) <= 60 else f"{text[:57]}..."
