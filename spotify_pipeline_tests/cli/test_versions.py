"""`spotify-pipeline as-of` and `diff`, as they are typed."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from spotify_pipeline.cli.terminal import drawn
from spotify_pipeline.steps.publish import publish_day
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline_tests.cli.conftest import Run
from spotify_pipeline_tests.fake_backends import FakeBackends
from spotify_pipeline_tests.spotify.fake_spotify import FakePlaylist, FakeSpotify, playlist_id

ID = playlist_id(1)
NAME = f"Playlist {ID}"
FIRST, GAP, SECOND = "2026-01-02", "2026-01-03", "2026-01-04"


@pytest.fixture
def two_days(data_dir: Path) -> None:
    """A playlist that has lost its last song between two readings, with a day without a run between."""
    playlist = FakePlaylist(ID, length=3)
    fake = FakeSpotify([playlist])
    for day in (FIRST, SECOND):
        backends = FakeBackends(fake, data_dir, date.fromisoformat(day), SPOTIFY_PIPELINE_PLAYLISTS=ID)
        backends.extract()
        transform_day(backends, backends.raw.open_day(backends.day))
        publish_day(backends, backends.day)
        playlist.length, playlist.snapshot_id = 2, "snapshot-2"


@pytest.mark.usefixtures("two_days")
def test_a_playlist_is_shown_as_it_was_and_a_note_says_what_is_not_known(run: Run) -> None:
    code, out, err = run("as-of", NAME, GAP)
    assert (code, err) == (
        0,
        f"note: {NAME} was not read on 2026-01-03 (there was no run), so this is how it was on 2026-01-02.\n",
    )
    assert out.splitlines() == [
        f"{NAME} on 2026-01-03",
        "",
        "#  name    artists  added       length",
        "───────────────────────────────────────",
        "1  Song 0           2026-01-02",
        "2  Song 1           2026-01-02",
        "3  Song 2           2026-01-02",
        "3 items",
    ]
    assert run("as-of", f"spotify:playlist:{ID}", SECOND, "--format", "uris") == (
        0,
        f"spotify:track:{playlist_id(0)}\nspotify:track:{playlist_id(1)}\n",
        "",
    )
    assert run("as-of", NAME, "today", "--format", "csv").out.count("\n") == 3


@pytest.mark.usefixtures("two_days")
def test_a_difference_is_shown_and_what_was_removed_can_be_pasted_back(run: Run) -> None:
    removed = "\N{MINUS SIGN}  3  Song 2    added 2026-01-02"
    wanted = [f"{NAME} from {FIRST} to {SECOND}", "", removed, "", "1 removed,"]
    for arguments in ([], [FIRST], [FIRST, SECOND]):
        code, out, err = run("diff", NAME, *arguments)
        assert (code, err) == (0, "")
        assert out.splitlines() == [*wanted, f"between the readings of {FIRST} and {SECOND}"]
    pasted = run("diff", NAME, GAP, "--format", "uris")
    assert pasted.out == f"spotify:track:{playlist_id(2)}\n"
    assert "was not read on 2026-01-03" in pasted.err
    assert json.loads(run("diff", NAME, "--format", "json").out)["events"][0]["event"] == "removed"


@pytest.mark.usefixtures("two_days")
@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["as-of", "Mixtape", FIRST], 1, f"No playlist is called 'Mixtape'; known: '{NAME}'."),
        (
            ["as-of", NAME, "2026-01-01"],
            1,
            f"{NAME} was first read on 2026-01-02: how it was on 2026-01-01 is not known.",
        ),
        (["as-of", NAME, "9999-01-01"], 1, "9999-01-01 is still to come."),
        (["as-of", NAME, "soon"], 2, "'soon' is no day: write it as 2026-11-24, or today or yesterday."),
        (["as-of", NAME], 2, "Missing argument 'DATE'."),
        (["diff", NAME, SECOND, FIRST], 2, "D1 is to be before D2."),
        (
            ["diff", NAME, FIRST, GAP],
            1,
            "up to 2026-01-03 is that of 2026-01-02: what has happened since then is not known.",
        ),
    ],
)
def test_wrong_use_ends_with_a_sentence(run: Run, arguments: list[str], code: int, sentence: str) -> None:
    outcome = run(*arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.splitlines()[-1].endswith(sentence)


def test_without_data_it_says_how_to_get_some(run: Run) -> None:
    outcome = run("diff", ID)
    assert outcome.code == 1
    assert "run `spotify-pipeline run`, or `spotify-pipeline demo`" in outcome.err


@pytest.mark.usefixtures("two_days")
def test_neither_command_imports_dagster(data_dir: Path) -> None:
    script = (
        f"import sys; from spotify_pipeline.cli import main; main(['diff', '{ID}']); print('dagster' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"SPOTIFY_PIPELINE_DATA_DIR": str(data_dir)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[-1] == "False"


def test_there_are_colours_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn("[red]x[/red]") == "x"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[31mx" in drawn("[red]x[/red]")
    monkeypatch.setenv("NO_COLOR", "1")
    assert drawn("[red]x[/red]") == "x"
