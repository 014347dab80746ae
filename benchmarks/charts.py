"""Results as charts: SVG that takes the light or the dark colours of the report, as whoever looks at it prefers."""

from collections.abc import Sequence
from hashlib import blake2b
from json import dumps
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl
import vl_convert

from benchmarks.contest import CONTENDERS
from benchmarks.tables import contested
from spotify_pipeline.report.theme import CONFIG, DARK, LIGHT, var

IMAGES = Path(__file__).parents[1] / "docs" / "images"
_WIDTH, _LABELS, _BAR = 300, 200, 22
_ROOM = 1.25  # beside the longest bar, for its number
_SIZES_SHOWN = 2

Row = dict[str, Any]
Results = dict[str, Any]


def digests(results: Results) -> dict[Path, str]:
    """What each chart would be made of: a chart that says another digest is not current."""
    return {IMAGES / name: blake2b(dumps(rows).encode(), digest_size=8).hexdigest() for name, rows in _rows(results)}


def charts(results: Results) -> dict[Path, str]:
    """The charts as SVG, by file; only those for which something was measured."""
    drawn = {"transformation.svg": _contest_chart, "fixed-costs.svg": _fixed_chart}
    marks = digests(results)
    return {IMAGES / name: _svg(drawn[name](rows), marks[IMAGES / name]) for name, rows in _rows(results)}


def _rows(results: Results) -> list[tuple[str, list[Row]]]:
    found = {"transformation.svg": _contest_rows(results), "fixed-costs.svg": _fixed_rows(results)}
    return [(name, rows) for name, rows in found.items() if rows]


def _contest_rows(results: Results) -> list[Row]:
    """Each contender at the largest sizes."""
    measured = [row for row in contested(results) if row.shape == "old" and row.left_out is None]
    sizes = sorted({row.items for row in measured})[-_SIZES_SHOWN:]
    return [
        {
            "items": f"{row.items:,} items",
            "title": row.contender.title,
            "kind": "ours" if row.contender.is_ours else "floor" if row.contender.is_floor else "other",
            "seconds": round(row.work, 3),
            "memory": round(row.peak_bytes / 1e6),
        }
        for row in measured
        if row.items in sizes
    ]


def _fixed_rows(results: Results) -> list[Row]:
    return [
        {"command": command, "part": part["part"], "seconds": round(part["seconds"], 3)}
        for command, cost in results.get("fixed", {}).items()
        for part in cost.get("parts", ())
    ]


def _contest_chart(rows: Sequence[Row]) -> alt.VConcatChart:
    sizes = list(dict.fromkeys(row["items"] for row in rows))
    order = [contender.title for contender in CONTENDERS]
    return alt.vconcat(
        *(
            alt.hconcat(
                _bars(of_size, "title", "seconds", f"{size}: seconds", order, ",.2f"),
                _bars(of_size, "title", "memory", "most memory in MB", order, ",.0f", labels=False),
            )
            for size in sizes
            if (of_size := [row for row in rows if row["items"] == size])
        )
    )


def _fixed_chart(rows: Sequence[Row]) -> alt.VConcatChart:
    commands = list(dict.fromkeys(row["command"] for row in rows))
    return alt.vconcat(
        *(
            _bars(of_command, "part", "seconds", f"{command}: seconds", [row["part"] for row in of_command], ",.2f")
            for command in commands
            if (of_command := [row for row in rows if row["command"] == command])
        )
    )


def _bars(
    rows: Sequence[Row], names: str, values: str, title: str, order: Sequence[str], number: str, *, labels: bool = True
) -> alt.LayerChart | alt.FacetChart:
    """A bar for each row, with its number at its end."""
    axis = alt.Axis(title=None, labels=labels, labelLimit=_LABELS, minExtent=_LABELS if labels else 0, grid=False)
    colour = {"ours": var("accent"), "other": var("removed"), "floor": var("hatch")}
    base = alt.Chart(pl.DataFrame(rows)).encode(
        y=alt.Y(f"{names}:N", sort=list(order), axis=axis),
        x=alt.X(f"{values}:Q", axis=None, scale=alt.Scale(domain=[0, _ROOM * max(row[values] for row in rows)])),
    )
    bars = base.mark_bar(height=_BAR - 8)
    if "kind" in rows[0]:
        scale = alt.Scale(domain=list(colour), range=list(colour.values()))
        bars = bars.encode(color=alt.Color("kind:N", scale=scale, legend=None))
    else:
        bars = bars.encode(color=alt.value(var("accent")))
    ends = base.mark_text(align="left", dx=5).encode(text=alt.Text(f"{values}:Q", format=number))
    height = _BAR * len({row[names] for row in rows})
    return alt.layer(bars, ends).properties(width=_WIDTH if labels else _WIDTH * 2 // 3, height=height, title=title)


def _svg(chart: alt.VConcatChart, mark: str) -> str:
    """The chart, with the digest of what it shows, and both sets of colours, of which the browser chooses one."""
    title = {"color": var("ink"), "fontSize": 13, "anchor": "start", "offset": 6}
    config = CONFIG | {"background": var("card"), "padding": 14, "title": title}
    drawn = vl_convert.vegalite_to_svg(chart.to_dict(validate=False) | {"config": config})
    colours = [";".join(f"--{name}:{colour}" for name, colour in theme.items()) for theme in (LIGHT, DARK)]
    style = f"<style>:root{{{colours[0]}}}@media(prefers-color-scheme:dark){{:root{{{colours[1]}}}}}</style>"
    start, end, rest = drawn.partition(">")
    return f"{start}{end}<!-- {mark} -->{style}{rest}\n"
