"""How tables and views are declared: columns, types, keys and value rules, or the statement that a view stands for.

Everything else that has to know a table is made from its declaration: the Parquet schema, the audit, the catalog's
views, Dagster's column schema and docs/data-model.md.
"""

from dataclasses import dataclass, field
from enum import Enum

import polars as pl


class ColumnType(Enum):
    """Types that Athena, Spark, Trino and DuckDB read alike. The value is the name in Athena and Glue."""

    STRING = "string"
    INTEGER = "int"
    BIGINT = "bigint"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    STRINGS = "array<string>"

    @property
    def polars(self) -> pl.DataType:
        """The type in data frames and, through them, in Parquet."""
        return _POLARS_TYPES[self]

    @property
    def duckdb(self) -> str:
        """The type in the DuckDB catalog."""
        return _DUCKDB_TYPES[self]


_POLARS_TYPES: dict[ColumnType, pl.DataType] = {
    ColumnType.STRING: pl.String(),
    ColumnType.INTEGER: pl.Int32(),
    ColumnType.BIGINT: pl.Int64(),
    ColumnType.BOOLEAN: pl.Boolean(),
    ColumnType.DATE: pl.Date(),
    ColumnType.TIMESTAMP: pl.Datetime("us", "UTC"),
    ColumnType.STRINGS: pl.List(pl.String()),
}
_DUCKDB_TYPES = {
    ColumnType.STRING: "VARCHAR",
    ColumnType.INTEGER: "INTEGER",
    ColumnType.BIGINT: "BIGINT",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP",
    ColumnType.STRINGS: "VARCHAR[]",
}


@dataclass(frozen=True)
class Column:
    """A column and the rules for its values; rules do not speak of nulls, `nullable` does."""

    name: str
    type: ColumnType
    description: str
    nullable: bool = False
    at_least: int | None = None
    one_of: tuple[str, ...] = ()
    not_empty: bool = False

    def broken_rules(self) -> dict[str, pl.Expr]:
        """For each value rule, in words, the expression that is true in rows that break it."""
        column, rules = pl.col(self.name), {}
        if self.at_least is not None:
            rules[f"{self.name} is at least {self.at_least}"] = column < self.at_least
        if self.one_of:
            rules[f"{self.name} is one of {', '.join(self.one_of)}"] = ~column.is_in(self.one_of)
        if self.not_empty:
            rules[f"{self.name} is not empty"] = column.str.len_bytes() == 0
        return rules


@dataclass(frozen=True)
class ForeignKey:
    """Each non-null value of `column` occurs on the same day in a column of the same name in `table`."""

    column: str
    table: str


@dataclass(frozen=True)
class Table:
    """A table; within one day, `primary_key` is unique and the order of its rows."""

    name: str
    description: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...] = field(default=())

    def polars_schema(self) -> pl.Schema:
        """Names and types of the columns, in order, without the partition column."""
        return pl.Schema({column.name: column.type.polars for column in self.columns})


@dataclass(frozen=True)
class View:
    """What is not stored, but computed from tables whenever it is asked for.

    `sql` is one statement, without an end, in words that all engines understand alike; its columns are the declared
    ones, in their order.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    sql: str
