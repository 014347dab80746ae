"""UNNEST, and the columns that arrays, maps and rows become."""

from sqlglot import exp

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.translator.duckdb_text import comma, name, unless_null
from spotify_pipeline.query.translator.writer import Writer, shown


def is_row(node: exp.Expr) -> bool:
    """Tell whether an expression is `ROW(…)`."""
    return isinstance(node, exp.Anonymous) and node.name.lower() == "row"


def unnamed(number: int) -> list[str]:
    """Give the names that columns have where the query gives none."""
    return [name(f"_col{position}") for position in range(number)]


def unnest(writer: Writer, node: exp.Unnest) -> str:
    """Write UNNEST as a subquery over the row beside it; DuckDB pads the shorter of its arrays with NULL, too."""
    alias = node.args.get("alias")
    columns = writer.each(alias.columns) if alias else []
    ordinality = node.args.get("offset")
    arrays = _unnested(writer, node, len(columns))
    if ordinality:
        longest = comma([f"len({array})" for array in arrays])
        arrays.append(f"generate_series(1, greatest({longest}))")
        if isinstance(ordinality, exp.Expr):
            columns.append(writer.sql(ordinality))
    columns = columns or unnamed(len(arrays))
    if len(columns) != len(arrays):
        raise QueryError(f"The names of the columns do not fit what is unnested: {shown(node)!r}.")
    table = name(alias.name if alias and alias.name else "_unnest")
    lateral = "LATERAL " if isinstance(node.parent, exp.Join) else ""
    return f"{lateral}(SELECT {comma([f'unnest({array})' for array in arrays])}) AS {table} ({comma(columns)})"


def _unnested(writer: Writer, node: exp.Unnest, names: int) -> list[str]:
    """Give an array for each output column: a map has two, rows have one for each field."""
    arrays: list[str] = []
    for source in node.expressions:
        if isinstance(source, exp.Anonymous) and source.name.lower() == "zip":
            zipped = writer.each(source.expressions)
            arrays += [unless_null(zipped, array) for array in zipped]
        elif writer.kind(source) == "map":
            arrays += [f"map_keys({writer.sql(source)})", f"map_values({writer.sql(source)})"]
        else:
            array = writer.sql(source)
            fields = names if len(node.expressions) == 1 and names > 1 else _fields(source)
            arrays += [
                f"list_transform({array}, lambda _row: struct_extract_at(_row, {field}))"
                for field in range(1, fields + 1)
            ] or [array]
    return arrays


def _fields(source: exp.Expr) -> int:
    """Count the fields of the rows in an array literal."""
    first = source.expressions[0] if isinstance(source, exp.Array) and source.expressions else None
    return len(first.expressions) if first is not None and is_row(first) else 0
