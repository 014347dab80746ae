"""Write what in the documentation follows from the code: run it with `make docs`; a test says when it is due.

`docs/data-model.md` is made as a whole; in other files, what stands between `<!-- NAME -->` and `<!-- /NAME -->` is.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from spotify_pipeline.query.named import named_queries
from spotify_pipeline.settings import Settings
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline.tables.schema import PARTITION_COLUMN, Column, Table

ROOT = Path(__file__).resolve().parents[1]


def settings_table() -> str:
    """A row for each environment variable."""
    rows = [("variable", "default", "meaning"), ("---", "---", "---")]
    for field in Settings.model_fields.values():
        default = "" if field.default is None else f"`{field.default}`"
        rows.append((f"`{field.validation_alias}`", default, field.description or ""))
    return _table(rows)


def queries_table() -> str:
    """A row for each named query."""
    rows = [("name", "question", "parameters"), ("---", "---", "---")]
    for query in named_queries().values():
        parameters = ", ".join(f"`{parameter.name}`" for parameter in query.parameters)
        rows.append((f"`{query.name}`", query.title, parameters))
    return _table(rows)


def tables_list() -> str:
    """A line for each table."""
    links = {name: f"[`{name}`](docs/data-model.md#{name})" for name in TABLES}
    return "\n".join(f"- {links[table.name]}: {table.description}" for table in TABLES.values())


def data_model() -> str:
    """The whole page about the tables."""
    return "\n".join(
        [
            "# Data model",
            "",
            "Made from the declarations in `spotify_pipeline/tables/declarations.py` by `make docs`.",
            "",
            f"Every table is partitioned by `{PARTITION_COLUMN}` (date): the UTC day on which Spotify was asked. Keys",
            "hold within one day. Times are in UTC, in microseconds. `?` marks columns that may be null.",
            "",
            "```mermaid",
            "erDiagram",
            *(line for table in TABLES.values() for line in _relations(table)),
            "```",
            "",
            *(line for table in TABLES.values() for line in _section(table)),
        ]
    )


def generated() -> dict[Path, str]:
    """Each file that is made, or has a made part, with its whole text as it should be."""
    parts = {"settings": settings_table(), "queries": queries_table(), "tables": tables_list()}
    readme = re.sub(
        r"<!-- (\w+) -->\n.*?<!-- /\1 -->",
        lambda match: f"<!-- {match[1]} -->\n{parts[match[1]]}\n<!-- /{match[1]} -->",
        (ROOT / "README.md").read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    return {ROOT / "docs" / "data-model.md": data_model(), ROOT / "README.md": readme}


def _relations(table: Table) -> Iterator[str]:
    for key in table.foreign_keys:
        yield f"    {key.table} ||--o{{ {table.name} : {key.column}"


def _section(table: Table) -> Iterator[str]:
    yield f"## {table.name}"
    yield ""
    yield table.description
    yield ""
    yield f"Primary key: {', '.join(f'`{name}`' for name in table.primary_key)}."
    for key in table.foreign_keys:
        yield f"Foreign key: `{key.column}` in [`{key.table}`](#{key.table})."
    yield ""
    yield _table([("column", "type", "meaning"), ("---", "---", "---"), *(_row(column) for column in table.columns)])
    yield ""


def _row(column: Column) -> tuple[str, str, str]:
    return f"`{column.name}`{'?' if column.nullable else ''}", column.type.value, column.description


def _table(rows: list[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")
