"""Aggregates and window functions."""

import re
from typing import Final

from sqlglot import exp

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.translator.calls import Call, Function, aggregate, let
from spotify_pipeline.query.translator.duckdb_text import comma


def _sum(call: Call) -> str:
    total = call.aggregate("sum({distinct}{0})")
    if call.kinds[0] in ("double", "decimal", "interval"):
        return total
    if call.kinds[0] == "integer":
        return f"CAST({total} AS BIGINT)"
    return f"cast_to_type({total}, {call.aggregate('any_value({0} + CAST(0 AS BIGINT))')})"  # DuckDB: HUGEINT


def _avg(call: Call) -> str:
    if call.kinds[0] == "decimal":
        return f"cast_to_type({call.aggregate('avg({distinct}{0})')}, {call.aggregate('any_value({0})')})"
    if call.kinds[0] is not None:
        return call.aggregate("avg({distinct}{0})")
    refusal = "refuse('the average of a decimal column is not supported; cast it to double')"
    return call.aggregate(f"avg({{distinct}}CASE WHEN typeof({{0}}) LIKE 'DECIMAL%' THEN {refusal} ELSE {{0}} END)")


def _approx_percentile(call: Call) -> str:
    """Write one percentile, or an array of them: the value at the rank at which Athena finds it among few values."""
    wanted = call.nodes[1]
    fractions = [_fraction(node) for node in (wanted.expressions if isinstance(wanted, exp.Array) else [wanted])]
    value = "{0}"
    if call.kinds[0] == "decimal":
        value = "CAST({0} AS DOUBLE)"
    elif call.kinds[0] not in ("integer", "double"):
        refusal = "refuse('approx_percentile is supported for integers and doubles; cast the values to one of them')"
        value = f"CASE WHEN typeof({{0}}) NOT IN ({_PERCENTILES_OF}) THEN {refusal} ELSE {{0}} END"
    given = call.aggregate(f"list({{distinct}}{value})")
    ordered = f"list_sort(list_filter({given}, lambda _item: _item IS NOT NULL))"
    places = [
        f"_values[1 + least(CAST(floor({each} * len(_values)) AS BIGINT), len(_values) - 1)]" for each in fractions
    ]
    return let("_values", ordered, _one_or_array(places, wanted))


def _one_or_array(places: list[str], wanted: exp.Expr) -> str:
    if not isinstance(wanted, exp.Array):
        return places[0]
    return f"CASE WHEN len(_values) > 0 THEN [{comma(places)}] END"


def _fraction(node: exp.Expr) -> str:
    if not isinstance(node, exp.Literal) or node.is_string or not 0 <= float(node.name) <= 1:
        raise QueryError(
            "The percentage of approx_percentile is supported as a number from 0 to 1, or an array of such."
        )
    return f"CAST('{float(node.name)!r}' AS DOUBLE)"


_PERCENTILES_OF: Final = "'TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'FLOAT', 'DOUBLE'"


def _most(call: Call) -> str:
    """Write `max(x, n)` or `min(x, n)`: an array of the n extreme values."""
    return call.aggregate(f"{call.name}({{distinct}}{{0}}, {_number_of_values(call, 1)})")


def _most_by(call: Call) -> str:
    """Write `max_by(x, y, n)` or `min_by(x, y, n)`: an array of the x of the n extreme y."""
    direction = "DESC" if call.name == "max_by" else "ASC"
    pairs = call.aggregate("list({distinct}{{'y': {1}, 'x': {0}}})")
    known = f"list_filter({pairs}, lambda _pair: _pair.y IS NOT NULL)"
    first = f"list_slice(list_sort({known}, '{direction}'), 1, {_number_of_values(call, 2)})"
    return f"nullif(list_transform({first}, lambda _pair: _pair.x), [])"


def _number_of_values(call: Call, position: int) -> str:
    node = call.nodes[position]
    if not isinstance(node, exp.Literal) or node.is_string or not re.fullmatch(r"0*[1-9]\d*", node.name):
        raise QueryError(f"The function {call.name} is supported with a whole number above 0, as a literal, of values.")
    return node.name


_COUNTS_AS_BIGINT: Final = (
    "map_from_entries(list_transform(map_entries({}), lambda _entry: "
    "{{'k': _entry.key, 'v': CAST(_entry.value AS BIGINT)}}))"
)
# Of equal keys the first stays, and NULL is no key.
_FIRST_OF_EACH_KEY: Final = (
    "list_reduce([NULL] || list_transform(list_filter({}, lambda _entry: _entry.k IS NOT NULL), "
    "lambda _entry: map_from_entries([_entry])), lambda _seen, _next: map_concat(_next, _seen))"
)

AGGREGATES: Final[dict[str, Function]] = {
    "any_value": aggregate("any_value({0})", returns=0),
    "approx_distinct": aggregate("count(DISTINCT {0})", returns="integer"),  # exact, which is near enough
    "approx_percentile": Function({2: _approx_percentile}, aggregates=True),  # exact as well
    "arbitrary": aggregate("any_value({0})", returns=0),
    "array_agg": aggregate("list({distinct}{0}{order})", returns="array"),
    "avg": Function({1: _avg}, returns=None, aggregates=True),
    "bool_and": aggregate("bool_and({0})", returns="boolean"),
    "bool_or": aggregate("bool_or({0})", returns="boolean"),
    "corr": aggregate("corr({0}, {1})", returns="double"),
    "count": aggregate("count({distinct}{0})", returns="integer"),
    "count_if": aggregate("count_if({0})", returns="integer", around="CAST({} AS BIGINT)"),
    "covar_pop": aggregate("covar_pop({0}, {1})", returns="double"),
    "covar_samp": aggregate("covar_samp({0}, {1})", returns="double"),
    "every": aggregate("bool_and({0})", returns="boolean"),
    "geometric_mean": aggregate(
        # DuckDB's own fails at 0, as its ln does.
        "avg(CASE WHEN {0} = 0 THEN CAST('-Infinity' AS DOUBLE) WHEN {0} < 0 THEN CAST('NaN' AS DOUBLE) "
        "ELSE ln(nullif({0}, 0)) END)",
        returns="double",
        around="exp({})",
    ),
    "histogram": aggregate("histogram({0})", returns="map", around=_COUNTS_AS_BIGINT),
    "listagg": aggregate("string_agg({distinct}{0}, {1}{order})", returns="varchar"),
    "map_agg": aggregate("list({{'k': {0}, 'v': {1}}})", returns="map", around=_FIRST_OF_EACH_KEY),
    "max": Function({1: "max({0})", 2: _most}, returns={1: 0, 2: "array"}, aggregates=True),
    # DuckDB's arg_max skips rows where the value is NULL.
    "max_by": Function({2: "arg_max_null({0}, {1})", 3: _most_by}, returns={2: 0, 3: "array"}, aggregates=True),
    "min": Function({1: "min({0})", 2: _most}, returns={1: 0, 2: "array"}, aggregates=True),
    "min_by": Function({2: "arg_min_null({0}, {1})", 3: _most_by}, returns={2: 0, 3: "array"}, aggregates=True),
    "stddev": aggregate("stddev_samp({distinct}{0})", returns="double"),
    "stddev_pop": aggregate("stddev_pop({distinct}{0})", returns="double"),
    "stddev_samp": aggregate("stddev_samp({distinct}{0})", returns="double"),
    "sum": Function({1: _sum}, returns=0, aggregates=True),
    "var_pop": aggregate("var_pop({distinct}{0})", returns="double"),
    "var_samp": aggregate("var_samp({distinct}{0})", returns="double"),
    "variance": aggregate("var_samp({distinct}{0})", returns="double"),
    "cume_dist": aggregate("cume_dist()", returns="double"),
    "dense_rank": aggregate("dense_rank()", returns="integer"),
    "first_value": aggregate("first_value({0}{nulls})", returns=0),
    "lag": aggregate("lag({args}{nulls})", returns=0),
    "last_value": aggregate("last_value({0}{nulls})", returns=0),
    "lead": aggregate("lead({args}{nulls})", returns=0),
    "nth_value": aggregate("nth_value({0}, {1}{nulls})", returns=0),
    "ntile": aggregate("ntile({0})", returns="integer"),
    "percent_rank": aggregate("percent_rank()", returns="double"),
    "rank": aggregate("rank()", returns="integer"),
    "row_number": aggregate("row_number()", returns="integer"),
}
