"""What names mean in a SELECT: where Athena and DuckDB see different columns, the name is refused."""

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
