"""Operators whose meaning differs: division, addition and subtraction, `||`, and the subscript.

They are written like calls of functions, with the operands as arguments.
"""

from typing import Final

from sqlglot import exp

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.translator.calls import Call
from spotify_pipeline.query.translator.kinds import arithmetic

_CLOCK_UNITS: Final = ("SECOND", "MINUTE", "HOUR")
_MOMENTS: Final = ("date", "timestamp", "timestamptz")


def divide(call: Call) -> str:
    """Write a division: integers truncate, decimals keep the larger scale, doubles know infinity."""
    kind = arithmetic(exp.Div, *call.kinds)
    if kind == "integer":
        return call.fill("({0} // {1})")
    if kind in ("double", "interval"):
        return call.fill("({0} / {1})")
    # DuckDB divides decimals as doubles: the fifteen digits that are certain round as the exact quotient does.
    decimal = "cast_to_type(printf('%.15g', CAST({0} // {1} AS DOUBLE)), {0} + {1})"
    if kind == "decimal":
        return call.fill(decimal)
    return call.fill(
        "(CASE WHEN typeof({0} + {1}) IN ('DOUBLE', 'FLOAT') "  # DuckDB's // fails on a double divided by zero
        "THEN cast_to_type({0} / {1}, {0} + {1}) "
        f"WHEN typeof({{0}} + {{1}}) LIKE 'DECIMAL%' THEN {decimal} "
        "ELSE cast_to_type({0} // {1}, {0} + {1}) END)"
    )


def add(call: Call) -> str:
    """Write an addition."""
    left, right = call.kinds
    if right == "interval" and left != "interval":
        return _moved(call, "+", 0, 1)
    if left == "interval" and right != "interval":
        return _moved(call, "+", 1, 0)
    return call.fill("({0} + {1})")


def subtract(call: Call) -> str:
    """Write a subtraction: of two dates it gives an interval, where DuckDB counts days."""
    left, right = call.kinds
    if right == "interval" and left != "interval":
        return _moved(call, "-", 0, 1)
    if {left, right} & set(_MOMENTS):
        return call.fill("(CAST({0} AS TIMESTAMP) - CAST({1} AS TIMESTAMP))")
    if right is None and left is None:
        refusal = "refuse('subtracting dates is not supported; date_diff counts the days between them')"
        return call.fill(f"({{0}} - (CASE WHEN typeof({{1}}) = 'DATE' THEN {refusal} ELSE {{1}} END))")
    return call.fill("({0} - {1})")


def _moved(call: Call, operator: str, moment: int, interval: int) -> str:
    """Write a date or time moved by an interval: a date stays a date, which DuckDB makes a timestamp."""
    moved = f"{{{moment}}} {operator} {{{interval}}}"
    units = {node.text("unit").upper() for node in call.nodes[interval].find_all(exp.Interval)}
    if units.intersection(_CLOCK_UNITS):  # Athena allows these for timestamps only
        return call.fill(f"({moved})")
    return call.fill(f"cast_to_type({moved}, {{{moment}}})")


def concat(call: Call) -> str:
    """Write `||` or `concat`: NULL if anything is NULL; an array also takes an element at either end."""
    if len(call.args) == 2:
        left, right = call.kinds
        if left == "array" and right not in ("array", None):
            return call.fill("list_append({0}, {1})")
        if right == "array" and left not in ("array", None):
            return call.fill("list_prepend({0}, {1})")
    known = {kind for kind in call.kinds if kind}
    if "array" not in known and known - {"varchar"} and ("varchar" in known or None not in call.kinds):
        raise QueryError(f"Athena joins texts, or arrays, unlike {call.name!r}: CAST the others to varchar.")
    return f"({' || '.join(call.args)})"


def subscript(call: Call) -> str:
    """Write `a[i]`, which fails out of bounds, or for a key that a map lacks."""
    container, key = call.kinds
    if container == "row":
        return call.fill("{0}[{1}]")
    if container == "map" or key == "varchar":
        return call.fill(
            "(CASE WHEN NOT map_contains({0}, {1}) THEN error('the map has no such key') ELSE {0}[{1}] END)"
        )
    return call.fill(
        "(CASE WHEN NOT {1} BETWEEN 1 AND len({0}) THEN error('the array subscript is out of bounds') "
        "ELSE {0}[{1}] END)"
    )
