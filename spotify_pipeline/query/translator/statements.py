r"""The front door of Athena SQL on DuckDB: one Athena statement in, one DuckDB statement out.

What is not supported is refused, never answered wrongly: syntax and functions are allowlists. That is also why a
query cannot read files, although DuckDB must be able to do so for the catalog's views.

Known to differ: DuckDB accepts more (comparing a column with a value of another type; an output column's name in WHERE
where several tables are joined); JSON keeps the order of its keys and the spelling of its numbers; in regular
expressions, `$` matches at the very end only and `\w` means ASCII letters; NaN equals itself; times have microseconds,
where Athena shows milliseconds; `approx_distinct` and `approx_percentile` are exact, where Athena estimates them for
more than some dozens of values.
"""

import re
from functools import lru_cache
from typing import Final

from sqlglot import Token

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.translator.duckdb_text import literal, name
from spotify_pipeline.query.translator.expressions import EXPRESSIONS
from spotify_pipeline.query.translator.invocations import INVOCATIONS
from spotify_pipeline.query.translator.parser import parse, tokens_of
from spotify_pipeline.query.translator.queries import QUERIES
from spotify_pipeline.query.translator.writer import Writer

# What the translated SQL expects of its connection. Most are DuckDB's defaults; a user's own configuration is not.
CONNECTION_SETTINGS: Final = (
    "SET TimeZone = 'UTC'",  # Athena's session zone
    "SET integer_division = false",  # `/` is written for doubles, `//` for integers
    "SET error_on_division_by_zero = true",
    "SET ieee_floating_point_ops = true",  # a double divided by zero is infinite
    "SET default_collation = ''",  # texts are compared by their code points
    "SET python_enable_replacements = false",  # a table's name must not find a variable of this program
)

_STATEMENTS = 256  # more than the report and the named queries have, which are asked again and again

_WRITER: Final = Writer({**EXPRESSIONS, **INVOCATIONS, **QUERIES})


@lru_cache(_STATEMENTS)
def to_duckdb(sql: str) -> str:
    """Translate one Athena query into the DuckDB query that gives the same answer.

    Raises:
        QueryError: the text is not one query, its syntax is wrong, or a part of it is not supported.
    """
    tokens = tokens_of(sql)
    if tokens[0].text.upper() in ("SHOW", "DESCRIBE", "DESC"):
        return _about_tables(tokens)
    try:
        return _WRITER.sql(parse(sql, tokens))
    except RecursionError:
        raise QueryError("The SQL statement is nested too deeply to be translated.") from None


def _about_tables(tokens: list[Token]) -> str:
    """Translate SHOW TABLES [IN d], SHOW COLUMNS IN [d.]t, and DESCRIBE [d.]t."""
    text = " ".join(token.text for token in tokens)  # of SHOW, all that follows is one token
    match re.findall(r"\w+|[^\w\s\"`]", text.lower()):
        case ["show", "tables"]:
            return _tables("current_schema()")
        case ["show", "tables", "in" | "from", schema]:
            return _tables(literal(schema))
        case ["show", "columns", "in" | "from", *table]:
            return f"SELECT column_name AS field FROM (DESCRIBE {_path(table)})"
        case ["describe" | "desc", *table]:
            return (
                f"SELECT column_name AS col_name, {_HIVE_TYPE} AS data_type, comment "
                f"FROM (DESCRIBE {_path(table)}) LEFT JOIN duckdb_columns() USING (column_name) "
                f"WHERE database_name = current_database() AND table_name = {literal(table[-1])} "
                f"AND schema_name = {literal(table[0]) if len(table) > 1 else 'current_schema()'} "
                "ORDER BY column_index"
            )
    raise QueryError("Of SHOW and DESCRIBE there are SHOW TABLES, SHOW COLUMNS IN table and DESCRIBE table.")


def _tables(schema: str) -> str:
    return f"SELECT table_name AS tab_name FROM information_schema.tables WHERE table_schema = {schema} ORDER BY 1"


def _path(table: list[str]) -> str:
    """Write the name of a table; it is one of DuckDB's own, and no file, when it is all letters, digits and _."""
    names, dots = table[::2], table[1::2]
    if not (1 <= len(names) <= 2 and all(re.fullmatch(r"\w+", each) for each in names) and set(dots) <= {"."}):
        raise QueryError(f"{''.join(table)!r} is not the name of a table; letters, digits and _ make one.")
    return ".".join(map(name, names))


# The types that our tables have, as DESCRIBE names them in Athena.
_HIVE_TYPE: Final = (
    "replace(replace(replace(replace(lower(CASE WHEN data_type LIKE '%[]' "
    "THEN 'array<' || left(data_type, -2) || '>' ELSE data_type END), "
    "'varchar', 'string'), 'integer', 'int'), ' with time zone', ''), 'float', 'real')"
)
