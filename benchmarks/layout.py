"""What Athena would read, and bill, for typical questions under several layouts of the same history.

    .venv/bin/python -m benchmarks.layout --playlists 300 --days 365 --json layout.json

Athena bills what it reads of the files. How much of a file that is follows from the file's own metadata: one of up to
3 MB is read whole; of a larger one the end, where the metadata is, and the chunks of the columns that a question names,
in the row groups that the smallest and the largest values do not exclude. So Trino does, which Athena is made of, and
so it is reckoned here. Each number is a ratio to daily files as the pipeline writes them; `reads` is in megabytes.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import duckdb
import polars as pl
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

from benchmarks.invented_days import Day, InventedDays
from spotify_pipeline.query.named import named_queries
from spotify_pipeline.tables.declarations import MEMBERSHIPS, TABLES, VIEWS
from spotify_pipeline.tables.partition import PARTITION_COLUMN

READ_WHOLE_BYTES = 3 * 1024 * 1024
"""Trino reads smaller files with one request (`parquet.small-file-threshold`)."""
TAIL_BYTES = 48 * 1024
"""Of larger ones it reads so much of the end first."""
LEAST_BILLED_BYTES = 10 * 1000 * 1000
"""For each query."""

DAILY, MONTHLY = "day", "month"
_UNTIL_NOW = "a file a day"


class Layout(NamedTuple):
    """How rows lie in files.

    Attributes:
        period: what a file has the rows of: `day` or `month`.
        order: by what the rows of a file are sorted: `key`, `key, day` or `day, key`; `key` is the primary key.
        row_group: rows in a row group; None leaves it to polars.
        level: zstd's.
    """

    period: str = DAILY
    order: str = "key"
    row_group: int | None = None
    level: int = 3


LAYOUTS = {
    _UNTIL_NOW: Layout(),
    "… zstd 1": Layout(level=1),
    "… zstd 9": Layout(level=9),
    "… zstd 15": Layout(level=15),
    "… row groups of 30,000": Layout(row_group=30_000),
    "… row groups of 60,000": Layout(row_group=60_000),
    "… one row group": Layout(row_group=10_000_000),
    "a file a month, day first": Layout(MONTHLY, "day, key"),
    "… row groups of 30,000 by day": Layout(MONTHLY, "day, key", row_group=30_000),
    "a file a month, key first": Layout(MONTHLY, "key, day"),
    "… row groups of 30,000 by key": Layout(MONTHLY, "key, day", row_group=30_000),
    "… row groups of 1,000,000 by key": Layout(MONTHLY, "key, day", row_group=1_000_000),
    "… zstd 9 by key": Layout(MONTHLY, "key, day", level=9),
}


class Read(NamedTuple):
    """What a question reads of a table: columns of all days, or of one; of one key, if its statistics help."""

    table: str
    columns: frozenset[str]
    one_day: bool
    key: str | None = None


Question = list[Read]


def questions(day: date, playlist: str, track: str) -> dict[str, list[Question]]:
    """Typical questions by what they have in common; the costs of those under one name are added."""
    named = named_queries()
    of_a_day = [query for query in named.values() if [p.name for p in query.parameters if p.type == "date"] == ["day"]]
    of_all = [named[name] for name in ("changes_by_day", "freshness", "missing_days", "new_artists")]
    items = "SELECT position, item_key, name, snapshot_date FROM playlist_items"
    return {
        f"{len(of_a_day)} named queries of one day": [
            _reads(query.sql({"day": str(day)}), one_day=True) for query in of_a_day
        ],
        f"{len(of_all)} named queries of all days": [_reads(query.sql(), one_day=False) for query in of_all],
        "memberships, without the days of its joins": [
            [read._replace(one_day=read.table == "playlist_items") for read in _reads(MEMBERSHIPS.sql, one_day=False)]
        ],
        "one day's items": [_reads("SELECT * FROM playlist_items", one_day=True)],
        "one playlist on one day": [_keyed(items, "playlist_id", playlist, one_day=True)],
        "one playlist's history": [_keyed(items, "playlist_id", playlist, one_day=False)],
        "one track's popularity": [_keyed("SELECT snapshot_date, popularity FROM tracks", "track_id", track)],
        "items of each day, counted by type": [
            _reads("SELECT snapshot_date, item_type, count(*) FROM playlist_items GROUP BY 1, 2", one_day=False)
        ],
        "all tables, whole": [
            [Read(name, frozenset(table.polars_schema()), one_day=False) for name, table in TABLES.items()],
        ],
    }


def _keyed(sql: str, column: str, value: str, *, one_day: bool = False) -> Question:
    reads = _reads(f"{sql} WHERE {column} = '{value}'", one_day=one_day)
    return [read._replace(key=value) for read in reads]


def _reads(sql: str, *, one_day: bool) -> Question:
    """The columns that a statement names of each table, those of views included."""
    statement = sqlglot.parse_one(sql, read="athena")
    for named in list(statement.find_all(exp.Table)):
        if named.name in VIEWS:
            view = sqlglot.parse_one(VIEWS[named.name].sql, read="athena")
            called = exp.TableAlias(this=exp.to_identifier(named.alias or named.name))
            named.replace(exp.Subquery(this=view, alias=called))
    qualified = qualify(statement, schema=_schema(), dialect="athena", quote_identifiers=False)
    found: dict[str, set[str]] = {}
    for scope in traverse_scope(qualified):
        for alias, source in scope.sources.items():
            if isinstance(source, exp.Table):
                columns = {column.name for column in scope.columns if column.table == alias}
                found.setdefault(source.name, set()).update(columns)
    return [Read(table, frozenset(columns), one_day) for table, columns in found.items()]


def _schema() -> dict[str, object]:
    partition = {PARTITION_COLUMN: "date"}
    return {
        table.name: {column.name: column.type.value for column in table.columns} | partition
        for table in TABLES.values()
    }


class Measured(NamedTuple):
    """What a layout costs.

    Attributes:
        bytes_read: by question.
        bytes_stored: of all files.
        cpu_seconds: to write them.
    """

    bytes_read: dict[str, int]
    bytes_stored: int
    cpu_seconds: float


def measure(layout: Layout, folder: Path, days: list[Day], asked: Mapping[str, list[Question]]) -> Measured:
    """Write the history in one layout, and reckon what each question reads of it."""
    began = time.process_time()
    for first, files in _files(layout, days):
        for table, frame in files.items():
            path = folder / table / f"{first}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            frame.write_parquet(
                path, compression="zstd", compression_level=layout.level, row_group_size=layout.row_group
            )
    cpu_seconds = time.process_time() - began
    newest = days[-1][0]
    with duckdb.connect() as connection:
        written = {"files": str(folder / "*" / "*.parquet")}
        connection.execute("CREATE TABLE chunks AS " + _CHUNKS, written)
        connection.execute("CREATE TABLE files AS " + _FILES, written)
        stored = connection.execute("SELECT sum(bytes) FROM files").fetchall()[0][0]
        bytes_read = {
            name: sum(_bytes_read(connection, read, layout, newest) for question in several for read in question)
            for name, several in asked.items()
        }
    return Measured(bytes_read, int(stored), cpu_seconds)


_CHUNKS = """
SELECT
    file_name AS file,
    parse_filename(parse_dirpath(file_name)) AS of_table,
    CAST(parse_filename(file_name, true) AS DATE) AS first_day,
    row_group_id,
    split_part(path_in_schema, ', ', 1) AS column_name,
    total_compressed_size AS bytes,
    stats_min_value AS least,
    stats_max_value AS most
FROM parquet_metadata($files)
"""
_FILES = """
SELECT file_name AS file, file_size_bytes AS bytes FROM parquet_file_metadata($files)
"""
_READ = f"""
WITH excluded AS (
    SELECT file, row_group_id
    FROM chunks
    WHERE (column_name = $key_column AND $key NOT BETWEEN least AND most)
        OR (column_name = '{PARTITION_COLUMN}' AND $day NOT BETWEEN least AND most)
),
needed AS (
    SELECT chunks.file, sum(chunks.bytes) AS bytes
    FROM chunks
    ANTI JOIN excluded USING (file, row_group_id)
    WHERE list_contains($columns, chunks.column_name)
    GROUP BY chunks.file
)
SELECT
    sum(CASE
        WHEN files.bytes <= {READ_WHOLE_BYTES} THEN files.bytes ELSE {TAIL_BYTES} + coalesce(needed.bytes, 0)
    END)
FROM files
LEFT JOIN needed USING (file)
WHERE files.file IN (SELECT file FROM chunks WHERE of_table = $table AND ($first IS NULL OR first_day = $first))
"""


def _bytes_read(connection: duckdb.DuckDBPyConnection, read: Read, layout: Layout, newest: date) -> int:
    first = newest.replace(day=1) if layout.period == MONTHLY else newest
    values = {
        "table": read.table,
        "columns": sorted(read.columns),
        "first": first if read.one_day else None,
        "day": str(newest) if read.one_day else None,
        "key": read.key,
        "key_column": TABLES[read.table].primary_key[0] if read.key else None,
    }
    return int(connection.execute(_READ, values).fetchall()[0][0] or 0)


def _files(layout: Layout, days: list[Day]) -> Iterator[tuple[date, dict[str, pl.DataFrame]]]:
    """The rows of each file, sorted, by the first day that it may have and by table."""
    if layout.period == DAILY:
        for day, frames in days:
            yield day, {name: frame.sort(TABLES[name].primary_key) for name, frame in frames.items()}
        return
    for first, month in groupby(days, lambda of: of[0].replace(day=1)):
        several = list(month)
        yield first, {name: _month(name, several, layout.order) for name in TABLES}


def _month(name: str, days: Iterable[Day], order: str) -> pl.DataFrame:
    rows = pl.concat(frames[name].with_columns(pl.lit(day).alias(PARTITION_COLUMN)) for day, frames in days)
    keys = list(TABLES[name].primary_key)
    return rows.sort([*keys, PARTITION_COLUMN] if order == "key, day" else [PARTITION_COLUMN, *keys])


def run(playlists: int, days: int) -> dict[str, Measured]:
    """Measure all layouts of one history."""
    history = list(InventedDays(playlists, items=40, changing=0.05).days(days))
    newest, frames = history[-1]
    middle = frames["playlist_items"].row(frames["playlist_items"].height // 2, named=True)
    asked = questions(newest, middle["playlist_id"], middle["track_id"])
    measured = {}
    for name, layout in LAYOUTS.items():
        with tempfile.TemporaryDirectory(prefix="layout-") as folder:
            measured[name] = measure(layout, Path(folder), history, asked)
    return measured


def table(measured: Mapping[str, Measured]) -> str:
    """Markdown: megabytes of the first layout, and of the others how many times as much."""
    base = measured[_UNTIL_NOW]
    names = list(measured)
    lines = [
        "| reads | " + " | ".join(names) + " |",
        "| --- |" + " ---: |" * len(names),
        _line("stored", [one.bytes_stored for one in measured.values()]),
        *(_line(question, [one.bytes_read[question] for one in measured.values()]) for question in base.bytes_read),
        "| CPU to write | "
        + " | ".join(
            [
                f"{base.cpu_seconds:.1f} s",
                *(f"{m.cpu_seconds / base.cpu_seconds:.2f}" for m in list(measured.values())[1:]),
            ]
        )
        + " |",
    ]
    return "\n".join(lines)


def _line(name: str, numbers: list[int]) -> str:
    first, *others = numbers
    return f"| {name} | {first / 1e6:,.1f} MB | " + " | ".join(f"{number / first:.2f}" for number in others) + " |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--playlists", type=int, default=300)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    measured = run(options.playlists, options.days)
    print(table(measured))
    if options.json:
        made = {name: {**LAYOUTS[name]._asdict(), **one._asdict()} for name, one in measured.items()}
        options.json.write_text(json.dumps(made, indent=2) + "\n")


if __name__ == "__main__":
    main()
