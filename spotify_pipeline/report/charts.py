"""The charts, in Altair, without data: the page and `pictures` put it in under the names of their sources."""

from functools import cache
from typing import Any, TypeAlias

import altair as alt

from spotify_pipeline.report.theme import CONFIG, hatching, var

Layered: TypeAlias = alt.LayerChart | alt.FacetChart
"""What `alt.layer` gives, and what the layers become."""

_GAPS = ("not_run", "failed", "restricted", "not_found")
_LEVELS = tuple(f"level-{number}" for number in range(5))
_DAY_FORMAT = "%a %-d %b %Y"
_DAYS = alt.Axis(
    title=None,
    labelExpr="utcFormat(datum.value, domain('x')[1] - domain('x')[0] > 120 * 864e5 ? '%b %Y' : '%-d %b')",
    tickCount=alt.ExprRef("clamp(floor(width / 110), 4, 7)"),
    labelOverlap=True,
)
_ROOM = alt.param(name="room", value=600)
"""The width of the place where a chart is, in pixels, for those that choose how to use it."""
_BESIDE = "room >= 640"


def source(name: str) -> alt.NamedData:
    """Rows that are put in later, under this name."""
    return alt.NamedData(name)


def _time(field: str, axis: alt.Axis | None = _DAYS) -> alt.X:
    return alt.X(f"{field}:T", axis=axis, scale=alt.Scale(type="utc"))


def _gap_fill() -> alt.Color:
    scale = alt.Scale(domain=list(_GAPS), range=[hatching(state) for state in _GAPS])
    return alt.Color("style:N", scale=scale, legend=None)


def _gap_bands() -> alt.Chart:
    """Days of which nothing is known, over the whole height."""
    bands: alt.Chart = (
        alt.Chart(source("gaps"))
        .mark_rect(opacity=0.5)
        .encode(x=_time("start"), x2="end:T", fill=_gap_fill(), tooltip=[alt.Tooltip("about:N", title="Gap")])
    )
    return bands


def _frame() -> alt.Chart:
    """Nothing to see: keeps all the days on the axis, also where nothing happens."""
    frame: alt.Chart = alt.Chart(source("frame")).mark_rect(opacity=0).encode(x=_time("start"), x2="end:T")
    return frame


def _calendar() -> Layered:
    month = (
        "toNumber(substring(datum.value, 8, 10)) <= 7 "
        "? monthAbbrevFormat(toNumber(substring(datum.value, 5, 7)) - 1) : ''"
    )
    x = alt.X(
        "week:O",
        axis=alt.Axis(
            title=None, orient="top", labelExpr=month, labelAngle=0, labelAlign="left", labelOverlap=False, ticks=False,
            domain=False, labelOffset=alt.ExprRef("-bandwidth('x') / 2"),
        ),
        scale=alt.Scale(paddingInner=0.14, paddingOuter=0),
    )  # fmt: skip
    y = alt.Y(
        "weekday:O",
        axis=alt.Axis(
            title=None, labelExpr="['Mon', '', 'Wed', '', 'Fri', '', 'Sun'][datum.value]", labelOverlap=False
        ),
        scale=alt.Scale(domain=list(range(7)), paddingInner=0.14, paddingOuter=0),
    )
    base = alt.Chart(source("rows")).encode(x=x, y=y)
    fills = [var(level) for level in _LEVELS] + [hatching(state) for state in _GAPS]
    cells = base.mark_rect(cornerRadius=2).encode(
        fill=alt.Fill("style:N", scale=alt.Scale(domain=[*_LEVELS, *_GAPS], range=fills), legend=None),
        stroke=alt.condition("datum.partial", alt.value(var("removed")), alt.value(None)),
        tooltip=[
            alt.Tooltip("day:T", format=_DAY_FORMAT, formatType="utc", title="Day"),
            alt.Tooltip("about:N", title="What"),
        ],
    )
    numbers = (
        base.transform_filter("datum.changes > 0")
        .mark_text(fontSize=11, opacity=alt.ExprRef("bandwidth('x') >= 22 ? 1 : 0"), tooltip=None)
        .encode(
            text="changes:Q",
            fill=alt.condition(
                "datum.style === 'level-3' || datum.style === 'level-4'",
                alt.value(var("on-level-3")),
                alt.value(var("on-level-1")),
            ),
        )
    )
    return alt.layer(cells, numbers).properties(width=alt.Step(20), height=alt.Step(20))


def _flow() -> Layered:
    y_axis = alt.Axis(title=None, tickCount=5, tickMinStep=1, labelExpr="format(abs(datum.value), ',')")
    tooltip = [
        alt.Tooltip("day:T", format=_DAY_FORMAT, formatType="utc", title="Day"),
        alt.Tooltip("added:Q", title="Came", format=","),
        alt.Tooltip("removed:Q", title="Went", format=","),
        alt.Tooltip("about:N", title="Compared"),
    ]
    base = alt.Chart(source("rows")).encode(x=_time("day"), x2="end:T", tooltip=tooltip)

    def columns(what: str, sign: str) -> Layered:
        """Full up to what has happened on the day, and then hollow: what was found after a gap."""
        ends = base.transform_calculate(known=f"{sign}datum.known_{what}", whole=f"{sign}datum.{what}")
        known = ends.mark_rect(x2Offset=-2, fill=var(what)).encode(y=alt.Y("known:Q", axis=y_axis), y2=alt.datum(0))
        late = ends.mark_rect(x2Offset=-2, fill=var(what), fillOpacity=0.15, stroke=var(what), strokeWidth=1).encode(
            y=alt.Y("known:Q", axis=y_axis),
            y2="whole:Q",
            opacity=alt.condition("datum.known !== datum.whole", alt.value(1), alt.value(0)),
        )
        return alt.layer(known, late)

    zero = alt.Chart(source("frame")).mark_rule(stroke=var("muted"), strokeWidth=1).encode(y=alt.datum(0))
    layers = (_frame(), _gap_bands(), columns("added", ""), columns("removed", "-"), zero)
    return alt.layer(*layers).properties(width="container", height=236)


def _length() -> Layered:
    y = alt.Y("items:Q", axis=alt.Axis(title=None, tickCount=4, tickMinStep=1), scale=alt.Scale(zero=False, nice=True))
    line = (
        alt.Chart(source("rows"))
        .mark_line(stroke=var("accent"), strokeWidth=2, interpolate="linear")
        .encode(x=_time("day"), y=y, detail="stretch:N")
    )
    last = (
        alt.Chart(source("last"))
        .mark_text(align="right", dy=-9, fontWeight="bold", fill=var("accent"))
        .encode(x=_time("day"), y=y, text=alt.Text("items:Q", format=","))
    )
    return alt.layer(_frame(), _gap_bands(), line, last).properties(width="container", height=150)


def _coverage() -> Layered:
    # Names stand beside the strips where there is room, else above them.
    x = alt.X(
        "start:T",
        axis=_DAYS,
        scale=alt.Scale(type="utc", range=[alt.ExprRef(f"{_BESIDE} ? 230 : 0"), alt.ExprRef("width")]),
    )
    y = alt.Y("order:O", axis=None, scale=alt.Scale(padding=0))
    tooltip = [
        alt.Tooltip("playlist:N", title="Playlist"),
        alt.Tooltip("start:T", format=_DAY_FORMAT, formatType="utc", title="From"),
        alt.Tooltip("about:N", title="Known"),
    ]
    down = alt.ExprRef(f"{_BESIDE} ? 0 : 8")
    where = {"x": x, "x2": "end:T", "y": y, "tooltip": tooltip}
    read = alt.Chart(source("rows")).mark_rect(height=5, fill=var("read"), yOffset=down, cornerRadius=1).encode(**where)
    gaps = (
        alt.Chart(source("gaps"))
        .mark_rect(height=13, stroke=var("hatch"), strokeWidth=0.75, yOffset=down, cornerRadius=1)
        .encode(fill=_gap_fill(), **where)
    )
    names = (
        alt.Chart(source("names"))
        .mark_text(align="left", dy=alt.ExprRef(f"{_BESIDE} ? 0 : -8"), limit=alt.ExprRef(f"{_BESIDE} ? 200 : width"))
        .encode(x=alt.value(0), y=y, text="playlist:N")
    )
    return alt.layer(read, gaps, names).properties(width="container", height=26).add_params(_ROOM)


def _positions() -> Layered:
    to_the_left = alt.ExprRef("width - min(230, width * 0.42)")
    scale = alt.Scale(type="utc", range=[0, to_the_left])
    x = alt.X("day:T", axis=_DAYS, scale=scale)
    y = alt.Y(
        "position:Q",
        axis=alt.Axis(title=None, values=list(range(1, 11)), grid=False),
        scale=alt.Scale(domain=[0.5, 10.5], reverse=True, nice=False, zero=False),
    )
    colour = alt.Color(
        "kind:N", scale=alt.Scale(domain=["left", "here"], range=[var("hatch"), var("accent")]), legend=None
    )
    base = alt.Chart(source("rows")).encode(x=x, y=y, detail="line:N")
    tooltip = [
        alt.Tooltip("name:N", title="Item"),
        alt.Tooltip("day:T", format=_DAY_FORMAT, formatType="utc", title="Day"),
        alt.Tooltip("position:Q", title="Position"),
    ]
    gaps = (
        alt.Chart(source("gaps"))
        .mark_rect()
        .encode(
            x=alt.X("start:T", axis=_DAYS, scale=scale),
            x2="end:T",
            fill=_gap_fill(),
            tooltip=[alt.Tooltip("about:N", title="Gap")],
        )
    )
    lines = base.mark_line(strokeCap="round", strokeJoin="round", interpolate="monotone").encode(
        stroke=colour.copy(), strokeWidth=alt.condition("datum.kind === 'here'", alt.value(2), alt.value(1.25))
    )
    ends = (
        base.transform_filter("datum.is_last")
        .mark_point(filled=True, size=34, opacity=1)
        .encode(fill=colour.copy(), tooltip=tooltip)
    )
    labels = (
        base.transform_filter("datum.is_now")
        .mark_text(align="left", dx=10, limit=alt.ExprRef("min(230, width * 0.42) - 12"))
        .encode(text="name:N", tooltip=tooltip)
    )
    layers: Layered = alt.layer(gaps, lines, ends, labels).properties(width="container", height=300)
    resolved: Layered = layers.resolve_scale(fill="independent", stroke="independent")
    return resolved


def _decades() -> Layered:
    base = alt.Chart(source("rows")).encode(
        x=alt.X(
            "decade:N", sort=None, axis=alt.Axis(title=None, labelAngle=0, ticks=False), scale=alt.Scale(padding=0.18)
        )
    )
    y = alt.Y("tracks:Q", axis=None)
    bars = base.mark_bar(cornerRadiusEnd=2).encode(
        y=y,
        fill=alt.condition("datum.decade === '?'", alt.value(hatching("not_run")), alt.value(var("added"))),
        tooltip=[
            alt.Tooltip("decade:N", title="Decade"),
            alt.Tooltip("tracks:Q", title="Tracks", format=","),
            alt.Tooltip("about:N", title="Share"),
        ],
    )
    numbers = base.mark_text(dy=-7, fontSize=11, fill=var("muted")).encode(y=y, text=alt.Text("tracks:Q", format=","))
    return alt.layer(bars, numbers).properties(width="container", height=200)


def _overlap() -> Layered:
    colours = alt.Scale(type="threshold", domain=[0.01, 5, 10, 20], range=[var(level) for level in _LEVELS])
    y = alt.Y("one:O", axis=None, scale=alt.Scale(paddingInner=0.08))
    x = alt.X("other:O", axis=None, scale=alt.Scale(paddingInner=0.08))
    base = alt.Chart(source("rows")).encode(x=x, y=y)
    cells = base.mark_rect(cornerRadius=2).encode(
        fill=alt.Fill("percent:Q", scale=colours, legend=None),
        tooltip=[
            alt.Tooltip("about:N", title="Playlists"),
            alt.Tooltip("shared:Q", title="Recordings in both"),
            alt.Tooltip("percent:Q", title="% of the smaller"),
        ],
    )
    numbers = (
        base.transform_filter("datum.shared > 0")
        .mark_text(fontSize=alt.ExprRef("bandwidth('x') < 22 ? 9 : 11"))
        .encode(
            text="shared:Q",
            fill=alt.condition("datum.percent >= 10", alt.value(var("on-level-3")), alt.value(var("on-level-1"))),
        )
    )
    names = (
        alt.Chart(source("names"))
        .mark_text(align="left", dx=alt.ExprRef("bandwidth('x') / 2 - 4"), limit=alt.ExprRef("min(190, room - width)"))
        .encode(x=alt.X("order:O"), y=alt.Y("order:O"), text="name:N")
    )
    return alt.layer(cells, numbers, names).properties(width=alt.Step(30), height=alt.Step(30)).add_params(_ROOM)


_CHARTS = {
    "calendar": _calendar,
    "flow": _flow,
    "length": _length,
    "coverage": _coverage,
    "positions": _positions,
    "decades": _decades,
    "overlap": _overlap,
}


@cache
def specs() -> dict[str, dict[str, Any]]:
    """Every chart by name, as Vega-Lite without data."""
    return {name: make().configure(**CONFIG).to_dict() for name, make in _CHARTS.items()}
