"""The page as a file: everything in it, nothing from elsewhere, and nobody's text as code."""

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from spotify_pipeline.report.page import render
from spotify_pipeline.report.scopes import Report, make_report
from spotify_pipeline.report.theme import DARK, LIGHT
from spotify_pipeline_tests.report.invented import HOSTILE, LONG, facts_of, hostile_facts, read


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return render(report)


def data_of(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, flags=re.DOTALL)
    data: dict[str, Any] = json.loads(text)
    return data


def test_the_page_names_nothing_to_fetch(page: str) -> None:
    markup = re.sub(r"<script.*?</script>|<style.*?</style>", "", page, flags=re.DOTALL)
    assert not re.findall(
        r"""\b(?:src|srcset|data|poster|background)\s*=\s*["']?(?!#)""", markup.replace("data-panel", "")
    )
    assert "<link" not in markup
    (style,) = re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL)
    assert "@import" not in style
    assert set(re.findall(r"url\((.)", style)) <= {"#"}


def test_the_policy_lets_exactly_the_scripts_of_the_page_run_and_nothing_be_asked(page: str) -> None:
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    assert len(scripts) == 2
    digests = {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts}
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.replace("&#39;", "'").split(";"))
    assert rules["default-src"] == "'none'"
    assert set(rules["script-src"].split()) == {f"'sha256-{digest}'" for digest in digests}
    assert "connect-src" not in rules


def test_it_is_private_and_says_where_the_data_comes_from(page: str) -> None:
    assert '<meta name="robots" content="noindex, nofollow">' in page
    assert '<meta name="referrer" content="no-referrer">' in page
    assert "Data from Spotify." in page
    assert "neither made nor endorsed by Spotify" in page
    for link in re.findall(r"<a [^>]*href=\"https://[^>]*>", page.partition("<script")[0]):
        assert 'rel="noreferrer noopener"' in link


def test_playlists_tracks_and_artists_lead_to_spotify(page: str) -> None:
    links = set(re.findall(r"https://open\.spotify\.com/(playlist|track|artist)/", json.dumps(data_of(page))))
    assert links == {"playlist", "track", "artist"}


def test_no_user_is_named(page: str, report: Report) -> None:
    assert report.scopes
    for user in ("demo-listener", "mika.sund", "oriane_b", "31tkx7yq4hzlmwa2", "Demo Listener"):
        assert user not in page


def test_hostile_names_arrive_whole_and_end_no_script() -> None:
    page = render(make_report(hostile_facts()))
    names = {scope["name"] for scope in data_of(page)["scopes"]}
    assert {name for name in HOSTILE if name} <= names
    assert page.count("</script>") == 3
    assert "harm.example" not in re.sub(r"<script type.*?</script>", "", page, flags=re.DOTALL)
    (text,) = re.findall(r'id="data">(.*?)</script>', page, flags=re.DOTALL)
    assert not set("<>&\u2028\u2029") & set(text)


def test_only_the_demo_s_data_is_called_invented(report: Report) -> None:
    assert "invented data of the demo" in render(report, is_invented=True)
    assert "invented data of the demo" not in render(report)


def test_a_thousand_playlists_make_a_page_that_a_browser_can_open() -> None:
    runs = [read(f"{number:022}", 0, 364, number % 300) for number in range(1000)]
    facts = facts_of(*runs, names={run.playlist_id: LONG for run in runs})
    facts = facts._replace(in_detail=facts.in_detail[:40])
    report = make_report(facts)
    assert len(report.directory) == 1000
    assert len(report.scopes) == 41
    assert len(render(report)) < 6e6


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast_is_that_of_wcag_aa(theme: dict[str, str]) -> None:
    for text in ("ink", "muted", "accent", "added", "removed"):
        for background in ("card", "page"):
            assert contrast(theme[text], theme[background]) >= 4.5, (text, background)
    for level, text in (
        ("level-0", "on-level-1"),
        ("level-1", "on-level-1"),
        ("level-2", "on-level-1"),
        ("level-3", "on-level-3"),
        ("level-4", "on-level-3"),
    ):
        assert contrast(theme[text], theme[level]) >= 4.5, level
    for mark in ("read", "added", "removed", "failed", "hatch", "accent"):
        assert contrast(theme[mark], theme["card"]) >= 3, mark


def test_both_themes_have_the_same_colours_and_the_style_sheet_uses_no_other(page: str) -> None:
    assert LIGHT.keys() == DARK.keys()
    used = set(re.findall(r"var\(--([\w-]+)\)", page))
    assert used <= LIGHT.keys() | {"font", "bar"}
    assert LIGHT.keys() <= used
