"""Functions of arrays, maps and rows.

The parameters of the lambdas that are written here begin with an underscore, so that they hide no column.
"""

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.translator.calls import ANY, Call, Function, built, let, scalar
from spotify_pipeline.query.translator.duckdb_text import comma, unless_null


def _lambda(call: Call, position: int, parameters: int) -> tuple[list[str], str]:
    """Take a lambda apart: the SQL of its parameters, and of its body."""
    node = call.nodes[position]
    if not isinstance(node, exp.Lambda) or len(node.expressions) != parameters:
        raise QueryError(f"The function {call.name} takes a lambda with {parameters} parameters.")
    names, _, body = call.args[position].removeprefix("lambda ").partition(": ")
    return names.split(", "), body


def _folded(operator: str, start: str) -> Callable[[Call], str]:
    """Write the logical AND or OR of a predicate over an array: NULL as in three-valued logic."""

    def form(call: Call) -> str:
        values = call.fill("list_transform({0}, {1})")
        folded = f"list_reduce({values}, lambda _seen, _next: _seen {operator} _next, {start})"
        return f"(NOT {folded})" if call.name == "none_match" else folded

    return form


def _reduce(call: Call) -> str:
    state = call.fill("list_reduce({0}, {2}, {1})")
    (parameter,), finish = _lambda(call, 3, 1)
    return state if finish == parameter else let(parameter, state, finish)


def _zip_with(call: Call) -> str:
    (left, right), body = _lambda(call, 2, 2)
    inner = let(left, "_pair[1]", let(right, "_pair[2]", body))
    return f"list_transform({_zipped(call.args[:2])}, lambda _pair: {inner})"


def _over_entries(call: Call) -> tuple[str, str]:
    """Give the entries of a map, and the body of a lambda over (key, value) as one over an entry."""
    (key, value), body = _lambda(call, 1, 2)
    return call.fill("map_entries({0})"), let(key, "_entry.key", let(value, "_entry.value", body))


def _map_filter(call: Call) -> str:
    entries, body = _over_entries(call)
    return f"map_from_entries(list_filter({entries}, lambda _entry: {body}))"


def _transform_values(call: Call) -> str:
    entries, body = _over_entries(call)
    return f"map_from_entries(list_transform({entries}, lambda _entry: {{'k': _entry.key, 'v': {body}}}))"


def _transform_keys(call: Call) -> str:
    entries, body = _over_entries(call)
    return f"map_from_entries(list_transform({entries}, lambda _entry: {{'k': {body}, 'v': _entry.value}}))"


def _array_join(call: Call) -> str:
    if call.kinds[0] not in ("array", None):
        raise QueryError("The function array_join takes an array.")
    element = "CAST(_item AS VARCHAR)" if len(call.args) == 2 else "coalesce(CAST(_item AS VARCHAR), {2})"
    refusal = "refuse('array_join is supported for texts, integers, decimals, booleans and dates only')"
    given = " AND ".join(f"{{{position}}} IS NOT NULL" for position in range(len(call.args)))
    # DuckDB gives NULL where every element is left out, and joins with nothing where the separator is NULL.
    return call.fill(
        f"(CASE WHEN regexp_matches(typeof({{0}}), "
        r"'^(DOUBLE|FLOAT|TIME|INTERVAL|JSON|STRUCT|TUPLE|MAP|BLOB)|\]\[\]$') "
        f"THEN {refusal} WHEN {given} "
        f"THEN coalesce(array_to_string(list_transform({{0}}, lambda _item: {element}), {{1}}), '') END)"
    )


def _sequence(call: Call) -> str:
    if any(kind in ("date", "timestamp") for kind in call.kinds[:2]) or call.kinds[2:] == ("interval",):
        return _sequence_of_days(call)
    if len(call.args) == 2:
        return call.fill("generate_series({0}, {1}, (CASE WHEN {0} <= {1} THEN 1 ELSE -1 END))")
    return call.fill(
        f"(CASE WHEN {{2}} = 0 OR ({{2}} > 0 AND {{1}} < {{0}}) OR ({{2}} < 0 AND {{1}} > {{0}}) "
        f"THEN {_WRONG_WAY} ELSE generate_series({{0}}, {{1}}, {{2}}) END)"
    )


def _sequence_of_days(call: Call) -> str:
    if len(call.args) == 2:
        step = "(CASE WHEN {0} <= {1} THEN INTERVAL '1' DAY ELSE INTERVAL '-1' DAY END)"
        return call.fill(f"cast_to_type(generate_series({{0}}, {{1}}, {step}), [{{0}}])")
    interval = call.nodes[2]
    if not isinstance(interval, exp.Interval) or int(interval.this.name) == 0:
        raise QueryError(
            "The step of a sequence of dates or times is supported as a literal, such as INTERVAL '1' DAY."
        )
    number, unit = int(interval.this.name), interval.text("unit").upper()
    series = "cast_to_type(generate_series({0}, {1}, {2}), [{0}])"
    if unit in _MONTHS:  # counted from the first day, so that the 31st comes again after a shorter month
        months = f"generate_series(0, date_sub('month', {{0}}, {{1}}), {number * _MONTHS[unit]})"
        series = (
            f"list_transform({months}, lambda _month: cast_to_type({{0}} + to_months(CAST(_month AS INTEGER)), {{0}}))"
        )
    return call.fill(f"(CASE WHEN {{1}} {'<' if number > 0 else '>'} {{0}} THEN {_WRONG_WAY} ELSE {series} END)")


_MONTHS: Final = {"MONTH": 1, "YEAR": 12}
_WRONG_WAY: Final = "error('the step of the sequence leads away from its end')"


def _element_at(call: Call) -> str:
    if call.kinds[0] == "map" or call.kinds[1] == "varchar":
        return call.fill("{0}[{1}]")
    return call.fill(
        "(CASE WHEN typeof({0}) LIKE '%]' AND TRY_CAST({1} AS BIGINT) = 0 "
        "THEN error('array positions begin at 1') ELSE {0}[{1}] END)"
    )


def _zip(call: Call) -> str:
    return _zipped(call.args)


def _zipped(arrays: tuple[str, ...]) -> str:
    return unless_null(arrays, f"list_zip({comma(arrays)})")  # DuckDB takes NULL for an empty array


def _map_concat(call: Call) -> str:
    return unless_null(call.args, call.fill("map_concat({args})"))  # likewise


_HAS_NULL: Final = "len({0}) > list_count({0})"
# Athena's arrays without repetitions keep the first of equal elements, NULL among them, and their order.
_FIRST_OF_EQUALS: Final = "list_filter(%s, lambda _item, _at: list_position(%s, _item) = _at)"


def _distinct(array: str) -> str:
    return _FIRST_OF_EQUALS % (array, array)


def _kept(array: str, condition: str, other: str) -> str:
    return f"list_filter({array}, lambda _kept: list_position({other}, _kept) {condition})"


def _array_intersect(call: Call) -> str:
    first, second = (_distinct(_kept(one, "IS NOT NULL", two)) for one, two in (call.args, call.args[::-1]))
    return call.fill("(CASE WHEN len({0}) < len({1}) ") + f"THEN {second} ELSE {first} END)"


def _array_except(call: Call) -> str:
    first, second = call.args
    return f"(CASE WHEN {second} IS NOT NULL THEN {_distinct(_kept(first, 'IS NULL', second))} END)"


ARRAYS: Final[dict[str, Function]] = {
    "all_match": built(_folded("AND", "true"), 2, returns="boolean"),
    "any_match": built(_folded("OR", "false"), 2, returns="boolean"),
    "array_distinct": built(lambda call: _distinct(call.args[0]), 1, returns="array"),
    "array_except": built(_array_except, 2, returns="array"),
    "array_intersect": built(_array_intersect, 2, returns="array"),
    "array_join": built(_array_join, 2, 3, returns="varchar"),
    "array_max": scalar(f"(CASE WHEN {_HAS_NULL} THEN NULL ELSE list_max({{0}}) END)"),
    "array_min": scalar(f"(CASE WHEN {_HAS_NULL} THEN NULL ELSE list_min({{0}}) END)"),
    "array_position": scalar(
        "(CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN CAST(coalesce(list_position({0}, {1}), 0) AS BIGINT) END)",
        returns="integer",
    ),
    "array_remove": scalar(
        "(CASE WHEN {1} IS NOT NULL THEN list_filter({0}, lambda _item: _item IS DISTINCT FROM {1}) END)",
        returns="array",
    ),
    "array_sort": scalar("list_sort({0}, 'ASC', 'NULLS LAST')", returns="array"),
    "array_union": built(lambda call: _distinct(call.fill("({0} || {1})")), 2, returns="array"),
    "arrays_overlap": scalar(
        f"(list_has_any({{0}}, {{1}}) OR "
        f"(CASE WHEN {_HAS_NULL} OR {_HAS_NULL.replace('{0}', '{1}')} THEN NULL ELSE false END))",
        returns="boolean",
    ),
    "cardinality": scalar("CAST(cardinality({0}) AS BIGINT)", returns="integer"),
    "contains": scalar(
        f"(list_contains({{0}}, {{1}}) OR (CASE WHEN {_HAS_NULL} THEN NULL ELSE false END))", returns="boolean"
    ),
    "element_at": built(_element_at, 2),
    "filter": scalar("list_filter({0}, {1})", returns="array"),
    "flatten": scalar("flatten({0})", returns="array"),
    "map": Function({0: "MAP {{}}", 2: "map({0}, {1})"}, returns="map"),
    "map_concat": built(_map_concat, ANY, returns="map"),
    "map_entries": scalar("map_entries({0})", returns="array"),
    "map_filter": built(_map_filter, 2, returns="map"),
    "map_from_entries": scalar("map_from_entries({0})", returns="map"),
    "map_keys": scalar("map_keys({0})", returns="array"),
    "map_values": scalar("map_values({0})", returns="array"),
    "none_match": built(_folded("OR", "false"), 2, returns="boolean"),
    "reduce": built(_reduce, 4),
    "repeat": scalar("list_transform(range(CAST({1} AS BIGINT)), lambda _time: {0})", returns="array"),
    "row": scalar("row({args})", returns="row"),
    "sequence": built(_sequence, 2, 3, returns="array"),
    "slice": scalar(
        "(CASE WHEN {1} = 0 THEN error('array positions begin at 1') "
        "WHEN {2} < 0 THEN error('the length of a slice cannot be negative') "
        "WHEN {1} < -len({0}) THEN list_slice({0}, 1, 0) "
        "WHEN {1} < 0 THEN list_slice({0}, len({0}) + {1} + 1, len({0}) + {1} + {2}) "
        "ELSE list_slice({0}, {1}, {1} + {2} - 1) END)",
        returns="array",
    ),
    "transform": scalar("list_transform({0}, {1})", returns="array"),
    "transform_keys": built(_transform_keys, 2, returns="map"),
    "transform_values": built(_transform_values, 2, returns="map"),
    "zip": built(_zip, *range(2, 6), returns="array"),
    "zip_with": built(_zip_with, 3, returns="array"),
}
