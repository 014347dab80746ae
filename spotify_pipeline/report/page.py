"""The page: one HTML file with all that it needs in it, which asks for nothing and lets only its own scripts run.

Imported late: Altair, Jinja and vl-convert are for nothing else, and not quick.
"""

import base64
import hashlib
import json
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup

from spotify_pipeline.report.charts import specs
from spotify_pipeline.report.panels import Link, Panel
from spotify_pipeline.report.scopes import Report
from spotify_pipeline.report.theme import DARK, FONT, LIGHT

_ENVIRONMENT = jinja2.Environment(
    autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_ESCAPED = str.maketrans({letter: f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"})


def render(report: Report, *, is_invented: bool = False) -> str:
    """The page of a report; that of a demo says that its data is invented."""
    scripts = [_library(), _trusted("report.js")]
    return _ENVIRONMENT.from_string(_trusted("page.html.j2")).render(
        report=report,
        is_invented=is_invented,
        policy=_policy(scripts),
        style=_style(),
        data=_json({"charts": specs(), **_data(report)}),
        scripts=scripts,
    )


def _policy(scripts: Iterable[str]) -> str:
    """The content security policy: no request at all, and no script but these, wherever it might have come from."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    rules = ("default-src 'none'", f"script-src {allowed}", "style-src 'unsafe-inline'", "img-src data:")
    return "; ".join((*rules, "base-uri 'none'", "form-action 'none'"))


def _style() -> Markup:
    """The style sheet, with the colours of both themes before it."""
    light, dark = ("".join(f"--{name}:{value};" for name, value in colours.items()) for colours in (LIGHT, DARK))
    themes = (
        f":root{{--font:{FONT};color-scheme:light;{light}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}"
        f"@media screen{{:root[data-theme=dark]{{color-scheme:dark;{dark}}}}}"
    )
    return Markup(themes) + _trusted("report.css")  # noqa: S704  # our own colours


def _data(report: Report) -> dict[str, Any]:
    return {
        "first": str(report.first_day),
        "days": report.days,
        "directory": report.directory,
        "scopes": [
            {
                "id": scope.scope_id,
                "name": scope.name,
                "url": scope.url,
                "tiles": scope.tiles,
                "panels": {name: _panel(panel) for name, panel in scope.panels.items()},
            }
            for scope in report.scopes
        ],
    }


def _panel(panel: Panel) -> dict[str, Any]:
    """A panel; of the rows of its sources, which all have the same fields, the names only once."""
    return {
        "summary": panel.summary,
        "data": {
            source: {"fields": list(rows[0]) if rows else [], "rows": [list(row.values()) for row in rows]}
            for source, rows in panel.data.items()
        },
        "head": panel.head,
        "rows": [[cell._asdict() if isinstance(cell, Link) else cell for cell in row] for row in panel.rows],
        "bars": [round(bar, 4) for bar in panel.bars],
        "legend": panel.legend,
    }


def _json(data: dict[str, Any]) -> Markup:
    """JSON in which nothing can end the script that it stands in, whatever playlists are called."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.translate(_ESCAPED))  # noqa: S704  # escaped just now


@cache
def _library() -> Markup:
    """Vega-Embed with Vega and Vega-Lite, which vl-convert brings along; putting them together takes a second."""
    return Markup(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))  # noqa: S704  # a dependency's code


@cache
def _trusted(name: str) -> Markup:
    """A file of ours, which goes into the page as it is."""
    return Markup(resources.files(__package__).joinpath("web", name).read_text(encoding="utf-8"))  # noqa: S704
