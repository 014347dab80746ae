"""Functions of numbers, dates and times, and JSON; and those that choose among values."""

from typing import Final

from sqlglot import exp

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.translator.agreement import agree
from spotify_pipeline.query.translator.calls import ANY, Call, Function, built, scalar
from spotify_pipeline.query.translator.casts import Cast
from spotify_pipeline.query.translator.duckdb_text import comma, literal
from spotify_pipeline.query.translator.patterns import json_path, strftime_of_joda, strftime_of_mysql

# Numbers


def _round_to(call: Call) -> str:
    if call.kinds[0] in ("integer", "double"):
        return call.fill("round({0}, {1})")
    return call.fill("cast_to_type(round({0}, {1}), {0} + {0})")  # a decimal keeps its scale


def _extreme(call: Call) -> str:
    absent = " OR ".join(f"{arg} IS NULL" for arg in call.args)  # DuckDB skips NULL
    return f"(CASE WHEN {absent} THEN NULL ELSE {call.name}({comma(call.args)}) END)"


NUMBERS: Final[dict[str, Function]] = {
    "abs": scalar("abs({0})", returns=0),
    "acos": scalar("acos({0})", returns="double"),
    "asin": scalar("asin({0})", returns="double"),
    "atan": scalar("atan({0})", returns="double"),
    "atan2": scalar("atan2({0}, {1})", returns="double"),
    "ceil": scalar("cast_to_type(ceil({0}), round({0}))", returns=0),
    "ceiling": scalar("cast_to_type(ceil({0}), round({0}))", returns=0),
    "cos": scalar("cos({0})", returns="double"),
    "degrees": scalar("degrees({0})", returns="double"),
    "e": scalar("exp(1e0)", returns="double"),
    "exp": scalar("exp({0})", returns="double"),
    "floor": scalar("cast_to_type(floor({0}), round({0}))", returns=0),
    "greatest": built(_extreme, ANY, returns=ANY),
    "infinity": scalar("CAST('Infinity' AS DOUBLE)", returns="double"),
    "is_finite": scalar("isfinite({0})", returns="boolean"),
    "is_infinite": scalar("isinf({0})", returns="boolean"),
    "is_nan": scalar("isnan({0})", returns="boolean"),
    "least": built(_extreme, ANY, returns=ANY),
    "ln": scalar("ln({0})", returns="double"),
    "log": scalar("log({0}, {1})", returns="double"),
    "log10": scalar("log10({0})", returns="double"),
    "log2": scalar("log2({0})", returns="double"),
    "mod": scalar("({0} % {1})", returns=ANY),
    "nan": scalar("CAST('NaN' AS DOUBLE)", returns="double"),
    "pi": scalar("pi()", returns="double"),
    "pow": scalar("pow({0}, {1})", returns="double"),
    "power": scalar("pow({0}, {1})", returns="double"),
    "radians": scalar("radians({0})", returns="double"),
    "round": Function({1: "round({0})", 2: _round_to}, returns=0),
    "sign": scalar("cast_to_type(sign({0}), round({0}))", returns=0),
    "sin": scalar("sin({0})", returns="double"),
    "sqrt": scalar("sqrt({0})", returns="double"),
    "tan": scalar("tan({0})", returns="double"),
    "truncate": scalar("trunc({0})", returns=0),
}

# Dates and times

_CLOCK_UNITS: Final = ("millisecond", "second", "minute", "hour")
_DAY_UNITS: Final = ("day", "week", "month", "quarter", "year")


def _unit(call: Call) -> str:
    unit = call.text(0).lower()
    if unit not in _CLOCK_UNITS + _DAY_UNITS:
        raise QueryError(f"The function {call.name} does not know the unit {unit!r}.")
    if unit in _CLOCK_UNITS and call.kinds[-1] == "date":
        raise QueryError(f"The function {call.name} takes the unit {unit} for timestamps, not for dates.")
    return unit


def _date_add(call: Call) -> str:
    unit = _unit(call)
    interval, factor = ("months", "3 * ") if unit == "quarter" else (f"{unit}s", "")
    number = f"{factor}CAST({call.args[1]} AS INTEGER)"
    return f"cast_to_type({call.args[2]} + to_{interval}({number}), {call.args[2]})"


def _date_diff(call: Call) -> str:
    return f"date_sub({literal(_unit(call))}, {call.args[1]}, {call.args[2]})"


def _date_trunc(call: Call) -> str:
    return f"cast_to_type(date_trunc({literal(_unit(call))}, {call.args[1]}), {call.args[1]})"


def _field(name: str) -> Function:
    def form(call: Call) -> str:
        if call.kinds[0] == "interval":
            raise QueryError(f"The function {call.name} is not supported for intervals.")
        return call.fill(f"{name}({{0}})")

    return built(form, 1, returns="integer")


def _date_format(call: Call) -> str:
    return f"strftime({call.args[0]}, {literal(strftime_of_mysql(call.text(1)))})"


def _date_parse(call: Call) -> str:
    return f"strptime({call.args[0]}, {literal(strftime_of_mysql(call.text(1), parse=True))})"


def _format_datetime(call: Call) -> str:
    return f"strftime({call.args[0]}, {literal(strftime_of_joda(call.text(1)))})"


def _parse_datetime(call: Call) -> str:
    pattern = literal(strftime_of_joda(call.text(1), parse=True))
    return f"CAST(strptime({call.args[0]}, {pattern}) AS TIMESTAMPTZ)"


def _iso8601(readable: str, type_: str) -> str:
    return (
        f"(CASE WHEN regexp_full_match({{0}}, '{readable}') THEN CAST({{0}} AS {type_}) "
        "WHEN {0} IS NOT NULL THEN refuse('of ISO 8601 only yyyy-mm-dd and times in UTC are supported') END)"
    )


def _date(call: Call) -> str:
    target = exp.DataType.build("date")
    fail, refuse = (lambda message, word=word: call.settle(f"{word}('{message}')") for word in ("error", "refuse"))
    return Cast(target, fail=fail, refuse=refuse).sql(call.args[0], call.kinds[0])


_ISO_DAY: Final = r"\d{{4}}-\d{{2}}-\d{{2}}"
_ISO_CLOCK: Final = r"(T\d{{2}}:\d{{2}}(:\d{{2}}(\.\d{{1,6}})?)?(Z|[+]00:00)?)?"
_THIS_MOMENT: Final = "date_trunc('millisecond', now())"

TIMES: Final[dict[str, Function]] = {
    "current_timestamp": scalar(_THIS_MOMENT, returns="timestamptz"),
    "date": built(_date, 1, returns="date"),
    "date_add": built(_date_add, 3, returns=2),
    "date_diff": built(_date_diff, 3, returns="integer"),
    "date_format": built(_date_format, 2, returns="varchar"),
    "date_parse": built(_date_parse, 2, returns="timestamp"),
    "date_trunc": built(_date_trunc, 2, returns=1),
    "day": _field("day"),
    "day_of_month": _field("day"),
    "day_of_week": _field("isodow"),
    "day_of_year": _field("dayofyear"),
    "dow": _field("isodow"),
    "doy": _field("dayofyear"),
    "format_datetime": built(_format_datetime, 2, returns="varchar"),
    "from_iso8601_date": scalar(_iso8601(_ISO_DAY, "DATE"), returns="date"),
    "from_iso8601_timestamp": scalar(_iso8601(_ISO_DAY + _ISO_CLOCK, "TIMESTAMPTZ"), returns="timestamptz"),
    "from_unixtime": scalar("to_timestamp(round({0}, 3))", returns="timestamptz"),
    "hour": _field("hour"),
    "last_day_of_month": scalar("last_day({0})", returns="date"),
    "millisecond": scalar("(millisecond({0}) % 1000)", returns="integer"),
    "minute": _field("minute"),
    "month": _field("month"),
    "now": scalar(_THIS_MOMENT, returns="timestamptz"),
    "parse_datetime": built(_parse_datetime, 2, returns="timestamptz"),
    "quarter": _field("quarter"),
    "second": _field("second"),
    "to_unixtime": scalar("epoch({0})", returns="double"),
    "week": _field("week"),
    "week_of_year": _field("week"),
    "year": _field("year"),
    "year_of_week": _field("isoyear"),
    "yow": _field("isoyear"),
}

# JSON


def _json_extract(call: Call) -> str:
    path = literal(json_path(call.text(1)))
    return f"TRY(json_extract({call.args[0]}, {path}))"  # Athena: NULL for a text that is no JSON


def _json_extract_scalar(call: Call) -> str:
    path = literal(json_path(call.text(1)))
    document = call.args[0]
    return (
        f"(CASE WHEN TRY(json_type({document}, {path})) NOT IN ('ARRAY', 'OBJECT') "
        f"THEN json_extract_string({document}, {path}) END)"
    )


# What both sides write alike: no object, whose keys Athena sorts, no fraction, of escapes only those of \ and ", and no
# character beyond the basic plane, which Athena escapes.
_WRITTEN_ALIKE: Final = r"""([][,]|-?\d+|true|false|null|"([^"\\\x{10000}-\x{10FFFF}]|\\["\\])*")*"""


def _json_format(call: Call) -> str:
    if call.kinds[0] != "json":
        raise QueryError(
            "The function json_format is supported for what json_parse, json_extract and CAST … AS json give."
        )
    text = f"CAST(json({call.args[0]}) AS VARCHAR)"
    refusal = call.settle("refuse('json_format is supported for arrays, texts, whole numbers and booleans')")
    return f"(CASE WHEN NOT regexp_full_match({text}, {literal(_WRITTEN_ALIKE)}) THEN {refusal} ELSE {text} END)"


JSON: Final[dict[str, Function]] = {
    "is_json_scalar": scalar("(json_type({0}) NOT IN ('ARRAY', 'OBJECT'))", returns="boolean"),
    "json_array_length": scalar(
        "(CASE WHEN TRY(json_type({0})) = 'ARRAY' THEN CAST(json_array_length({0}) AS BIGINT) END)",
        returns="integer",
    ),
    "json_extract": built(_json_extract, 2, returns="json"),
    "json_extract_scalar": built(_json_extract_scalar, 2, returns="varchar"),
    "json_format": built(_json_format, 1, returns="varchar"),
    "json_parse": scalar("json({0})", returns="json"),
}


def _nullif(call: Call) -> str:
    agree(call.kinds, call.name)
    return call.fill("nullif({0}, {1})")


CONDITIONS: Final[dict[str, Function]] = {
    "coalesce": scalar("coalesce({args})", returns=ANY),
    "grouping": scalar("grouping({args})", returns="integer"),
    "nullif": built(_nullif, 2, returns=0),
    "try": scalar("TRY({0})", returns=0),
}
