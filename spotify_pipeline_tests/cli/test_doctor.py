"""`spotify-pipeline doctor`: what it prints, and with which exit code it ends."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from spotify_pipeline.cli.doctor import _as_table
from spotify_pipeline.demo.backends import Demo, mark_as_demo
from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline.doctor import Examination, Finding, Group, State
from spotify_pipeline.settings import load_settings
from spotify_pipeline_tests.cli.conftest import Run

DAY = date(2026, 10, 5)

PLAIN = """\
Spotify
  app mode                                ok        development: it may read the contents only of playlists that the \
account owns or collaborates on
  account                                 ok        Demo Listener (demo-listener)
  token                                   ok        CONSENT
  quota                                   ok        3 requests spent today

Playlists
  mine                                    ok        12 listed; not shown to this app: 1
  On Repeat: Autumn                       ok        owned
  Deep Work (no words)                    ok        owned
  Road Trip North                         ok        owned
  Morning Coffee, No Hurry                ok        owned
  Kitchen Dancing                         ok        owned
  Long Run 10k                            ok        owned
  Riffs & Ruin                            ok        owned
  everything i liked 2011-2019            ok        owned
  Rain on the Window                      ok        owned
  Sunday Strings                          ok        owned
  Jonas turns 40                          ok        owned
  Blue Hour Radio: This Week's Rotation   warning   metadata only, of Blue Hour Radio (ID)

Storage
  raw documents                           ok        can be written and read in DATA/raw
  tables                                  ok        can be written and read in DATA/tables
  disk                                    ok        5.0 GiB free
  spotify_token.json                      ok        only you can read it

Catalog
  catalog                                 ok        nothing is published yet
  SQL                                     ok        nothing is published yet
"""


@pytest.fixture
def server(name_spotify: Callable[[str, str], None]) -> Iterator[DemoServer]:
    """A Spotify of the first days of October, that the settings name."""
    with DemoServer(DemoCatalogue(), day=DAY) as server:
        name_spotify(server.url, DAY.isoformat())
        yield server


def test_without_a_terminal_each_finding_is_one_plain_line(
    server: DemoServer, run: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5 * 2**30))
    run("doctor")  # the login's file is there from the first use on
    (data_dir / "raw" / "_state").rename(data_dir / "elsewhere")  # and the requests are forgotten
    outcome = run("doctor")
    assert (outcome.code, outcome.err) == (0, "")
    shown = outcome.out.replace(str(data_dir), "DATA")
    for pattern, name in (
        (r"Consent holds .*", "CONSENT"),
        (r"\w{22}", "ID"),
    ):
        shown = re.sub(pattern, name, shown)
    assert shown == PLAIN


def test_as_json_it_has_the_same_findings_with_facts_for_programs(server: DemoServer, run: Run) -> None:
    outcome = run("doctor", "--format", "json")
    assert outcome.code == 0
    examination = json.loads(outcome.out)
    assert examination.keys() == {"failure", "findings"}
    assert examination["failure"] is None
    for finding in examination["findings"]:
        assert finding.keys() == {"group", "subject", "state", "detail", "facts", "fails_day"}
    facts = {finding["subject"]: finding["facts"] for finding in examination["findings"]}
    assert facts["app mode"] == {"mode": "development"}
    assert facts["account"] == {"id": "demo-listener", "name": "Demo Listener"}
    assert facts["token"].keys() == {"days_left"}
    assert facts["quota"] == {"spent": 3, "budget": None, "blocked_until": None}
    assert facts["mine"] == {"listed": 12, "hidden": 1}
    assert facts["Kitchen Dancing"].keys() == {"id", "name", "owner", "status"}
    assert facts["Kitchen Dancing"]["status"] == "owned"
    assert facts["disk"].keys() == {"free_bytes"}
    assert facts["catalog"] == {"days": 0, "newest": None}


@pytest.mark.parametrize("output", ["table", "json"])
def test_a_day_that_would_fail_is_told_after_the_table_with_exit_code_1(
    output: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = run("doctor", "--format", output)
    assert outcome.code == 1
    assert "No Spotify credentials" in outcome.out
    assert "raw documents" in outcome.out
    (line,) = outcome.err.splitlines()
    assert line.startswith("spotify-pipeline: The daily job would fail: No Spotify credentials")


def test_settings_that_cannot_be_read_are_told_instead(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTIFY_PIPELINE_START_DATE", "yesterday")
    outcome = run("doctor")
    assert (outcome.code, outcome.out) == (1, "")
    assert "SPOTIFY_PIPELINE_START_DATE: Input should be" in outcome.err


def test_in_a_demo_folder_the_stand_in_is_examined(run: Run, data_dir: Path) -> None:
    settings = load_settings()
    mark_as_demo(settings, Demo(first_day=settings.today(), seed=2026))
    outcome = run("doctor")
    assert outcome.code == 0, outcome.err
    assert "Demo Listener" in outcome.out


# On a terminal


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard output is a terminal of 80 columns."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


def finding(state: State, subject: str = "A playlist", detail: str = "owned") -> Examination:
    return Examination((Finding(Group.PLAYLISTS, subject, state, detail),))


def test_on_a_terminal_states_have_colours(terminal: None) -> None:
    shown = {state: _as_table(finding(state)) for state in State}
    for state, colour in {State.OK: "32", State.WARNING: "33", State.PROBLEM: "1;31", State.NOT_ASKED: "2"}.items():
        assert f"\x1b[{colour}m{state}" in shown[state]


def test_no_color_is_respected(terminal: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in _as_table(finding(State.PROBLEM))


def test_a_narrow_terminal_folds_and_cuts_nothing(terminal: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    detail = " ".join(f"word{number}" for number in range(40))
    shown = _as_table(finding(State.WARNING, "A name of a playlist that is longer than most of them are", detail))
    assert max(map(len, shown.splitlines())) <= 80
    assert {*detail.split(), "longer", "warning"} <= set(shown.split())


def test_a_name_cannot_steer_the_terminal(terminal: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    shown = _as_table(finding(State.OK, "Red \x1b[31m\nand [bold]brackets[/bold]"))
    assert "Red \N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}and [bold]brackets[/bold]" in shown
