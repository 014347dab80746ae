"""Answers as text: a table for people, CSV and JSON for programs."""

import io
import json
import math
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from spotify_pipeline.query.engine import Answer

_WIDE = 1_000_000  # columns; without a terminal nothing is folded or cut


def as_table(answer: Answer) -> str:
    """Columns and rows with lines between, numbers to the right, as wide as they need to be; then what it cost."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for number, name in enumerate(answer.columns):
        values = [row[number] for row in answer.rows if row[number] is not None]
        is_number = bool(values) and all(isinstance(value, int | float | Decimal) for value in values)
        table.add_column(Text(name), justify="right" if is_number else "left", no_wrap=True)
    for row in answer.rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    output = io.StringIO()
    Console(file=output, width=_WIDE).print(table)
    lines = [line.rstrip() for line in output.getvalue().splitlines()]
    end = f"{len(answer.rows)} row{'' if len(answer.rows) == 1 else 's'}"
    return "\n".join([*lines, f"{end}, {answer.scan}" if answer.scan else end])


def as_csv(answer: Answer) -> str:
    """Comma-separated values as in RFC 4180; a null is empty, an empty text is a pair of quotes."""
    rows = [[_quoted(_cell(value)) if value is not None else "" for value in row] for row in answer.rows]
    return "\n".join(",".join(row) for row in [[_quoted(name) for name in answer.columns], *rows])


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if not text or set(text) & set(',"\r\n') else text


def as_json(answer: Answer) -> str:
    """A list with an object for each row; numbers that JSON does not have, such as `NaN`, are texts."""
    rows = [dict(zip(answer.columns, map(_finite, row), strict=True)) for row in answer.rows]
    return json.dumps(rows, default=_jsonable, ensure_ascii=False, indent=2, allow_nan=False)


FORMATS: dict[str, Callable[[Answer], str]] = {"table": as_table, "csv": as_csv, "json": as_json}


def _cell(value: Any) -> str:  # noqa: ANN401  # whatever SQL gives
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(_cell, value))}]"  # as Athena prints arrays, and rows and maps below
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}={_cell(part)}' for key, part in value.items())}}}"
    return str(value)


def _finite(value: Any) -> Any:  # noqa: ANN401  # as above
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"  # as Athena prints them
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return {key: _finite(part) for key, part in value.items()} if isinstance(value, dict) else value


def _jsonable(value: object) -> str | float:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else str(value)
