"""Charts as pictures: SVG with the light colours, on a background of their own, for places that have no style sheet.

Imported late, as `page`.
"""

import copy
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal, NamedTuple

import altair as alt
import polars as pl
import vl_convert

from spotify_pipeline.report.charts import Layered, source, specs
from spotify_pipeline.report.history import GAPS
from spotify_pipeline.report.panels import Panel, Rows
from spotify_pipeline.report.theme import CONFIG, GAP_COLOURS, in_light, var
from spotify_pipeline.tables.declarations import ALBUMS, ARTISTS, COVERAGE, PLAYLIST_EVENTS, PLAYLISTS, TRACK_ARTISTS

WIDTH = 680
_CLIP = re.compile(r'(url\(#clip|<clipPath id="clip)(\d+)')
_MOST = 10
_STATUS_COLOURS = {
    "observed": var("level-4"),
    "unchanged": var("level-2"),
    "imported": var("level-1"),
    **GAP_COLOURS,
}

Frames = Callable[[str], pl.DataFrame]
"""Gives a table of the day by its name."""


def panel_picture(name: str, panel: Panel) -> str | None:
    """A chart of the report as SVG; None where it has nothing to show."""
    if not any(panel.data.values()):
        return None
    rows = len(panel.data["names"]) if name == "coverage" else None
    return _svg(specs()[name], panel.data, height=24 * max(1, rows) if rows is not None else None)


def table_picture(table: str, frames: Frames) -> str | None:
    """A picture of a day of a table; None of days of which it has nothing to tell."""
    picture = _PICTURES[table]
    rows = picture.rows(frames)
    return _svg(picture.spec(), {"rows": rows}) if rows else None


def _svg(spec: dict[str, Any], sources: Mapping[str, Rows], height: int | None = None) -> str:
    filled = copy.deepcopy(spec)
    # Without rows a source would only widen the scales that it shares.
    filled["layer"] = [layer for layer in spec["layer"] if sources.get(layer.get("data", {}).get("name"), True)]
    filled |= {"datasets": sources, "width": WIDTH} | ({"height": height} if height else {})
    for parameter in filled.get("params", ()):
        parameter["value"] = WIDTH
    filled["config"] |= {"background": var("card"), "padding": 14}
    return _numbered_anew(vl_convert.vegalite_to_svg(in_light(filled)))


def _numbered_anew(svg: str) -> str:
    """The picture with clips numbered from 0: Vega goes on counting, and the same rows are to be the same picture."""
    numbers: dict[str, int] = {}
    return _CLIP.sub(lambda clip: f"{clip[1]}{numbers.setdefault(clip[2], len(numbers))}", svg)


def _status_rows(frames: Frames) -> Rows:
    counts = dict(frames(COVERAGE.name).group_by("status").len().iter_rows())
    rows: Rows = []
    start = 0
    for status in _STATUS_COLOURS:
        if number := counts.get(status):
            text = f"{number:,} {GAPS.get(status, status)}"
            rows.append({"status": status, "text": text, "slot": len(rows), "start": start, "end": start + number})
            start += number
    return rows


def _event_rows(frames: Frames) -> Rows:
    """Where most came and went; numbers that would be nothing are left out."""
    counts = (
        frames(PLAYLIST_EVENTS.name)
        .filter(pl.col("event").is_in(["added", "removed"]))
        .group_by("playlist_id")
        .agg(came=(pl.col("event") == "added").sum().cast(pl.Int64), events=pl.len().cast(pl.Int64))
        .join(frames(PLAYLISTS.name).select("playlist_id", "name"), on="playlist_id")
        .sort("events", "playlist_id", descending=True)
        .head(_MOST)
    )
    return [
        {"row": number, "name": row["name"], "came": row["came"], "went": row["events"] - row["came"]}
        for number, row in enumerate(counts.iter_rows(named=True))
    ]


def _decade_rows(frames: Frames) -> Rows:
    decades = (
        frames(ALBUMS.name)
        .group_by(decade=pl.col("release_day").dt.year() // 10 * 10)
        .agg(tracks=pl.len().cast(pl.Int64))
        .sort("decade", nulls_last=True)
    )
    return [
        {"decade": "?" if decade is None else f"{decade}s", "tracks": tracks} for decade, tracks in decades.iter_rows()
    ]


def _artist_rows(frames: Frames) -> Rows:
    most = (
        frames(TRACK_ARTISTS.name)
        .group_by("artist_id")
        .agg(tracks=pl.col("track_id").n_unique().cast(pl.Int64))
        .join(frames(ARTISTS.name).select("artist_id", "name"), on="artist_id")
        .sort("tracks", "name", "artist_id", descending=[True, False, False])
        .head(_MOST)
    )
    return [
        {"row": number, "name": row["name"], "tracks": row["tracks"]}
        for number, row in enumerate(most.iter_rows(named=True))
    ]


@cache
def _statuses() -> dict[str, Any]:
    colours = alt.Scale(domain=list(_STATUS_COLOURS), range=list(_STATUS_COLOURS.values()))
    base = alt.Chart(source("rows")).encode(fill=alt.Fill("status:N", scale=colours, legend=None))
    strip = base.mark_rect(stroke=var("card"), strokeWidth=2).encode(
        x=alt.X("start:Q", axis=None, scale=alt.Scale(nice=False)), x2="end:Q", y=alt.value(0), y2=alt.value(24)
    )
    # Below, at even distances: names beside narrow parts would lie over each other. In two lines, because who shows the
    # picture does so in a font of its own.
    columns = len(_STATUS_COLOURS) // 2
    across = alt.Scale(domain=[0, columns], range=[6, WIDTH])
    down = alt.Scale(domain=[0, 1], range=[42, 62])
    key = base.transform_calculate(column=f"datum.slot % {columns}", line=f"floor(datum.slot / {columns})").encode(
        x=alt.X("column:Q", axis=None, scale=across), y=alt.Y("line:Q", axis=None, scale=down)
    )
    marks = key.mark_square(size=110, opacity=1)
    names = key.mark_text(align="left", dx=10).encode(text="text:N", fill=alt.value(var("ink")))
    layers = alt.layer(strip, alt.layer(marks, names)).resolve_scale(x="independent", y="independent")
    return _configured(layers.properties(height=70))


@cache
def _events() -> dict[str, Any]:
    base = alt.Chart(source("rows")).encode(y=alt.Y("row:O", axis=None))

    def bars(field: str, sign: str, colour: str, align: Literal["left", "right"], shift: int) -> Layered:
        ends = base.transform_calculate(end=f"{sign}datum.{field}").encode(
            x=alt.X("end:Q", axis=None, scale=alt.Scale(padding=26))
        )
        bar = ends.mark_bar(height=9, yOffset=7, fill=var(colour))
        number = ends.mark_text(align=align, dx=shift, dy=7, fontSize=11).encode(
            text=alt.Text(f"{field}:Q", format=","),
            opacity=alt.condition(f"datum.{field} > 0", alt.value(1), alt.value(0)),
        )
        return alt.layer(bar, number)

    names = base.mark_text(align="left", dy=-7, limit=WIDTH).encode(x=alt.value(0), text="name:N")
    layers = alt.layer(bars("came", "", "added", "left", 4), bars("went", "-", "removed", "right", -4), names)
    return _configured(layers.properties(height=alt.Step(32)))


@cache
def _artists() -> dict[str, Any]:
    base = alt.Chart(source("rows")).encode(y=alt.Y("row:O", axis=None))
    x = alt.X("tracks:Q", axis=None, scale=alt.Scale(range=[0, WIDTH - 40]))
    bars = base.mark_bar(height=7, yOffset=8, fill=var("added"), cornerRadius=2).encode(x=x)
    numbers = base.mark_text(align="left", dx=6, dy=8, fontSize=11).encode(x=x, text=alt.Text("tracks:Q", format=","))
    names = base.mark_text(align="left", dy=-6, limit=WIDTH).encode(x=alt.value(0), text="name:N")
    return _configured(alt.layer(bars, numbers, names).properties(height=alt.Step(30)))


def _configured(chart: Layered) -> dict[str, Any]:
    spec: dict[str, Any] = chart.configure(**CONFIG).to_dict()
    return spec


class _Picture(NamedTuple):
    caption: str
    rows: Callable[[Frames], Rows]
    spec: Callable[[], dict[str, Any]]


_PICTURES = {
    COVERAGE.name: _Picture("What came of the playlists that day.", _status_rows, _statuses),
    PLAYLIST_EVENTS.name: _Picture("How many items went (left) and came (right).", _event_rows, _events),
    ALBUMS.name: _Picture("Albums by decade of release.", _decade_rows, lambda: specs()["decades"]),
    ARTISTS.name: _Picture("The artists with the most different tracks.", _artist_rows, _artists),
}
CAPTIONS = {table: picture.caption for table, picture in _PICTURES.items()}
"""What is on the picture of each table that has one."""
