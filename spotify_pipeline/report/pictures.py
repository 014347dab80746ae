"""Charts as pictures: PNG with the light colours, on a background of their own, for places that have no style sheet.

Imported late, as `page`.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any, Literal

import altair as alt
import polars as pl
import vl_convert

from spotify_pipeline.report.charts import Layered, specs
from spotify_pipeline.report.history import GAPS
from spotify_pipeline.report.panels import Panel
from spotify_pipeline.report.theme import CONFIG, GAP_COLOURS, LIGHT, in_light, var
from spotify_pipeline.tables.declarations import ALBUMS, ARTISTS, COVERAGE, PLAYLIST_EVENTS, PLAYLISTS, TRACK_ARTISTS

WIDTH = 680
_MOST = 10
_STATUS_COLOURS = {"observed": LIGHT["level-4"], "unchanged": LIGHT["level-2"], **GAP_COLOURS}

Frames = Callable[[str], pl.DataFrame]
"""Gives a table of the day by its name."""


def panel_picture(name: str, panel: Panel) -> bytes | None:
    """A chart of the report as PNG; None where it has nothing to show."""
    if not any(panel.data.values()):
        return None
    spec = copy.deepcopy(specs()[name])
    spec["datasets"] = panel.data
    spec["layer"] = [layer for layer in spec["layer"] if panel.data.get(layer.get("data", {}).get("name"), True)]
    spec["width"] = WIDTH
    if name == "coverage":
        spec["height"] = 24 * max(1, len(panel.data["names"]))
    for parameter in spec.get("params", ()):
        parameter["value"] = WIDTH
    return _png(spec)


def table_picture(table: str, frames: Frames) -> bytes | None:
    """What a picture can tell of a day of a table; None of tables, or of days, of which it has nothing to tell."""
    make = _PICTURES.get(table)
    chart = make(frames) if make else None
    return _png(chart.configure(**CONFIG).to_dict()) if chart else None


def _statuses(frames: Frames) -> Layered | None:
    counts = frames(COVERAGE.name).group_by("status").len("playlists")
    if counts.is_empty():
        return None
    order = list(_STATUS_COLOURS)
    rows = sorted(counts.to_dicts(), key=lambda row: order.index(row["status"]))
    start = 0
    for row in rows:
        row |= {
            "start": start,
            "end": start + row["playlists"],
            "text": f"{row['playlists']} {GAPS.get(row['status'], row['status'])}",
        }
        start = row["end"]
    base = alt.Chart(alt.InlineData(values=rows))
    fill = alt.Fill(
        "text:N",
        sort=None,
        legend=alt.Legend(title=None, orient="top", labelLimit=200),
        scale=alt.Scale(domain=[row["text"] for row in rows], range=[_STATUS_COLOURS[row["status"]] for row in rows]),
    )
    strip = base.mark_rect(stroke=var("card"), strokeWidth=2).encode(
        x=alt.X("start:Q", axis=None, scale=alt.Scale(domain=[0, start], nice=False)), x2="end:Q", fill=fill
    )
    return alt.layer(strip).properties(width=WIDTH, height=26)


def _events(frames: Frames) -> Layered | None:
    counts = (
        frames(PLAYLIST_EVENTS.name)
        .group_by("playlist_id")
        .agg(
            came=(pl.col("event") == "added").sum().cast(pl.Int64),
            went=-(pl.col("event") == "removed").sum().cast(pl.Int64),
        )
        .filter((pl.col("came") > 0) | (pl.col("went") < 0))
        .join(frames(PLAYLISTS.name).select("playlist_id", "name"), on="playlist_id", how="left")
        .sort(pl.col("went") - pl.col("came"), "playlist_id")
        .head(_MOST)
    )
    if counts.is_empty():
        return None
    base = alt.Chart(alt.InlineData(values=counts.with_row_index("row").to_dicts())).encode(y=alt.Y("row:O", axis=None))

    def bars(field: str, colour: str, align: Literal["left", "right"], shift: int) -> Layered:
        bar = base.mark_bar(height=9, yOffset=7, fill=var(colour)).encode(x=alt.X(f"{field}:Q", axis=None))
        number = base.transform_filter(f"datum.{field} !== 0").mark_text(align=align, dx=shift, dy=7, fontSize=11)
        number = number.transform_calculate(number=f"abs(datum.{field})").encode(x=f"{field}:Q", text="number:Q")
        return alt.layer(bar, number)

    names = base.mark_text(align="left", dy=-7, limit=WIDTH).encode(x=alt.value(0), text="name:N")
    layers = alt.layer(bars("came", "added", "left", 4), bars("went", "removed", "right", -4), names)
    return layers.properties(width=WIDTH, height=alt.Step(32))


def _decades(frames: Frames) -> Layered | None:
    decades = (
        frames(ALBUMS.name)
        .select(decade=pl.col("release_day").dt.year() // 10 * 10)
        .group_by("decade")
        .len("tracks")
        .sort("decade", nulls_last=True)
    )
    if decades["decade"].drop_nulls().is_empty():
        return None
    rows = [
        {"decade": "?" if row["decade"] is None else f"{row['decade']}s", "tracks": row["tracks"]}
        for row in decades.iter_rows(named=True)
    ]
    chart = alt.LayerChart.from_dict({key: value for key, value in specs()["decades"].items() if key != "config"})
    return chart.properties(datasets={"rows": rows}, width=WIDTH)


def _artists(frames: Frames) -> Layered | None:
    most = (
        frames(TRACK_ARTISTS.name)
        .group_by("artist_id")
        .agg(tracks=pl.col("track_id").n_unique())
        .join(frames(ARTISTS.name).select("artist_id", "name"), on="artist_id")
        .sort(-pl.col("tracks").cast(pl.Int64), "name", "artist_id")
        .head(_MOST)
    )
    if most.is_empty():
        return None
    base = alt.Chart(alt.InlineData(values=most.with_row_index("row").to_dicts())).encode(y=alt.Y("row:O", axis=None))
    x = alt.X("tracks:Q", axis=None, scale=alt.Scale(range=[0, WIDTH - 40]))
    bars = base.mark_bar(height=7, yOffset=8, fill=var("added"), cornerRadius=2).encode(x=x)
    numbers = base.mark_text(align="left", dx=6, dy=8, fontSize=11).encode(x=x, text="tracks:Q")
    names = base.mark_text(align="left", dy=-6, limit=WIDTH).encode(x=alt.value(0), text="name:N")
    return alt.layer(bars, numbers, names).properties(width=WIDTH, height=alt.Step(30))


_PICTURES: Mapping[str, Callable[[Frames], Layered | None]] = {
    COVERAGE.name: _statuses,
    PLAYLIST_EVENTS.name: _events,
    ALBUMS.name: _decades,
    ARTISTS.name: _artists,
}
PICTURED = frozenset(_PICTURES)
"""The tables that have pictures."""


def _png(spec: dict[str, Any]) -> bytes:
    spec["config"] = spec["config"] | {"background": var("card"), "padding": 14}
    return vl_convert.vegalite_to_png(in_light(spec))
