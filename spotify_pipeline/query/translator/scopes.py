"""What names mean in a SELECT: where Athena and DuckDB see different columns, the name is refused or made plain."""

from collections.abc import Iterator

from sqlglot import exp

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.translator.writer import shown

_AFTER_JOINS = ("where", "group", "having", "order")


def refuse_columns_of_using(node: exp.Select) -> None:
    """Refuse `t.id` and `t.*` after JOIN … USING (id): in Athena that column belongs to no table any more.

    Raises:
        QueryError: there is such a name.
    """
    joins = node.args.get("joins") or []
    using = [number for number, join in enumerate(joins) if join.args.get("using")]
    if not using:
        return
    joined = [node.args["from_"].this, *(join.this for join in joins[: using[-1] + 1])]
    tables = {table.alias_or_name.lower() for table in joined}
    shared = {column.name.lower() for number in using for column in joins[number].args["using"]}
    clauses = [node.args[clause] for clause in _AFTER_JOINS if node.args.get(clause)]
    for part in (*node.expressions, *joins[using[0] + 1 :], *clauses):
        for column in part.find_all(exp.Column):
            if column.table.lower() in tables and (column.name.lower() in shared or isinstance(column.this, exp.Star)):
                raise QueryError(
                    f"After USING, Athena does not know {shown(column)!r}: write the columns that USING names without "
                    "their table, and others one by one."
                )


def settle_aliases(node: exp.Select) -> None:
    """See that a name of an output column is not read as one outside ORDER BY: Athena knows only source columns there.

    Where the one source in reach is a table, whose columns are not known here, its name is put before such a column,
    so that DuckDB looks for it nowhere else. Among several tables that cannot be done.

    Raises:
        QueryError: no source has a column of that name.
    """
    scopes = [node, *_around(node)]
    aliases = {
        column.alias.lower() for scope in scopes for column in scope.expressions if isinstance(column, exp.Alias)
    }
    for column in list(_own_columns(node)):
        if not column.table and column.name.lower() in aliases:
            _settle(column, [_sources(scope) for scope in scopes])


def _settle(column: exp.Column, scopes: list[list[exp.Expr]]) -> None:
    """Find the source of a column, from the innermost SELECT outwards."""
    nearer: set[str] = set()
    for sources in scopes:
        columns = _columns_of_all(sources)
        if columns is None:
            source = sources[0].alias_or_name
            if len(sources) == 1 and source and source.lower() not in nearer:
                column.set("table", exp.to_identifier(source, quoted=True))
            return
        if column.name.lower() in columns:
            return
        nearer |= {source.alias_or_name.lower() for source in sources}
    raise QueryError(
        f"Athena knows the output column {column.name} only in ORDER BY; elsewhere, as in "
        f"{shown(column.parent or column)!r}, write what it stands for."
    )


def _own_columns(node: exp.Select) -> Iterator[exp.Column]:
    """Give the columns that a SELECT itself names, but for those in its ORDER BY."""
    for part, value in node.args.items():
        for each in value if isinstance(value, list) else [value]:
            if part != "order" and isinstance(each, exp.Expr):
                yield from (column for column in each.find_all(exp.Column) if column.find_ancestor(exp.Select) is node)


def _around(node: exp.Expr) -> Iterator[exp.Select]:
    """Give the SELECTs whose sources a query can name: those around it, but not the one that it is a source of."""
    inside, parent, source = node, node.parent, False
    while parent is not None:
        joined = isinstance(parent, exp.Join) and inside.arg_key == "this"
        source = source or joined or isinstance(parent, exp.From | exp.CTE)
        if isinstance(parent, exp.Select):
            if not source:
                yield parent
            source = False
        inside, parent = parent, parent.parent


def _sources(node: exp.Select) -> list[exp.Expr]:
    first = node.args.get("from_")
    return [*([first.this] if first else []), *(join.this for join in node.args.get("joins") or [])]


def _columns_of_all(sources: list[exp.Expr]) -> set[str] | None:
    every = [_columns(source) for source in sources]
    known = [columns for columns in every if columns is not None]
    return set().union(*known) if len(known) == len(every) else None


def _columns(source: exp.Expr) -> set[str] | None:
    """Give the names of a source's columns; None where only the catalog knows them."""
    if names := source.alias_column_names:
        return {name.lower() for name in names} | _ordinality(source)
    if isinstance(source, exp.Table):
        table = _common_table(source)
        return _columns(table) if table else None
    if isinstance(source, exp.CTE | exp.Subquery | exp.SetOperation):
        return _columns(source.this)
    if not isinstance(source, exp.Select):
        return None
    if any(column.is_star for column in source.expressions):
        return _columns_of_all(_sources(source))
    return {column.output_name.lower() for column in source.expressions}


def _ordinality(source: exp.Expr) -> set[str]:
    name = source.args.get("offset")
    return {name.name.lower()} if isinstance(name, exp.Identifier) else set()


def _common_table(table: exp.Table) -> exp.CTE | None:
    """Find the query of a WITH that a name stands for: one around the name, and before it."""
    inside: exp.Expr = table
    parent = table.parent
    while parent is not None and not table.db:
        queries = parent if isinstance(parent, exp.With) else parent.args.get("with_")
        for query in queries.expressions if queries else ():
            if query is inside:
                break
            if isinstance(query, exp.CTE) and query.alias.lower() == table.name.lower():
                return query
        inside, parent = parent, parent.parent
    return None
