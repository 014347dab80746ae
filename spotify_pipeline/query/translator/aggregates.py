"""Aggregates and window functions."""

from typing import Final

from spotify_pipeline.query.translator.calls import Call, Function, aggregate


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
    "approx_percentile": aggregate("quantile_disc({0}, {1})"),
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
    "histogram": aggregate("histogram({0})", returns="map", around=_COUNTS_AS_BIGINT),
    "listagg": aggregate("string_agg({distinct}{0}, {1}{order})", returns="varchar"),
    "map_agg": aggregate("list({{'k': {0}, 'v': {1}}})", returns="map", around=_FIRST_OF_EACH_KEY),
    "max": aggregate("max({0})", "max({0}, {1})", returns=0),
    "max_by": aggregate("arg_max_null({0}, {1})", returns=0),  # arg_max skips rows where the value is NULL
    "min": aggregate("min({0})", "min({0}, {1})", returns=0),
    "min_by": aggregate("arg_min_null({0}, {1})", returns=0),
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
