"""Calls of functions, with what may stand inside and after their brackets, and casts."""

import re
from collections.abc import Mapping
from typing import Final

from sqlglot import exp

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.translator.calls import Call
from spotify_pipeline.query.translator.casts import READABLE, Cast, Failure, fields_of, type_name
from spotify_pipeline.query.translator.duckdb_text import comma, literal
from spotify_pipeline.query.translator.functions import FUNCTIONS
from spotify_pipeline.query.translator.kinds import COMPOUND, KIND_OF_TYPE, Kind
from spotify_pipeline.query.translator.writer import Rule, Writer, is_kind, shown

_SIDES: Final = ("this", "expression")
EXTRACTED: Final = (
    "year", "quarter", "month", "week", "day", "day_of_month", "day_of_week", "dow", "day_of_year", "doy",
    "year_of_week", "yow", "hour", "minute", "second",
)  # fmt: skip


def _inside_try(node: exp.Expr) -> bool:
    parent = node.parent
    while parent is not None:
        if isinstance(parent, exp.Anonymous) and parent.name.lower() == "try":
            return True
        parent = parent.parent
    return False


def call_of(writer: Writer, node: exp.Expr, function: str, nodes: list[exp.Expr], **additions: str) -> Call:
    """Put together what is known of one call, or of an operator that is written like one."""
    return Call(
        name=function,
        args=tuple(writer.each(nodes)),
        kinds=tuple(map(writer.kind, nodes)),
        nodes=tuple(nodes),
        inside_try=_inside_try(node),
        **additions,
    )


def _function(writer: Writer, node: exp.Expr) -> str:
    """Write a call with all that may follow its brackets: WITHIN GROUP, FILTER, IGNORE NULLS, OVER."""
    order = where = nulls = over = ""
    inner = node
    while not isinstance(inner, exp.Anonymous):
        writer.checked(inner)
        match inner:
            case exp.WithinGroup():
                order = f" {writer.sql(inner.expression)}"
            case exp.Filter():
                where = f" FILTER ({writer.sql(inner.expression)})"
            case exp.IgnoreNulls():
                nulls = " IGNORE NULLS"
            case exp.Window():
                over = f" OVER {window(writer, inner)}"
            case exp.RespectNulls():
                pass
            case _:
                raise QueryError(f"Only a call of a function can be followed by what {shown(node)!r} has.")
        inner = inner.this
    if where and over:
        raise QueryError(f"Athena has no FILTER before OVER; write if(…) inside the brackets of {shown(node)!r}.")
    function = FUNCTIONS.get(inner.name.lower())
    if function is None:
        raise QueryError(f"The function {inner.name} is not one that Athena SQL on DuckDB supports.")
    nodes, inside = _inside_brackets(writer, inner)
    return function.sql(
        call_of(
            writer, inner, inner.name.lower(), nodes, nulls=nulls, modifiers=where + over, **({"order": order} | inside)
        )
    )


def _inside_brackets(writer: Writer, node: exp.Anonymous) -> tuple[list[exp.Expr], dict[str, str]]:
    """Take DISTINCT and ORDER BY out of the arguments of a call."""
    nodes: list[exp.Expr] = node.expressions
    inside = {}
    if any(argument.is_star for argument in nodes) and node.name.lower() != "count":
        raise QueryError(f"Only count takes a star, unlike {shown(node)!r}.")
    if nodes and isinstance(nodes[0], exp.Order) and nodes[0].this:
        inside["order"] = f" ORDER BY {comma(writer.each(nodes[0].expressions))}"
        nodes = [nodes[0].this, *nodes[1:]]
    if nodes and isinstance(nodes[0], exp.Distinct):
        inside["distinct"] = "DISTINCT "
        nodes = [*nodes[0].expressions, *nodes[1:]]
    return nodes, inside


def _function_kind(writer: Writer, node: exp.Expr) -> Kind | None:
    call: exp.Expr | None = node
    while call and not isinstance(call, exp.Anonymous):
        call = call.args.get("this")
    function = FUNCTIONS.get(call.name.lower()) if call else None
    return function.kind(tuple(map(writer.kind, call.expressions))) if call and function else None


def window(writer: Writer, node: exp.Window) -> str:
    """Write what follows OVER, or the definition of a named window."""
    alias = node.args.get("alias")
    parts = [
        writer.sql(alias) if alias else "",
        f"PARTITION BY {comma(writer.each(node.args['partition_by']))}" if node.args.get("partition_by") else "",
        writer.sql(node.args["order"]) if node.args.get("order") else "",
        writer.sql(node.args["spec"]) if node.args.get("spec") else "",
    ]
    if alias and not any(parts[1:]):
        return parts[0]
    return f"({' '.join(part for part in parts if part)})"


def _frame(writer: Writer, node: exp.WindowSpec) -> str:
    start, end = (_bound(writer, node, side) for side in ("start", "end"))
    extent = f"BETWEEN {start} AND {end}" if end else start
    return f"{node.args['kind'].upper()} {extent}"


def _bound(writer: Writer, node: exp.WindowSpec, side: str) -> str:
    value = node.args.get(side)
    if value is None:
        return ""
    text = writer.sql(value) if isinstance(value, exp.Expr) else str(value)
    return f"{text} {(node.args.get(f'{side}_side') or '').upper()}".strip()


def _extract(writer: Writer, node: exp.Extract) -> str:
    field = node.this.name.lower()
    if field not in EXTRACTED:
        raise QueryError(f"EXTRACT does not know the field {node.this.name}.")
    return FUNCTIONS[field].sql(call_of(writer, node, field, [node.expression]))


def _position(writer: Writer, node: exp.StrPosition) -> str:
    return FUNCTIONS["strpos"].sql(call_of(writer, node, "strpos", [node.this, node.args["substr"]]))


def _lambda(writer: Writer, node: exp.Lambda) -> str:
    if not all(re.fullmatch(r"\w+", parameter.name) for parameter in node.expressions):
        raise QueryError(f"The parameters of a lambda are plain words, unlike {shown(node)!r}.")
    return f"lambda {comma(writer.each(node.expressions))}: {writer.sql(node.this)}"


def _cast(writer: Writer, node: exp.Cast) -> str:
    return _converted(writer, node, node.this, node.to)


def _converted(writer: Writer, node: exp.Cast, value: exp.Expr, target: exp.DataType) -> str:
    if target.this not in KIND_OF_TYPE:
        raise QueryError(f"The type {target.sql(dialect='trino').lower()} is not supported.")
    cast = Cast(target, fail=_failure(node, "error"), refuse=_failure(node, "refuse"), safe=type(node) is exp.TryCast)
    if KIND_OF_TYPE[target.this] in COMPOUND:
        type_name(target)  # refuses a type without the types of its parts
    inner = value.unnest()
    if isinstance(inner, exp.Null):
        return cast.plain("NULL")
    if cast.safe and KIND_OF_TYPE[target.this] in COMPOUND:  # one part that fails makes all of it NULL in Athena
        raise QueryError(f"TRY_CAST is supported for single values, unlike {shown(node)!r}.")
    if isinstance(inner, exp.Literal) and not cast.safe and (text := _moment(inner, target)):
        return text
    if target.this == exp.DType.ARRAY and isinstance(inner, exp.Array):
        items = [_converted(writer, node, item, target.expressions[0]) for item in inner.expressions]
        return f"[{comma(items)}]" if items else cast.plain("[]")
    if target.this == exp.DType.STRUCT and isinstance(inner, exp.Anonymous) and inner.name.lower() == "row":
        fields = fields_of(target)
        if len(fields) != len(inner.expressions):
            raise QueryError(f"The row has as many values as its type has fields, unlike {shown(node)!r}.")
        pairs = zip(fields, inner.expressions, strict=True)
        values = [f"{literal(field)}: {_converted(writer, node, part, kind)}" for (field, kind), part in pairs]
        return f"{{{comma(values)}}}"
    return cast.sql(writer.sql(value), writer.kind(value))


def _failure(node: exp.Expr, word: str) -> Failure:
    call = Call("cast", (), (), (), inside_try=_inside_try(node))
    return lambda message: call.settle(f"{word}('{message}')")


def _moment(value: exp.Literal, target: exp.DataType) -> str | None:
    """Write a literal date or timestamp of the given precision, if it is one."""
    kind = KIND_OF_TYPE[target.this]
    if kind not in ("date", "timestamp") or not re.fullmatch(READABLE[kind], value.name):
        return None
    digits = len(value.name.strip().partition(".")[2])
    precision = target.expressions[0].name if target.expressions else "3"
    if not precision.isdecimal() or digits > int(precision):
        return None
    if digits > 6:
        raise QueryError(f"The timestamp {value.name} is finer than microseconds, which DuckDB does not keep.")
    return f"{kind.upper()} {literal(value.name.strip())}"


def _cast_kind(_writer: Writer, node: exp.Cast) -> Kind | None:
    return KIND_OF_TYPE.get(node.to.this)


INVOCATIONS: Final[Mapping[type[exp.Expr], Rule]] = {
    exp.Cast: Rule(_cast, ("this", "to"), _cast_kind),
    exp.TryCast: Rule(_cast, ("this", "to", "safe"), _cast_kind),
    exp.Anonymous: Rule(_function, ("this", "expressions"), _function_kind),
    exp.WithinGroup: Rule(_function, _SIDES, _function_kind),
    exp.Filter: Rule(_function, _SIDES, _function_kind),
    exp.IgnoreNulls: Rule(_function, ("this",), _function_kind),
    exp.RespectNulls: Rule(_function, ("this",), _function_kind),
    exp.Window: Rule(_function, ("this", "partition_by", "order", "spec", "alias", "over"), _function_kind),
    exp.WindowSpec: Rule(_frame, ("kind", "start", "start_side", "end", "end_side")),
    exp.Extract: Rule(_extract, _SIDES, is_kind("integer")),
    exp.StrPosition: Rule(_position, ("this", "substr"), is_kind("integer")),
    exp.Lambda: Rule(_lambda, ("this", "expressions")),
}
