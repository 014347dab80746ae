"""Results as tables in Markdown, for the terminal and for the page about performance."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.contest import CONTENDERS, Contender
from benchmarks.scale import ITEMS, days

Results = dict[str, Any]
_SHAPES = {"old": "extended quota", "new": "development mode"}
_COMPARED_ITEMS, _MOST_ITEMS = 100_000, 1_000_000
_LEAST_MEMORY = 120e6  # of Python with what is imported
_LEAST_TO_TUTORIAL, _LEAST_TO_DUCKDB, _MOST_TO_DECODE, _MOST_BYTES = 7, 2, 2, 2_500_000_000


@dataclass(frozen=True)
class Contested:
    """How a contender did with a day: medians of its runs, or why it was left out.

    Attributes:
        work: seconds, once everything was imported.
        cpu: seconds of all processors, imports included.
        ratio: how many times this project's `work` it took.
    """

    contender: Contender
    shape: str
    items: int
    json_bytes: int
    left_out: str | None
    work: float = 0.0
    cpu: float = 0.0
    peak_bytes: float = 0.0
    ratio: float = 0.0


def contested(results: Results) -> list[Contested]:
    """Each contender at each size, in the order in which they were measured."""
    rows = results.get("transform", [])
    days = dict.fromkeys((row["shape"], row["items"], row["json_bytes"]) for row in rows)
    found = []
    for shape, items, json_bytes in days:
        ours = 0.0
        for contender in CONTENDERS:
            wanted = (contender.module, shape, items)
            runs = [row for row in rows if (row["contender"], row["shape"], row["items"]) == wanted]
            if not runs:
                continue
            if reason := runs[0].get("left_out"):
                found.append(Contested(contender, shape, items, json_bytes, reason))
                continue
            work, cpu, peak = (median(run[column] for run in runs) for column in ("work", "cpu", "peak_bytes"))
            ours = ours or work  # this project comes first
            found.append(Contested(contender, shape, items, json_bytes, None, work, cpu, peak, work / ours))
    return found


def printed(results: Results) -> str:
    """All tables, each under its name."""
    made = {title: table(results) for title, table in TABLES.items()}
    return "\n\n".join(f"{title}\n\n{table}" for title, table in made.items() if table)


def machine(results: Results) -> str:
    """What everything was measured on, in one sentence."""
    found = results["machine"]
    libraries = ", ".join(f"{name} {number}" for name, number in found["libraries"].items() if number)
    return (
        f"Measured on {found['day']} on {found['cores']} cores ({found['processor']}) with "
        f"{found['memory_bytes'] / 2**30:.0f} GiB of memory, {found['system']}, Python {found['python']}, {libraries}."
    )


def aims(results: Results) -> str:
    """What the project wants to reach, and what was measured."""
    at = {
        (row.contender.module, row.items): row for row in contested(results) if row.shape == "old" and not row.left_out
    }
    rows = [("aim", "measured"), ("---", "---")]
    for module, least in (("tutorial", _LEAST_TO_TUTORIAL), ("duckdb_sql", _LEAST_TO_DUCKDB)):
        if other := at.get((module, _COMPARED_ITEMS)):
            aim = f"{_COMPARED_ITEMS:,} items at least {least} times as fast as {other.contender.title}"
            rows.append((aim, f"{other.ratio:.1f} times"))
    if floor := at.get(("floor_decode", _MOST_ITEMS)):
        aim = f"{_MOST_ITEMS:,} items in at most {_MOST_TO_DECODE} times the seconds of the typed decode alone"
        rows.append((aim, f"{1 / floor.ratio:.1f} times"))
    if (day := results.get("day")) and day["items"] == _MOST_ITEMS and "wall" in day:
        aim = f"{_MOST_ITEMS:,} items from raw documents to published tables within {_MOST_BYTES / 1e9:.1f} GB"
        rows.append((aim, f"{day['peak_bytes'] / 1e9:.2f} GB"))
    return _table(rows)


def transformation(results: Results) -> str:
    """A row for each contender at each size."""
    header = ("items", "", "reads", "seconds", "processors' seconds", "most memory", "JSON a second", "times ours")
    rows = [header, tuple("---" for _ in header)]
    for row in contested(results):
        items = f"{row.items:,}" + (f", {_SHAPES[row.shape]}" if row.shape != "old" else "")
        title = f"**{row.contender.title}**" if row.contender.is_ours else row.contender.title
        about = (items, title, row.contender.reads)
        if row.left_out:
            rows.append((*about, f"left out: {row.left_out}", "", "", "", ""))
        else:
            speed = f"{row.json_bytes / row.work / 1e6:,.0f} MB"
            memory = f"{row.peak_bytes / 1e6:,.0f} MB"
            rows.append((*about, f"{row.work:.2f}", f"{row.cpu:.2f}", memory, speed, f"{row.ratio:.2f}"))
    return _table(rows)


def rows_made(results: Results) -> str:
    """How many rows everybody's tables have."""
    ours = [row for row in results.get("transform", ()) if row["contender"] == CONTENDERS[0].module]
    by_day = {(row["items"], row["shape"]): row["rows"] for row in ours}
    if not by_day:
        return ""
    tables = list(next(iter(by_day.values())))
    rows = [("items", *tables), tuple("---" for _ in ("items", *tables))]
    rows += [
        (f"{items:,}", *(f"{made[table]:,}" for table in tables))
        for (items, shape), made in by_day.items()
        if shape == "old"
    ]
    return _table(rows)


def whole_day(results: Results) -> str:
    """A row for each step."""
    if "day" not in results:
        return ""
    day = results["day"]
    if reason := day.get("left_out"):
        return f"Left out: {day['items']:,} items, {reason}."
    rows = [("step", "seconds", "most memory"), ("---", "---", "---")]
    rows += [
        (f"`{step['step']}`", f"{step['wall']:.1f}", f"{step['peak_bytes'] / 1e6:,.0f} MB") for step in day["steps"]
    ]
    rows.append((f"**{day['items']:,} items**", f"**{day['wall']:.1f}**", f"**{day['peak_bytes'] / 1e6:,.0f} MB**"))
    return _table(rows)


def fixed_costs(results: Results) -> str:
    """A row for each part of each command."""
    rows = [("command", "part", "seconds"), ("---", "---", "---")]
    for command, cost in results.get("fixed", {}).items():
        if reason := cost.get("left_out"):
            rows.append((f"**{command}**", f"left out: {reason}", ""))
            continue
        total = sum(part["seconds"] for part in cost["parts"])
        note = f"; {cost['note']}" if "note" in cost else ""
        rows.append((f"**{command}**", f"all together{note}", f"**{total:.2f}**"))
        rows += [("", part["part"], f"{part['seconds']:.2f}") for part in cost["parts"]]
    return _table(rows)


def requests(results: Results) -> str:
    """A row for each library of playlists."""
    header = ("app", "playlists", "items of each", "first day", "nothing has changed", "a twentieth has changed")
    rows = [header, tuple("---" for _ in header)]
    for row in results.get("requests", ()):
        numbers = (row[name] for name in ("playlists", "items", "first", "quiet", "changed"))
        rows.append((_SHAPES[row["shape"]], *(f"{number:,}" for number in numbers)))
    return _table(rows)


def scale(results: Results) -> str:
    """A row for each number of playlists."""
    reckoned, needed = ("requests to Spotify", "one processor", "memory of one process, at most"), ("raw", "tables")
    header = ("playlists", "items", *reckoned, *needed, "compute", "requests to S3", "a month of storage")
    rows: list[tuple[str, ...]] = [header, tuple("---" for _ in header)]
    for day in days(results):
        sizes = (max(day.memory_bytes, _LEAST_MEMORY), day.raw_bytes, day.tables_bytes)
        dollars = (day.compute_dollars, day.s3_dollars, day.storage_dollars)
        numbers = (f"{number:,.0f}" for number in (day.playlists, day.playlists * ITEMS, day.requests))
        rows.append((*numbers, _time(day.seconds), *map(_bytes, sizes), *map(_dollars, dollars)))
    return _table(rows)


def _time(seconds: float) -> str:
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:.1f} s" if seconds >= 0.1 else "below 0.1 s"


def _bytes(size: float) -> str:
    for unit, length in (("TB", 1e12), ("GB", 1e9)):
        if size >= length:
            return f"{size / length:,.1f} {unit}"
    return f"{size / 1e6:,.1f} MB"


def _dollars(amount: float) -> str:
    if amount < 0.01:
        return "below 0.01 $"
    return f"{amount:,.0f} $" if amount >= 10 else f"{amount:.2f} $"


TABLES = {
    "aims": aims,
    "transformation": transformation,
    "rows": rows_made,
    "whole_day": whole_day,
    "fixed_costs": fixed_costs,
    "requests": requests,
    "scale": scale,
}
"""What makes which table, by its name in the page."""


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    """The table; nothing where there is only a header."""
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) if len(rows) > 2 else ""
