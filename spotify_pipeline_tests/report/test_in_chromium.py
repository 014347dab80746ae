"""The page in a real browser: every chart of every scope is drawn, without errors and without the network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spotify_pipeline.report.page import render
from spotify_pipeline.report.scopes import Report, make_report
from spotify_pipeline_tests.report.browser import Page, chromium, find_chromium
from spotify_pipeline_tests.report.invented import EMPTY_CASES, hostile_facts

# What can be seen of each panel, and whether the page is wider than the window.
LOOK = """({
    panels: Object.fromEntries([...document.querySelectorAll("[data-panel]:not([hidden])")].map((one) => [
        one.dataset.panel,
        {
            marks: one.querySelectorAll(".chart svg .role-mark path, .chart svg .role-mark text").length,
            rows: one.querySelectorAll("tbody tr").length,
            summary: one.querySelector(".summary").textContent,
            isLabelled: !one.querySelector(".chart svg") || one.querySelector(".chart").getAttribute("role") === "img",
        },
    ])),
    name: document.getElementById("scope-name").textContent,
    tooWide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    harmed: window.harmed ?? null,
})"""
DRAWN = {"calendar", "flow", "length", "coverage", "positions", "decades", "overlap"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    program = find_chromium()
    if program is None:
        pytest.skip("there is no Chromium here: install it, as with `apt-get install chromium`")
    with chromium(program) as page:
        yield page


@pytest.fixture
def page(browser: Page) -> Page:
    """The browser's page, of which no trouble is known."""
    browser.troubles.clear()
    browser.requests.clear()
    return browser


@pytest.fixture(scope="module")
def file(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(report, tmp_path_factory.mktemp("report"))


def saved(report: Report, folder: Path) -> Path:
    path = folder / "report.html"
    path.write_text(render(report), encoding="utf-8")
    return path


def assert_sound(page: Page, scope_id: str) -> dict[str, Any]:
    """What is seen of a scope, in which every panel says something and shows it, or says why not."""
    seen: dict[str, Any] = page.evaluate(LOOK)
    assert seen["tooWide"] <= 0
    assert seen["harmed"] is None
    assert page.requests == []
    assert page.troubles == []
    for name, panel in seen["panels"].items():
        assert len(panel["summary"]) > 10, (scope_id, name)
        assert panel["isLabelled"], (scope_id, name)
    panels: dict[str, Any] = seen["panels"]
    return panels


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_every_chart_of_every_scope_is_drawn(page: Page, file: Path, report: Report, width: int, scheme: str) -> None:
    page.open(file, width, scheme)
    charts = 0
    for scope in report.scopes:
        page.show(f"playlist-{scope.scope_id}" if scope.scope_id else "all")
        panels = assert_sound(page, scope.scope_id)
        assert panels.keys() - {"directory"} == scope.panels.keys()
        for name, panel in scope.panels.items():
            assert panels[name]["summary"] == panel.summary
            assert panels[name]["rows"] == len(panel.rows)
            has_chart = any(panel.data.values())
            assert (panels[name]["marks"] > 0) is has_chart, (scope.name, name)
            assert has_chart <= (name in DRAWN)
            charts += has_chart
    assert charts > 60


def test_the_colours_follow_the_system_and_the_button(page: Page, file: Path) -> None:
    colour = "getComputedStyle(document.querySelector('#panel-flow svg text')).fill"
    background = "getComputedStyle(document.body).backgroundColor"
    page.open(file, scheme="light")
    light = page.evaluate(f"[{background}, {colour}]")
    page.open(file, scheme="dark")
    dark = page.evaluate(f"[{background}, {colour}]")
    assert not set(light) & set(dark)
    page.evaluate("document.getElementById('theme').click()")  # from the system's to light
    assert page.evaluate(f"[{background}, {colour}]") == light
    page.evaluate("document.getElementById('theme').click()")
    assert page.evaluate(f"[{background}, {colour}]") == dark
    page.evaluate("document.getElementById('theme').click()")  # back to the system's


def test_a_scope_is_chosen_and_linked_to(page: Page, file: Path, report: Report) -> None:
    page.open(file)
    chosen = report.scopes[1]
    page.evaluate(
        "const select = document.getElementById('scope'); document.body.dataset.state = 'asked';"
        f"select.value = '{chosen.scope_id}'; select.dispatchEvent(new Event('change')); 0"
    )
    assert page.drawn() == chosen.scope_id
    assert page.evaluate("location.hash") == f"#playlist-{chosen.scope_id}"
    assert page.evaluate("document.getElementById('scope-link').href") == chosen.url
    page.show("playlist-that-is-not-there")
    assert page.evaluate("document.body.dataset.state") == "all"


def test_printing_shows_the_charts_in_light_and_nothing_to_click(page: Page, file: Path) -> None:
    page.open(file, scheme="dark")
    page.call("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert page.evaluate("getComputedStyle(document.querySelector('.controls')).display") == "none"
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ink')") == "#1d1c1a"
    assert len(page.call("Page.printToPDF")["data"]) > 50_000
    page.call("Emulation.setEmulatedMedia", media="screen")


def test_names_that_mean_harm_are_shown_and_do_none(page: Page, tmp_path: Path) -> None:
    report = make_report(hostile_facts())
    page.open(saved(report, tmp_path), 360)
    for scope in report.scopes:
        page.show(f"playlist-{scope.scope_id}" if scope.scope_id else "all")
        panels = assert_sound(page, scope.scope_id)
        assert panels["artists"]["rows"] == 5
        links = page.evaluate("[...document.querySelectorAll('main a')].map((link) => link.getAttribute('href'))")
        assert all(link is None or link.startswith(("#", "https://open.spotify.com/")) for link in links)
        assert page.evaluate(LOOK)["name"] == scope.name


@pytest.mark.parametrize("case", EMPTY_CASES)
def test_what_has_nothing_to_show_says_why(page: Page, tmp_path: Path, case: str) -> None:
    report = make_report(EMPTY_CASES[case])
    page.open(saved(report, tmp_path))
    for scope in report.scopes:
        page.show(f"playlist-{scope.scope_id}" if scope.scope_id else "all")
        panels = assert_sound(page, scope.scope_id)
        for name, panel in scope.panels.items():
            assert (panels[name]["marks"] > 0) is any(panel.data.values()), (scope.name, name)
