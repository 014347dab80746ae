"""Results as tables in Markdown, for the terminal and for the page about performance."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from benchmarks.contest import CONTENDERS, Contender

Results = dict[str, Any]
_OURS = CONTENDERS[0]
_SHAPES = {"old": "extended quota", "new": "development mode"}


def printed(results: Results) -> str:
    """All tables, each under what it is about."""
    tables = {
        "The transformation": transformation(results),
        "A whole day": whole_day(results),
        "Fixed costs": fixed_costs(results),
        "Requests": requests(results),
    }
    return "\n\n".join(f"{title}\n\n{table}" for title, table in tables.items() if table)


def transformation(results: Results) -> str:
    """A row for each contender at each size: medians, and how it compares with this project."""
    header = ("items", "", "reads", "seconds", "processors' seconds", "memory", "JSON a second", "compared")
    rows = [header, tuple("---" for _ in header)]
    for shape, items in _days(results):
        for contender in CONTENDERS:
            found = _of(results, contender, shape, items)
            if found:
                rows.append(_contender_row(results, contender, shape, items, found))
    return _table(rows) if len(rows) > 2 else ""


def _contender_row(
    results: Results, contender: Contender, shape: str, items: int, found: Sequence[Results]
) -> tuple[str, ...]:
    day = f"{items:,}" + (", development mode" if shape == "new" else "")
    if reason := found[0].get("left_out"):
        return (day, contender.title, contender.reads, f"left out: {reason}", "", "", "", "")
    work = _median(found, "work")
    return (
        day,
        f"**{contender.title}**" if contender is _OURS else contender.title,
        contender.reads,
        f"{work:.2f}",
        f"{_median(found, 'cpu'):.2f}",
        f"{_median(found, 'peak_bytes') / 1e6:,.0f} MB",
        f"{found[0]['json_bytes'] / work / 1e6:,.0f} MB",
        "" if contender is _OURS else f"{ratio(results, contender, shape, items):.2f}",
    )


def ratio(results: Results, contender: Contender, shape: str, items: int) -> float | None:
    """How long a contender took for each second of this project; None where one of them was not measured."""
    theirs, ours = (_of(results, one, shape, items) for one in (contender, _OURS))
    if not theirs or not ours or "work" not in theirs[0]:
        return None
    return _median(theirs, "work") / _median(ours, "work")


def whole_day(results: Results) -> str:
    """A row for each step."""
    if "day" not in results:
        return ""
    day = results["day"]
    rows = [("step", "seconds", "most memory"), ("---", "---", "---")]
    rows += [(step["step"], f"{step['wall']:.1f}", f"{step['peak_bytes'] / 1e6:,.0f} MB") for step in day["steps"]]
    rows.append(("**from start to end**", f"**{day['wall']:.1f}**", f"**{day['peak_bytes'] / 1e6:,.0f} MB**"))
    return _table(rows)


def fixed_costs(results: Results) -> str:
    """A row for each part of each command."""
    if "fixed" not in results:
        return ""
    rows = [("command", "part", "seconds"), ("---", "---", "---")]
    for command, cost in results["fixed"].items():
        if reason := cost.get("left_out"):
            rows.append((f"**{command}**", f"left out: {reason}", ""))
            continue
        total = sum(part["seconds"] for part in cost["parts"])
        note = f"; {cost['note']}" if "note" in cost else ""
        rows.append((f"**{command}**", f"**all together**{note}", f"**{total:.2f}**"))
        rows += [("", part["part"], f"{part['seconds']:.2f}") for part in cost["parts"]]
    return _table(rows)


def requests(results: Results) -> str:
    """A row for each library of playlists."""
    if "requests" not in results:
        return ""
    header = ("app", "playlists", "items of each", "first day", "nothing has changed", "a twentieth has changed")
    rows = [header, tuple("---" for _ in header)]
    for row in results["requests"]:
        numbers = (row[name] for name in ("playlists", "items", "first", "quiet", "changed"))
        rows.append((_SHAPES[row["shape"]], *(f"{number:,}" for number in numbers)))
    return _table(rows)


def _days(results: Results) -> list[tuple[str, int]]:
    """Shape and items of each measured day, in the order in which they were measured."""
    return list(dict.fromkeys((row["shape"], row["items"]) for row in results.get("transform", ())))


def _of(results: Results, contender: Contender, shape: str, items: int) -> list[Results]:
    wanted = (contender.module, shape, items)
    return [row for row in results["transform"] if (row["contender"], row["shape"], row["items"]) == wanted]


def _median(rows: Iterable[Results], column: str) -> float:
    return float(median(row[column] for row in rows))


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
