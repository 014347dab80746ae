"""Expressions without a call: operators, conditions, literals and names.

Whatever is written here can stand anywhere in an expression without more brackets.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from sqlglot import exp

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.translator.agreement import calculable, comparable, condition, operands_agree
from spotify_pipeline.query.translator.calls import Call
from spotify_pipeline.query.translator.duckdb_text import comma, literal, name
from spotify_pipeline.query.translator.invocations import EXTRACTED, call_of
from spotify_pipeline.query.translator.kinds import Kind, arithmetic, joined
from spotify_pipeline.query.translator.operators import add, concat, divide, subscript, subtract
from spotify_pipeline.query.translator.writer import Rule, Writer, inner_kind, is_kind, shown

_INTERVAL_UNITS: Final = ("SECOND", "MINUTE", "HOUR", "DAY", "MONTH", "YEAR")
# What reads only the wall clock of a time. DuckDB's times have no zone of their own: one that was moved to a zone is a
# plain timestamp, and would be compared, subtracted or shown as one.
_WALL_CLOCK_READERS: Final = {*EXTRACTED, "date", "date_format", "format_datetime", "millisecond", "week_of_year"}


# Operators


def _operator(symbol: str) -> Callable[[Writer, exp.Binary], str]:
    def write(writer: Writer, node: exp.Binary) -> str:
        return f"({writer.sql(node.left)} {symbol} {writer.sql(node.right)})"

    return write


def _logical(symbol: str) -> Callable[[Writer, exp.Binary], str]:
    def write(writer: Writer, node: exp.Binary) -> str:
        return f"({condition(writer, node.left)} {symbol} {condition(writer, node.right)})"

    return write


def _arithmetic(write: Callable[[Writer, exp.Binary], str]) -> Rule:
    def checked(writer: Writer, node: exp.Binary) -> str:
        calculable(writer, node)
        return write(writer, node)

    return Rule(checked, (*_SIDES, "typed", "safe"), _arithmetic_kind)


def _distinct_from(symbol: str) -> Callable[[Writer, exp.Binary], str]:
    def write(writer: Writer, node: exp.Binary) -> str:
        operands_agree(writer, node, node.left, node.right)
        return f"({writer.sql(node.left)} {symbol} {writer.sql(node.right)})"

    return write


def _comparison(symbol: str) -> Callable[[Writer, exp.Binary], str]:
    def write(writer: Writer, node: exp.Binary) -> str:
        comparable(writer, node, node.left, node.right)
        return f"({writer.sql(node.left)} {symbol} {writer.sql(node.right)})"

    return write


def _as_call(operator: Callable[[Call], str]) -> Callable[[Writer, exp.Binary], str]:
    def write(writer: Writer, node: exp.Binary) -> str:
        return operator(call_of(writer, node, shown(node), [node.left, node.right]))

    return write


def _arithmetic_kind(writer: Writer, node: exp.Binary) -> Kind | None:
    return arithmetic(type(node), writer.kind(node.left), writer.kind(node.right))


def _concat_kind(writer: Writer, node: exp.Binary) -> Kind | None:
    kinds = {writer.kind(node.left), writer.kind(node.right)}
    return "array" if "array" in kinds else "varchar" if "varchar" in kinds else None


def _subscript(writer: Writer, node: exp.Bracket) -> str:
    if len(node.expressions) != 1:
        raise QueryError(f"A subscript takes one position or key, unlike {shown(node)!r}.")
    return subscript(call_of(writer, node, "subscript", [node.this, *node.expressions]))


def _between(writer: Writer, node: exp.Between) -> str:
    operands = (node.this, node.args["low"], node.args["high"])
    comparable(writer, node, *operands)
    value, low, high = writer.each(operands)
    return f"({value} BETWEEN {low} AND {high})"


def _in(writer: Writer, node: exp.In) -> str:
    query = node.args.get("query")
    comparable(writer, node, node.this, *node.expressions, *([query] if query else []))
    options = writer.sql(query) if query else f"({comma(writer.each(node.expressions))})"
    return f"({writer.sql(node.this)} IN {options})"


def _is(writer: Writer, node: exp.Is) -> str:
    if not isinstance(node.expression, exp.Null):
        raise QueryError(f"Athena has IS NULL and IS DISTINCT FROM only, not {shown(node)!r}.")
    return f"({writer.sql(node.this)} IS NULL)"


def _like(writer: Writer, node: exp.Like, escape: str = "") -> str:
    negation = "NOT " if node.args.get("negate") else ""
    return f"({writer.sql(node.this)} {negation}LIKE {writer.sql(node.expression)}{escape})"


def _like_escape(writer: Writer, node: exp.Escape) -> str:
    if not isinstance(node.this, exp.Like):
        raise QueryError(f"ESCAPE belongs to LIKE, not to {shown(node.this)!r}.")
    writer.checked(node.this)
    return _like(writer, node.this, f" ESCAPE {writer.sql(node.expression)}")


def _of_subquery(quantifier: str) -> Callable[[Writer, exp.Expr], str]:
    def write(writer: Writer, node: exp.Expr) -> str:
        query = node.this.unnest() if isinstance(node.this, exp.Subquery) else node.this
        if not isinstance(query, exp.Query):
            raise QueryError(f"{quantifier} takes a query, unlike {shown(node)!r}.")
        return f"{quantifier} ({writer.sql(query)})"

    return write


def _kind_of_query(writer: Writer, node: exp.Any | exp.All) -> Kind | None:
    return writer.kind(node.this) if isinstance(node.this, exp.Query) else None


def _case(writer: Writer, node: exp.Case) -> str:
    choices = [when.this for when in node.args["ifs"]]
    if node.this:
        operands_agree(writer, node, node.this, *choices)
    operands_agree(writer, node, *_case_results(node))
    operand = f" {writer.sql(node.this)}" if node.this else ""
    tests = writer.each(choices) if node.this else [condition(writer, choice) for choice in choices]
    results = [writer.sql(when.args["true"]) for when in node.args["ifs"]]
    whens = "".join(f" WHEN {test} THEN {result}" for test, result in zip(tests, results, strict=True))
    default = node.args.get("default")
    otherwise = f" ELSE {writer.sql(default)}" if default else ""
    return f"(CASE{operand}{whens}{otherwise} END)"


def _case_results(node: exp.Case) -> list[exp.Expr]:
    default = node.args.get("default")
    return [*(when.args["true"] for when in node.args["ifs"]), *([default] if default else [])]


def _case_kind(writer: Writer, node: exp.Case) -> Kind | None:
    return joined(*map(writer.kind, _case_results(node)))


def _if(writer: Writer, node: exp.If) -> str:
    alternative = node.args.get("false")
    operands_agree(writer, node, *_if_results(node))
    otherwise = f" ELSE {writer.sql(alternative)}" if alternative else ""
    return f"(CASE WHEN {condition(writer, node.this)} THEN {writer.sql(node.args['true'])}{otherwise} END)"


def _if_results(node: exp.If) -> list[exp.Expr]:
    return [node.args[part] for part in ("true", "false") if node.args.get(part)]


def _if_kind(writer: Writer, node: exp.If) -> Kind | None:
    return joined(*map(writer.kind, _if_results(node)))


def _array(writer: Writer, node: exp.Array) -> str:
    operands_agree(writer, node, *node.expressions)
    return f"[{comma(writer.each(node.expressions))}]"


# Values and names


def _literal(_writer: Writer, node: exp.Literal) -> str:
    if node.is_string:
        return literal(node.name)
    if not re.fullmatch(r"\d+(\.\d*)?(e[+-]?\d+)?", node.name, re.IGNORECASE | re.ASCII):
        raise QueryError(f"The number {node.name} is malformed.")
    return node.name


def _literal_kind(_writer: Writer, node: exp.Literal) -> Kind:
    if node.is_string:
        return "varchar"
    if "e" in node.name.lower():
        return "double"
    return "decimal" if "." in node.name else "integer"


def _interval(_writer: Writer, node: exp.Interval) -> str:
    unit = node.text("unit").upper()
    if unit not in _INTERVAL_UNITS or not re.fullmatch(r"[+-]?\d+", node.this.name):
        raise QueryError(f"An interval is a whole number and one unit, as in INTERVAL '1' DAY, unlike {shown(node)!r}.")
    return f"INTERVAL {literal(node.this.name)} {unit}"


def _column(writer: Writer, node: exp.Column) -> str:
    if not all(isinstance(part, exp.Identifier | exp.Star) for part in node.parts):
        raise QueryError(f"A column is given by its name, unlike {shown(node)!r}.")
    if re.fullmatch(r"_col\d+", node.name, re.IGNORECASE):
        raise QueryError(f"Athena does not know {shown(node)!r} inside the query that makes it: name it with AS.")
    return ".".join(writer.sql(part) for part in node.parts)


def _field(writer: Writer, node: exp.Dot) -> str:
    if not isinstance(node.expression, exp.Identifier):
        raise QueryError(f"Athena SQL on DuckDB does not support {shown(node)!r}.")
    return f"struct_extract({writer.sql(node.this)}, {literal(node.expression.name)})"


def _at_time_zone(writer: Writer, node: exp.AtTimeZone) -> str:
    reader = node.parent
    while isinstance(reader, exp.Paren) or (isinstance(reader, exp.Anonymous) and reader.name.lower() == "date_trunc"):
        reader = reader.parent
    reads_clock = (
        isinstance(reader, exp.Extract)
        or (isinstance(reader, exp.Anonymous) and reader.name.lower() in _WALL_CLOCK_READERS)
        or (isinstance(reader, exp.Cast) and reader.to.this in (exp.DType.DATE, exp.DType.TIMESTAMP))
    )
    if not reads_clock or not isinstance(node.args["zone"], exp.Literal):
        raise QueryError(
            f"AT TIME ZONE is supported with a zone's name, and inside a function or cast that reads a date or "
            f"a part of it, unlike {shown(node)!r}."
        )
    return f"(CAST({writer.sql(node.this)} AS TIMESTAMPTZ) AT TIME ZONE {writer.sql(node.args['zone'])})"


def _constant(sql: str) -> Callable[[Writer, exp.Expr], str]:
    return lambda _writer, _node: sql


_BOOLEAN: Final = is_kind("boolean")
_SIDES: Final = ("this", "expression")

EXPRESSIONS: Final[Mapping[type[exp.Expr], Rule]] = {
    exp.Add: _arithmetic(_as_call(add)),
    exp.Sub: _arithmetic(_as_call(subtract)),
    exp.Mul: _arithmetic(_operator("*")),
    exp.Div: _arithmetic(_as_call(divide)),
    exp.Mod: _arithmetic(_operator("%")),
    exp.DPipe: Rule(_as_call(concat), (*_SIDES, "safe"), _concat_kind),
    exp.Neg: Rule(lambda writer, node: f"(- {writer.sql(node.this)})", ("this",), inner_kind),
    exp.Paren: Rule(lambda writer, node: writer.sql(node.this), ("this",), inner_kind),
    exp.Bracket: Rule(_subscript, ("this", "expressions")),
    exp.Dot: Rule(_field, _SIDES),
    exp.EQ: Rule(_comparison("="), _SIDES, _BOOLEAN),
    exp.NEQ: Rule(_comparison("<>"), _SIDES, _BOOLEAN),
    exp.GT: Rule(_comparison(">"), _SIDES, _BOOLEAN),
    exp.GTE: Rule(_comparison(">="), _SIDES, _BOOLEAN),
    exp.LT: Rule(_comparison("<"), _SIDES, _BOOLEAN),
    exp.LTE: Rule(_comparison("<="), _SIDES, _BOOLEAN),
    exp.NullSafeEQ: Rule(_distinct_from("IS NOT DISTINCT FROM"), _SIDES, _BOOLEAN),
    exp.NullSafeNEQ: Rule(_distinct_from("IS DISTINCT FROM"), _SIDES, _BOOLEAN),
    exp.And: Rule(_logical("AND"), _SIDES, _BOOLEAN),
    exp.Or: Rule(_logical("OR"), _SIDES, _BOOLEAN),
    exp.Not: Rule(lambda writer, node: f"(NOT {condition(writer, node.this)})", ("this",), _BOOLEAN),
    exp.Is: Rule(_is, _SIDES, _BOOLEAN),
    exp.In: Rule(_in, ("this", "expressions", "query"), _BOOLEAN),
    exp.Between: Rule(_between, ("this", "low", "high"), _BOOLEAN),
    exp.Like: Rule(_like, (*_SIDES, "negate"), _BOOLEAN),
    exp.Escape: Rule(_like_escape, _SIDES, _BOOLEAN),
    exp.Exists: Rule(_of_subquery("EXISTS"), ("this",), _BOOLEAN),
    exp.Any: Rule(_of_subquery("ANY"), ("this",), _kind_of_query),
    exp.All: Rule(_of_subquery("ALL"), ("this",), _kind_of_query),
    exp.Case: Rule(_case, ("this", "ifs", "default"), _case_kind),
    exp.If: Rule(_if, ("this", "true", "false"), _if_kind),
    exp.Literal: Rule(_literal, ("this", "is_string"), _literal_kind),
    exp.Boolean: Rule(lambda _, node: "TRUE" if node.this else "FALSE", ("this",), _BOOLEAN),
    exp.Null: Rule(_constant("NULL")),
    exp.Interval: Rule(_interval, ("this", "unit"), is_kind("interval")),
    exp.Array: Rule(_array, ("expressions",), is_kind("array")),
    exp.ParseJSON: Rule(lambda writer, node: f"json({writer.sql(node.this)})", ("this", "is_literal"), is_kind("json")),
    exp.Identifier: Rule(lambda _, node: name(node.name), ("this", "quoted")),
    exp.Column: Rule(_column, ("this", "table", "db", "catalog")),
    exp.Star: Rule(_constant("*")),
    exp.CurrentDate: Rule(_constant("current_date"), (), is_kind("date")),
    exp.CurrentTimestamp: Rule(_constant("date_trunc('millisecond', now())"), (), is_kind("timestamptz")),
    exp.Localtimestamp: Rule(
        _constant("CAST(date_trunc('millisecond', now()) AS TIMESTAMP)"), (), is_kind("timestamp")
    ),
    exp.AtTimeZone: Rule(_at_time_zone, ("this", "zone"), is_kind("timestamp")),
}
