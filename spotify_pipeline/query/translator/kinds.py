"""What the text of a query alone tells about the type of an expression.

Nothing is known of a table's columns here. A kind that is known lets simple SQL be written; where it is not,
the SQL asks DuckDB for the type with `typeof`, which costs nothing at run time as DuckDB folds it while planning.
"""

from typing import Literal

from sqlglot import exp

Kind = Literal[
    "integer", "double", "decimal", "varchar", "boolean", "date", "timestamp", "timestamptz", "interval",
    "json", "varbinary", "array", "map", "row",
]  # fmt: skip

COMPOUND: frozenset[Kind | None] = frozenset({"array", "map", "row"})
_NUMBERS: tuple[Kind, ...] = ("integer", "decimal", "double")  # each is wide enough for those before it

KIND_OF_TYPE: dict[exp.DType, Kind] = {
    exp.DType.TINYINT: "integer",
    exp.DType.SMALLINT: "integer",
    exp.DType.INT: "integer",
    exp.DType.BIGINT: "integer",
    exp.DType.FLOAT: "double",
    exp.DType.DOUBLE: "double",
    exp.DType.DECIMAL: "decimal",
    exp.DType.VARCHAR: "varchar",
    exp.DType.BOOLEAN: "boolean",
    exp.DType.DATE: "date",
    exp.DType.TIMESTAMP: "timestamp",
    exp.DType.TIMESTAMPTZ: "timestamptz",
    exp.DType.JSON: "json",
    exp.DType.ARRAY: "array",
    exp.DType.MAP: "map",
    exp.DType.STRUCT: "row",
}


def joined(*kinds: Kind | None) -> Kind | None:
    """Give the kind of a value that can come from any of several expressions, if it is certain."""
    distinct = set(kinds)
    if len(distinct) == 1:
        return kinds[0]
    if distinct <= set(_NUMBERS):
        return max((kind for kind in kinds if kind is not None), key=_NUMBERS.index)
    return None


def arithmetic(operator: type[exp.Expr], left: Kind | None, right: Kind | None) -> Kind | None:
    """Give the kind of `left operator right`."""
    if "interval" in (left, right) and operator in (exp.Add, exp.Sub):
        return left if right == "interval" else right
    if "interval" in (left, right) or (operator is exp.Sub and {left, right} & {"date", "timestamp", "timestamptz"}):
        return "interval"
    if "double" in (left, right):
        return "double"
    return joined(left, right)
