"""Write what in the documentation follows from the code: run it with `make docs`; a test says when it is due.

`docs/data-model.md` is made as a whole; in other files, what stands between `<!-- NAME -->` and `<!-- /NAME -->` is.
"""

import csv
import json
import re
import textwrap
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.charts import charts
from benchmarks.tables import TABLES as MEASURED
from benchmarks.tables import machine
from deploy.template import Template
from spotify_pipeline.query.engine import Answer
from spotify_pipeline.query.formats import as_table
from spotify_pipeline.query.named import NamedQuery, Parameter, named_queries
from spotify_pipeline.settings import Settings
from spotify_pipeline.tables.declarations import TABLES, VIEWS
from spotify_pipeline.tables.partition import PARTITION_COLUMN
from spotify_pipeline.tables.schema import Column, Table, View

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "spotify_pipeline_tests" / "query" / "golden"
"""What the named queries answer about an invented history, held to be so by tests."""

EXAMPLE_ROWS = 5
EXAMPLE_WIDTH = 110  # characters, as wide as a page shows without scrolling
FEWEST_CHARACTERS = 14  # of a long cell; less tells nothing


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
        rows.append((f"[`{query.name}`](#{query.name})", query.title, parameters))
    return _table(rows)


def queries_in_full() -> str:
    """A section for each named query: what it answers, what it takes, how to run it, and what comes out."""
    return "\n".join(line for query in named_queries().values() for line in _query_section(query)).rstrip()


def tables_list() -> str:
    """A line for each table and each view."""
    return "\n".join(
        f"- [`{name}`](docs/data-model.md#{name}): {declared.description}"
        for name, declared in (TABLES | VIEWS).items()
    )


def parameters_table() -> str:
    """A row for each parameter of the AWS template that may be set."""
    template = Template()
    rows = [("parameter", "default", "meaning"), ("---", "---", "---")]
    for name, default in template.settable().items():
        description = template.content["Parameters"][name]["Description"]
        rows.append((f"`{name}`", f"`{default}`" if default else "", description))
    return _table(rows)


def alarms_table() -> str:
    """A row for each alarm of the AWS template."""
    rows = [("alarm", "tells"), ("---", "---")]
    for resource in Template().content["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            properties = resource["Properties"]
            name = properties["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-")
            rows.append((f"`{name}`", properties["AlarmDescription"]))
    return _table(rows)


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
            *(line for view in VIEWS.values() for line in _view_section(view)),
        ]
    )


def generated() -> dict[Path, str]:
    """Each file that is made, or has a made part, with its whole text as it should be."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    renewed = {page: _with_made_parts(page.read_text(encoding="utf-8")) for page in pages}
    return renewed | {ROOT / "docs" / "data-model.md": data_model()}


def measured() -> dict[str, Any]:
    """What `make bench` has measured."""
    found: dict[str, Any] = json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))
    return found


MADE_PARTS = {
    **{name: partial(table, measured()) for name, table in MEASURED.items()},
    "alarms": alarms_table,
    "athena_queries": queries_in_full,
    "machine": lambda: textwrap.fill(machine(measured()), 120),
    "parameters": parameters_table,
    "queries": queries_table,
    "settings": settings_table,
    "tables": tables_list,
}
"""What makes the parts between the marks of that name."""


def _with_made_parts(page: str) -> str:
    return re.sub(
        r"<!-- (\w+) -->\n.*?<!-- /\1 -->",
        lambda mark: f"<!-- {mark[1]} -->\n{MADE_PARTS[mark[1]]()}\n<!-- /{mark[1]} -->",
        page,
        flags=re.DOTALL,
    )


def _query_section(query: NamedQuery) -> Iterator[str]:
    yield f"### {query.name}"
    yield ""
    yield _paragraph(f"**{query.title}.** {query.description}")
    yield ""
    if query.parameters:
        yield from map(_parameter, query.parameters)
        yield ""
    yield "```console"
    yield f".venv/bin/spotify-pipeline query --name {query.name}"
    yield "```"
    yield ""
    yield "```text"
    yield from _example(query)
    yield "```"
    yield ""


def _parameter(parameter: Parameter) -> str:
    # What a query looks up is said by the description; the statement would only be in the way.
    default = "" if "SELECT" in parameter.default else f", default `{parameter.default}`"
    return _paragraph(f"- `{parameter.name}` ({parameter.type}{default}): {parameter.description}.", indent="  ")


def _paragraph(text: str, indent: str = "") -> str:
    return textwrap.fill(text, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _example(query: NamedQuery) -> Iterator[str]:
    """The first rows of the stored answer, as the command prints them, but no wider than a page."""
    with (GOLDEN / f"{query.name}.csv").open(encoding="utf-8", newline="") as file:
        columns, *rows = csv.reader(file)
    first = [[_without_rest_of_ids(cell) for cell in row] for row in rows[:EXAMPLE_ROWS]]
    longest = max(len(cell) for row in first for cell in row)
    for widest in range(max(longest, FEWEST_CHARACTERS), FEWEST_CHARACTERS - 1, -1):
        shown = [tuple(_value(_cut(cell, widest)) for cell in row) for row in first]
        *table, _ = as_table(Answer(columns, shown)).splitlines()  # without the count of rows
        if max(map(len, table)) <= EXAMPLE_WIDTH:
            break
    yield from (_cut(line, EXAMPLE_WIDTH) for line in table)
    yield f"{len(rows)} row{'' if len(rows) == 1 else 's'}" if len(rows) <= EXAMPLE_ROWS else f"… {len(rows)} rows"


def _without_rest_of_ids(cell: str) -> str:
    return re.sub(r"\b([0-9A-Za-z]{7})[0-9A-Za-z]{15}\b", r"\1…", cell)


def _cut(cell: str, widest: int) -> str:
    return cell if len(cell) <= widest else f"{cell[: widest - 1]}…"


def _value(cell: str) -> str | Decimal | None:
    """A cell as SQL gave it, as far as its looks depend on that."""
    return Decimal(cell) if re.fullmatch(r"-?\d+(\.\d+)?", cell) else cell or None


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
    yield from _columns(table)


def _view_section(view: View) -> Iterator[str]:
    yield f"## {view.name}"
    yield ""
    yield f"{view.description} A view: nothing is stored."
    yield from _columns(view)


def _columns(described: Table | View) -> Iterator[str]:
    rows = [_row(column) for column in described.columns]
    yield from ("", _table([("column", "type", "meaning"), ("---", "---", "---"), *rows]), "")


def _row(column: Column) -> tuple[str, str, str]:
    return f"`{column.name}`{'?' if column.nullable else ''}", column.type.value, column.description


def _table(rows: list[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    for path, text in (generated() | charts(measured())).items():
        path.write_text(text, encoding="utf-8")
