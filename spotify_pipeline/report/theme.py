"""Colours and letters, once for the page and for pictures: charts name colours as the page's style sheet does.

In the page, Vega writes `var(--ink)` into its SVG and the style sheet says what that is, in light, dark and print. In
pictures, which have no style sheet, the light colours are put in their places.
"""

import json
import re
from typing import Any

FONT = '"Inter", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "Liberation Sans", sans-serif'

LIGHT = {
    "page": "#f7f6f3",
    "card": "#ffffff",
    "ink": "#1d1c1a",
    "muted": "#65625c",
    "line": "#e3e0d9",
    "faint": "#f0eee9",
    "accent": "#0d6478",
    "added": "#0d7188",
    "removed": "#b4501a",
    "level-0": "#edebe5",
    "level-1": "#c3e0e5",
    "level-2": "#84bfca",
    "level-3": "#2b7a8c",
    "level-4": "#0a4555",
    "on-level-1": "#1d1c1a",
    "on-level-3": "#ffffff",
    "read": "#3c8fa1",
    "hatch": "#9a948a",
    "failed": "#b4501a",
}
DARK = {
    "page": "#121417",
    "card": "#1a1d21",
    "ink": "#ecebe8",
    "muted": "#a5a9b0",
    "line": "#30353b",
    "faint": "#24282d",
    "accent": "#67c5d8",
    "added": "#4fb3c8",
    "removed": "#ee9461",
    "level-0": "#262a2f",
    "level-1": "#1c4550",
    "level-2": "#26707f",
    "level-3": "#43a3b7",
    "level-4": "#96dfec",
    "on-level-1": "#ecebe8",
    "on-level-3": "#121417",
    "read": "#43a3b7",
    "hatch": "#7b828b",
    "failed": "#ee9461",
}
GAP_COLOURS = {"not_run": "#e3e0d9", "failed": "#e9b08e", "restricted": "#d2cdc3", "not_found": "#c2bcb1"}
"""What pictures have instead of hatching."""


def var(name: str) -> str:
    """The colour of that name, as the style sheet takes it."""
    return f"var(--{name})"


def hatching(state: str) -> str:
    """The pattern of a kind of gap, which the page defines."""
    return f"url(#gap-{state})"


def in_light(spec: dict[str, Any]) -> dict[str, Any]:
    """A chart with colours instead of their names."""
    text = re.sub(r"var\(--([\w-]+)\)", lambda match: LIGHT[match[1]], json.dumps(spec))
    plain: dict[str, Any] = json.loads(re.sub(r"url\(#gap-(\w+)\)", lambda match: GAP_COLOURS[match[1]], text))
    return plain


CONFIG: dict[str, Any] = {
    "font": FONT,
    "background": "transparent",
    "padding": 0,
    "view": {"stroke": None},
    "axis": {
        "domainColor": var("line"),
        "gridColor": var("line"),
        "tickColor": var("line"),
        "labelColor": var("muted"),
        "titleColor": var("muted"),
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "labelPadding": 6,
        "tickSize": 4,
    },
    "axisY": {"domain": False, "ticks": False, "gridDash": [1, 3]},
    "axisX": {"grid": False},
    "text": {"fill": var("ink"), "fontSize": 12},
}
"""Vega-Lite's configuration of all charts."""
