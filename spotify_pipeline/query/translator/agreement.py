"""Which kinds of values can stand together: Athena converts no text to a number or a date, where DuckDB does.

Only what the text of a query shows is refused; the types of columns are not known here.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from sqlglot import exp

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.translator.kinds import COMPOUND, Kind
from spotify_pipeline.query.translator.writer import Writer, shown

_NUMBERS: Final[frozenset[Kind]] = frozenset({"integer", "decimal", "double"})
_MOMENTS: Final[frozenset[Kind]] = frozenset({"date", "timestamp", "timestamptz"})


def agree(kinds: Iterable[Kind | None], place: str) -> None:
    """Refuse values without a type that all of them can be converted to.

    Raises:
        QueryError: there are two such kinds; the message names the place in the query.
    """
    seen = dict.fromkeys(_family(kind) for kind in kinds if kind)
    if len(seen) > 1:
        first, second = list(seen)[:2]
        raise QueryError(f"Athena does not bring {first} and {second} together, as in {place!r}: CAST one of them.")


def _family(kind: Kind) -> str:
    return "number" if kind in _NUMBERS else "date or timestamp" if kind in _MOMENTS else kind


def operands_agree(writer: Writer, node: exp.Expr, *operands: exp.Expr) -> None:
    """Refuse operands of a node as `agree` does."""
    agree(map(writer.kind, operands), shown(node))


def comparable(writer: Writer, node: exp.Expr, *operands: exp.Expr) -> None:
    """Refuse to compare values of different types, and arrays and rows.

    NULL inside the latter is unknown to Athena, but a value to DuckDB.

    Raises:
        QueryError: there are such operands.
    """
    if COMPOUND.intersection(map(writer.kind, operands)):
        raise QueryError(f"Arrays, maps and rows cannot be compared as in {shown(node)!r}; compare their parts.")
    operands_agree(writer, node, *operands)


def calculable(writer: Writer, node: exp.Binary) -> None:
    """Refuse to calculate with what is no number, date, time or interval, or with a date and a number.

    Raises:
        QueryError: an operand is such a one.
    """
    kinds = {kind for kind in map(writer.kind, (node.left, node.right)) if kind}
    if kinds - _NUMBERS - _MOMENTS - {"interval"} or (
        kinds & _MOMENTS and (kinds & _NUMBERS or not isinstance(node, exp.Add | exp.Sub))
    ):
        raise QueryError(f"Athena cannot calculate {shown(node)!r}: CAST texts, and move dates by an INTERVAL.")


def condition(writer: Writer, node: exp.Expr) -> str:
    """Write an expression that must be true, false or NULL.

    Raises:
        QueryError: it is a value of another kind.
    """
    if (kind := writer.kind(node)) not in ("boolean", None):
        raise QueryError(f"A condition is true or false in Athena, unlike {shown(node)!r}, which is {kind}.")
    return writer.sql(node)


def columns_agree(rows: Sequence[Sequence[Kind | None]], place: str) -> None:
    """Refuse rows of which a column holds values as `agree` does; rows of different lengths are left to DuckDB."""
    if len(set(map(len, rows))) == 1:
        for column in zip(*rows, strict=True):
            agree(column, place)


def kinds_of_columns(writer: Writer, query: exp.Expr) -> list[Kind | None]:
    """Tell the kinds of a query's output columns; none where a star stands for them."""
    if isinstance(query, exp.SetOperation | exp.Subquery):
        return kinds_of_columns(writer, query.this)
    columns = query.expressions if isinstance(query, exp.Select) else []
    return [] if any(column.is_star for column in columns) else [writer.kind(column) for column in columns]


def kind_of_only_column(writer: Writer, query: exp.Expr) -> Kind | None:
    """Tell the kind of the value of a query that stands for one."""
    kinds = kinds_of_columns(writer, query)
    return kinds[0] if len(kinds) == 1 else None
