"""The audit of a day: what must hold before its tables are published.

From each declaration follow the checks `types`, `not_null`, `primary_key`, `foreign_keys` and `values`, as far as the
table declares such things. Two more, on `coverage`, compare the day with what Spotify said of it, and one, on
`playlist_items`, with what was published before.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

import polars as pl

from spotify_pipeline.spotify.manifest import Status
from spotify_pipeline.tables.declarations import COVERAGE, PLAYLIST_ITEMS, TABLES
from spotify_pipeline.tables.schema import Table

ReadTable = Callable[[str], pl.DataFrame]
"""Gives a table of the day by its name."""

_EXAMPLES = 3
_HAS_ROWS = [status.value for status in Status if status.has_rows]
_CAN_BE_READ = [status.value for status in Status if status.has_document]


@dataclass(frozen=True)
class Published:
    """How many rows a playlist had on the newest day before that was published with its rows, and should have had."""

    day: date
    rows: int
    total: int | None = None


@dataclass(frozen=True)
class AuditedDay:
    """A day's tables, and what they are compared with.

    Attributes:
        table: gives a table of the day by its name.
        before: by playlist; those that were never published with rows are missing.
        accepted: playlists whose loss of rows the user has accepted on this day.
        max_loss: the share of its rows that a playlist may lose.
    """

    table: ReadTable
    before: Mapping[str, Published] = field(default_factory=dict)
    accepted: frozenset[str] = frozenset()
    max_loss: float = 0.5


@dataclass(frozen=True)
class Check:
    """Something that must hold. `find_problems` yields a sentence for each way in which it does not."""

    table: str
    name: str
    description: str
    find_problems: Callable[[AuditedDay], Iterator[str]]


@dataclass(frozen=True)
class Finding:
    """The outcome of a check on one day."""

    check: Check
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether there is no problem."""
        return not self.problems

    def __str__(self) -> str:
        return f"{self.check.table}.{self.check.name}: {'; '.join(self.problems) or 'passed'}"


def audit(day: AuditedDay) -> list[Finding]:
    """Run every check on a day's tables, in the order of `CHECKS`.

    Where a table's types are wrong, the checks that would stumble over them say so instead of running.
    """
    day = replace(day, table=_remembering(day.table))
    mistyped = {name for name, table in TABLES.items() if any(_wrong_types(table, day))}
    return [_run(check, day, mistyped) for check in CHECKS]


def _run(check: Check, day: AuditedDay, mistyped: set[str]) -> Finding:
    if check.name == "types" or not mistyped:
        return Finding(check, tuple(check.find_problems(day)))
    return Finding(check, (f"not checked, because {', '.join(sorted(mistyped))} has wrong types",))


def _remembering(read_table: ReadTable) -> ReadTable:
    frames: dict[str, pl.DataFrame] = {}

    def read(name: str) -> pl.DataFrame:
        if name not in frames:
            frames[name] = read_table(name)
        return frames[name]

    return read


def _wrong_types(table: Table, day: AuditedDay) -> Iterator[str]:
    found, declared = day.table(table.name).schema, table.polars_schema()
    if list(found) != list(declared):
        yield f"the columns are {', '.join(found) or 'none'}"
    for name, dtype in declared.items():
        if name in found and found[name] != dtype:
            yield f"{name} is {found[name]} instead of {dtype}"


def _nulls(table: Table, day: AuditedDay) -> Iterator[str]:
    frame = day.table(table.name)
    for column in table.columns:
        if not column.nullable and (count := frame[column.name].null_count()):
            yield f"{column.name} is null in {count} of {frame.height} rows"


def _repeated_keys(table: Table, day: AuditedDay) -> Iterator[str]:
    keys = day.table(table.name).select(table.primary_key)
    repeated = keys.filter(keys.is_duplicated()).unique(maintain_order=True)
    if repeated.height:
        yield f"{repeated.height} keys occur more than once, such as {_examples(repeated)}"


def _dangling_references(table: Table, day: AuditedDay) -> Iterator[str]:
    for key in table.foreign_keys:
        values = day.table(table.name).select(key.column).drop_nulls().unique(maintain_order=True)
        dangling = values.join(day.table(key.table).select(key.column), on=key.column, how="anti")
        if dangling.height:
            yield f"{dangling.height} values of {key.column} are not in {key.table}, such as {_examples(dangling)}"


def _broken_rules(table: Table, day: AuditedDay) -> Iterator[str]:
    frame = day.table(table.name)
    for column in table.columns:
        for rule, is_broken in column.broken_rules().items():
            broken = frame.filter(is_broken)
            if broken.height:
                yield f"{rule}: not so in {broken.height} rows, such as {_examples(broken.select(column.name))}"


def _unreadable(day: AuditedDay) -> Iterator[str]:
    coverage = day.table(COVERAGE.name)
    if coverage.height and not coverage["status"].is_in(_CAN_BE_READ).any():
        reason = pl.col("reason").fill_null("no reason given")
        missing = coverage.select(pl.format("{} is {} ({})", "playlist_id", "status", reason))
        yield f"none of the {coverage.height} playlists could be read: {_examples(missing)}"


def _incomplete(day: AuditedDay) -> Iterator[str]:
    counts = day.table(PLAYLIST_ITEMS.name).group_by("playlist_id").agg(pl.len().cast(pl.Int64).alias("rows"))
    # None at all although there should be some is what `no_mass_loss` speaks of.
    whole = pl.when(pl.col("items_read") == 0).then(0).otherwise(pl.coalesce("items_total", "items_read"))
    expected = pl.when(pl.col("status").is_in(_HAS_ROWS)).then(whole).otherwise(0)
    compared = (
        day.table(COVERAGE.name)
        .join(counts, on="playlist_id", how="left")
        .select("playlist_id", pl.col("rows").fill_null(0), expected=expected)
        .filter(pl.col("rows") != pl.col("expected"))
    )
    if compared.height:
        examples = compared.select(pl.format("{} has {} rows instead of {}", "playlist_id", "rows", "expected"))
        yield f"{compared.height} playlists are not whole: {_examples(examples)}"


def _lost(day: AuditedDay) -> Iterator[str]:
    observed = day.table(COVERAGE.name).filter(pl.col("status").is_in(_HAS_ROWS)).drop_nulls("items_read")
    for playlist_id, rows, total in observed.select("playlist_id", "items_read", "items_total").iter_rows():
        problem = _loss(rows, total or 0, day.before.get(playlist_id), day.max_loss)
        if problem and playlist_id not in day.accepted:
            yield f"{playlist_id} {problem}; if that is right: spotify-pipeline run --accept {playlist_id}"


def _loss(rows: int, total: int, before: Published | None, max_loss: float) -> str | None:
    """What is suspicious about the number of a playlist's rows."""
    was_accepted = before is not None and (before.rows, before.total) == (rows, total)
    if rows == 0 and total > 0 and not was_accepted:
        return f"has no rows although Spotify says that it has {total}"
    if before and before.rows - rows > max_loss * before.rows:
        lost = (before.rows - rows) / before.rows
        return f"has {rows} rows instead of the {before.rows} of {before.day}, {lost:.0%} fewer"
    return None


def _examples(frame: pl.DataFrame) -> str:
    shown = [", ".join(str(value) for value in row) for row in frame.head(_EXAMPLES).iter_rows()]
    return "; ".join(shown) + ("; …" if frame.height > _EXAMPLES else "")


def _checks_of(table: Table) -> Iterator[Check]:
    def check(name: str, description: str, find: Callable[[Table, AuditedDay], Iterator[str]]) -> Check:
        return Check(table.name, name, description, partial(find, table))

    yield check("types", "The file has the declared columns, in order, with the declared types.", _wrong_types)
    required = [column.name for column in table.columns if not column.nullable]
    yield check("not_null", f"Never null: {', '.join(required)}.", _nulls)
    yield check("primary_key", f"Unique: {', '.join(table.primary_key)}.", _repeated_keys)
    if table.foreign_keys:
        references = ", ".join(f"{key.column} in {key.table}" for key in table.foreign_keys)
        yield check("foreign_keys", f"Each value exists: {references}.", _dangling_references)
    if rules := _sentence(rule for column in table.columns for rule in column.broken_rules()):
        yield check("values", rules, _broken_rules)


def _sentence(rules: Iterable[str]) -> str:
    text = "; ".join(rules)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


CHECKS = (
    *(check for table in TABLES.values() for check in _checks_of(table)),
    Check(COVERAGE.name, "readable", "At least one of the playlists asked for could be read.", _unreadable),
    Check(
        COVERAGE.name,
        "complete",
        "Each observed, unchanged or imported playlist has as many rows as Spotify says, every other one has none.",
        _incomplete,
    ),
    Check(
        PLAYLIST_ITEMS.name,
        "no_mass_loss",
        "No playlist lost more of its rows since it was last published than SPOTIFY_PIPELINE_MAX_LOSS allows, or has "
        "none although Spotify says that it has some, unless `run --accept` has accepted it.",
        _lost,
    ),
)
"""All checks: each of them must pass before a day is published."""
