"""Verification of a published day: whether the catalog, the files and SQL tell the same. Nothing is changed here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.catalog.publication import stray_partitions
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline.tables.partition import PARTITION_COLUMN


@dataclass(frozen=True)
class Verification:
    """Something that must hold once a day is published; `find_problems` gives a sentence for each way it does not."""

    name: str
    description: str
    find_problems: Callable[[Warehouse, date], Iterator[str]]


def _strays(backends: Warehouse, _: date) -> Iterator[str]:
    return stray_partitions(backends.catalog, backends.tables)


def _differences(backends: Warehouse, _: date) -> Iterator[str]:
    return backends.catalog.differences()


def _wrong_counts(backends: Warehouse, day: date) -> Iterator[str]:
    """One statement for all tables: Athena bills ten megabytes for each, however little it reads."""
    counts = " UNION ALL ".join(
        f"SELECT '{name}' AS name, count(*) AS row_count FROM {name} WHERE {PARTITION_COLUMN} = DATE '{day}'"
        for name in TABLES
    )
    answered = dict(backends.engine.ask(counts).rows)
    for name in TABLES:
        stored = backends.tables.row_count(name, day)
        if answered.get(name) != stored:
            yield f"SQL finds {answered.get(name)} rows of {name} on {day}, but its file has {stored}"


VERIFICATIONS = (
    Verification("partitions", "The catalog shows exactly the days that have files, for each table.", _strays),
    Verification("definitions", "The catalog's tables and partitions are as declared.", _differences),
    Verification("row_counts", "SQL finds as many rows of the day as each table's file has.", _wrong_counts),
)
"""All that is verified. A day is published already when it is, so nothing of it holds the day back."""
