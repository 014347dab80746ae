"""Queries: SELECT and its clauses, joins and UNNEST, set operations, VALUES, WITH."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from sqlglot import exp

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.translator.agreement import (
    columns_agree,
    condition,
    kind_of_only_column,
    kinds_of_columns,
)
from spotify_pipeline.query.translator.duckdb_text import comma, name
from spotify_pipeline.query.translator.invocations import window
from spotify_pipeline.query.translator.scopes import refuse_columns_of_using, settle_aliases
from spotify_pipeline.query.translator.unnest import is_row, unnamed, unnest
from spotify_pipeline.query.translator.writer import Rule, Writer, inner_kind, shown

_SYSTEM_SCHEMAS: Final = {"information_schema", "pg_catalog", "system", "temp"}
_SYSTEM_TABLES: Final = ("duckdb_", "sqlite_", "pragma_", "pg_")
_PLACES: Final = (exp.Subquery, exp.CTE, exp.SetOperation, exp.In, exp.Exists, exp.Any, exp.All)
_MODIFIERS: Final = ("with_", "order", "limit", "offset")


def _in_place(node: exp.Expr) -> None:
    """Refuse a query where Athena wants brackets around it, and sqlglot does not."""
    if node.parent is not None and not isinstance(node.parent, _PLACES):
        raise QueryError(f"A query inside another statement stands in brackets, unlike {shown(node)!r}.")


def _select(writer: Writer, node: exp.Select) -> str:
    _in_place(node)
    if not node.expressions:
        raise QueryError("A SELECT names no columns.")
    refuse_columns_of_using(node)
    settle_aliases(node)
    _spell_out_aliases(node)
    columns = [_projection(writer, column, number) for number, column in enumerate(node.expressions)]
    distinct = node.args.get("distinct")
    if distinct and any(distinct.args.values()):
        raise QueryError(f"Athena has no {shown(distinct)}.")
    clauses = [
        f"SELECT {'DISTINCT ' if distinct else ''}{comma(columns)}",
        _optional(writer, node, "from_"),
        *writer.each(node.args.get("joins") or []),
        _optional(writer, node, "where"),
        _optional(writer, node, "group"),
        _optional(writer, node, "having"),
        _named_windows(writer, node.args.get("windows") or []),
    ]
    return _with_modifiers(writer, node, " ".join(clause for clause in clauses if clause))


def _named_windows(writer: Writer, windows: list[exp.Window]) -> str:
    for each in windows:
        writer.checked(each)
    definitions = [f"{writer.sql(each.this)} AS {window(writer, each)}" for each in windows]
    return f"WINDOW {comma(definitions)}" if definitions else ""


def _optional(writer: Writer, node: exp.Expr, part: str) -> str:
    clause = node.args.get(part)
    return writer.sql(clause) if clause else ""


def _with_modifiers(writer: Writer, node: exp.Expr, body: str) -> str:
    parts = [_optional(writer, node, "with_"), body, *(_optional(writer, node, part) for part in _MODIFIERS[1:])]
    return " ".join(part for part in parts if part)


def _spell_out_aliases(node: exp.Select) -> None:
    """Put the columns that ORDER BY names inside an expression in place of their names.

    There, a name that is both an output column and a source column is the output column in Athena, and the source
    column in DuckDB.
    """
    order = node.args.get("order")
    aliases = {column.alias.lower(): column.this for column in node.expressions if isinstance(column, exp.Alias)}
    for ordered in order.expressions if order else ():
        if isinstance(ordered.this, exp.Column):
            continue
        for column in list(ordered.this.find_all(exp.Column)):
            if column.name.lower() in aliases and not column.table and column.find_ancestor(exp.Query) is node:
                column.replace(exp.paren(aliases[column.name.lower()].copy()))


def _projection(writer: Writer, column: exp.Expr, number: int) -> str:
    """Write one output column; Athena calls those without a name _col0, _col1 …, by their position."""
    if writer.kind(column) == "varbinary":
        raise QueryError(f"Bytes are not shown, as {shown(column)!r} would be; to_hex makes a text of them.")
    sql = writer.sql(column)
    inner = column.unnest()
    if isinstance(inner, exp.Alias | exp.Column | exp.Star):
        return sql
    return f"{sql} AS {name(inner.expression.name if isinstance(inner, exp.Dot) else f'_col{number}')}"


def _named(writer: Writer, node: exp.Alias) -> str:
    if not isinstance(node.parent, exp.Select):
        raise QueryError(f"Only an output column can be named, unlike {shown(node)!r}.")
    return f"{writer.sql(node.this)} AS {writer.sql(node.args['alias'])}"


def _ordered(writer: Writer, node: exp.Ordered) -> str:
    direction = "DESC" if node.args.get("desc") else "ASC"
    return f"{writer.sql(node.this)} {direction} NULLS {'FIRST' if node.args.get('nulls_first') else 'LAST'}"


def _group(writer: Writer, node: exp.Group) -> str:
    if not node.expressions:
        raise QueryError("A GROUP BY names no columns.")
    return f"GROUP BY {comma([_grouping(writer, element) for element in node.expressions])}"


def _grouping(writer: Writer, element: exp.Expr) -> str:
    if isinstance(element, exp.Tuple | exp.Paren):
        elements = element.expressions if isinstance(element, exp.Tuple) else [element.this]
        return f"({comma(writer.each(elements))})"
    return writer.sql(element)


def _grouping_sets(word: str) -> Callable[[Writer, exp.Expr], str]:
    return lambda writer, node: f"{word} ({comma([_grouping(writer, element) for element in node.expressions])})"


def _limit(_writer: Writer, node: exp.Limit) -> str:
    return "" if node.expression.name.upper() == "ALL" else f"LIMIT {_number_of_rows(node.expression)}"


def _number_of_rows(node: exp.Expr) -> str:
    if not (isinstance(node, exp.Literal) and not node.is_string and node.name.isdecimal()):
        raise QueryError(f"A number of rows is a whole number, unlike {shown(node)!r}.")
    return node.name


def _fetch(_writer: Writer, node: exp.Fetch) -> str:
    options = node.args.get("limit_options")
    if options and (options.args.get("with_ties") or options.args.get("percent")):
        raise QueryError("FETCH FIRST is supported with ONLY, not with TIES.")
    count = node.args.get("count")
    return f"LIMIT {_number_of_rows(count) if count else 1}"


def _set_operation(word: str) -> Callable[[Writer, exp.SetOperation], str]:
    def write(writer: Writer, node: exp.SetOperation) -> str:
        _in_place(node)
        columns_agree([kinds_of_columns(writer, side) for side in (node.this, node.expression)], shown(node))
        every = "" if node.args.get("distinct") else " ALL"
        body = f"{writer.sql(node.this)} {word}{every} {writer.sql(node.expression)}"
        return _with_modifiers(writer, node, body)

    return write


def _common_table(writer: Writer, node: exp.CTE) -> str:
    return f"{writer.sql(node.args['alias'])} AS ({writer.sql(node.this)})"


def _alias(writer: Writer, node: exp.TableAlias) -> str:
    if not node.this:
        raise QueryError(f"A table that has column names has a name, unlike {shown(node)!r}.")
    columns = f" ({comma(writer.each(node.columns))})" if node.columns else ""
    return f"{writer.sql(node.this)}{columns}"


def _aliased(writer: Writer, node: exp.Expr) -> str:
    alias = node.args.get("alias")
    return f" AS {writer.sql(alias)}" if alias else ""


def _subquery(writer: Writer, node: exp.Subquery) -> str:
    return _with_modifiers(writer, node, f"({writer.sql(node.this)})") + _aliased(writer, node)


def _values(writer: Writer, node: exp.Values) -> str:
    rows = [_values_of(row) for row in node.expressions]
    columns_agree([[writer.kind(value) for value in row] for row in rows], shown(node))
    body = f"(VALUES {comma([f'({comma(writer.each(row))})' for row in rows])})"
    alias = node.args.get("alias")
    columns = writer.each(alias.columns) if alias and alias.columns else unnamed(len(rows[0]))
    table = f"{body} AS {name(alias.name if alias and alias.name else '_values')} ({comma(columns)})"
    if isinstance(node.parent, exp.From | exp.Join):
        return table
    _in_place(node)
    return _with_modifiers(writer, node, f"SELECT * FROM {table}")


def _values_of(row: exp.Tuple) -> list[exp.Expr]:
    """Give the values of one row, which may also be written ROW(1, 2)."""
    first = row.expressions[0] if len(row.expressions) == 1 else None
    values: list[exp.Expr] = first.expressions if first is not None and is_row(first) else row.expressions
    return values


def _table(writer: Writer, node: exp.Table) -> str:
    """Write a table's name, and see that it is one: DuckDB would take 'x.csv' or "x.parquet" for a file to read."""
    if not all(isinstance(part, exp.Identifier) and re.fullmatch(r"\w+", part.name) for part in node.parts):
        raise QueryError(f"{shown(node)!r} is not the name of a table; letters, digits and _ make one.")
    schema, table = node.db.lower(), node.name.lower()
    if schema in _SYSTEM_SCHEMAS or table.startswith(_SYSTEM_TABLES):
        raise QueryError(f"{shown(node)!r} cannot be read; SHOW TABLES and DESCRIBE tell about tables.")
    if node.catalog and node.catalog.lower() != "awsdatacatalog":
        raise QueryError(f"The catalog {node.catalog} is not known; there is only AwsDataCatalog.")
    path = ".".join(writer.sql(part) for part in node.parts[-2:])
    return " ".join([path + _aliased(writer, node), *writer.each(node.args.get("joins") or [])])


def _join(writer: Writer, node: exp.Join) -> str:
    kind = " ".join(word for word in (node.side, node.kind) if word)
    if kind.upper() not in ("", "INNER", "CROSS", *(f"{side}{outer}" for side in _SIDES for outer in ("", " OUTER"))):
        raise QueryError(f"Athena has no {kind} JOIN.")
    source = writer.sql(node.this)
    on, using = node.args.get("on"), node.args.get("using")
    where = f" ON {condition(writer, on)}" if on else f" USING ({comma(writer.each(using))})" if using else ""
    if not kind and not where:
        return f", {source}"
    return f"{kind} JOIN {source}{where}".strip()


_SIDES: Final = ("LEFT", "RIGHT", "FULL")


QUERIES: Final[Mapping[type[exp.Expr], Rule]] = {
    exp.Select: Rule(
        _select,
        ("expressions", "distinct", "from_", "joins", "where", "group", "having", "windows", *_MODIFIERS),
        kind_of_only_column,
    ),
    exp.Alias: Rule(_named, ("this", "alias"), inner_kind),
    exp.From: Rule(lambda writer, node: f"FROM {writer.sql(node.this)}", ("this",)),
    exp.Where: Rule(lambda writer, node: f"WHERE {condition(writer, node.this)}", ("this",)),
    exp.Group: Rule(_group, ("expressions",)),
    exp.GroupingSets: Rule(_grouping_sets("GROUPING SETS"), ("expressions",)),
    exp.Rollup: Rule(_grouping_sets("ROLLUP"), ("expressions",)),
    exp.Cube: Rule(_grouping_sets("CUBE"), ("expressions",)),
    exp.Having: Rule(lambda writer, node: f"HAVING {condition(writer, node.this)}", ("this",)),
    exp.Order: Rule(lambda writer, node: f"ORDER BY {comma(writer.each(node.expressions))}", ("expressions",)),
    exp.Ordered: Rule(_ordered, ("this", "desc", "nulls_first")),
    exp.Limit: Rule(_limit, ("expression",)),
    exp.Fetch: Rule(_fetch, ("direction", "count", "limit_options")),
    exp.Offset: Rule(lambda _, node: f"OFFSET {_number_of_rows(node.expression)}", ("expression",)),
    exp.Union: Rule(_set_operation("UNION"), ("this", "expression", "distinct", *_MODIFIERS)),
    exp.Except: Rule(_set_operation("EXCEPT"), ("this", "expression", "distinct", *_MODIFIERS)),
    exp.Intersect: Rule(_set_operation("INTERSECT"), ("this", "expression", "distinct", *_MODIFIERS)),
    exp.With: Rule(lambda writer, node: f"WITH {comma(writer.each(node.expressions))}", ("expressions",)),
    exp.CTE: Rule(_common_table, ("this", "alias")),
    exp.TableAlias: Rule(_alias, ("this", "columns")),
    exp.Subquery: Rule(_subquery, ("this", "alias", *_MODIFIERS), inner_kind),
    exp.Values: Rule(_values, ("expressions", "alias", *_MODIFIERS)),
    exp.Table: Rule(_table, ("this", "db", "catalog", "alias", "joins")),
    exp.Join: Rule(_join, ("this", "kind", "side", "on", "using")),
    exp.Unnest: Rule(unnest, ("expressions", "alias", "offset")),
}
