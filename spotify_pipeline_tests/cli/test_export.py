"""`spotify-pipeline export`, as it is typed."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from spotify_pipeline_tests.cli.conftest import Run
from spotify_pipeline_tests.cli.test_versions import FIRST, GAP, ID, NAME, SECOND, two_days
from spotify_pipeline_tests.spotify.fake_spotify import playlist_id

__all__ = ["two_days"]  # the fixture
SONGS = [f"spotify:track:{playlist_id(number)}" for number in range(3)]


@pytest.mark.usefixtures("two_days")
def test_a_playlist_is_printed_as_it_was_read_last_or_on_a_day(run: Run) -> None:
    code, out, err = run("export", "--playlist", NAME)
    assert (code, err) == (0, "")
    assert [row["Track URI"] for row in csv.DictReader(StringIO(out, newline=""))] == SONGS[:2]
    assert run("export", "--playlist", ID, "--day", FIRST, "--format", "uris").out.split() == SONGS
    (playlist,) = json.loads(run("export", "--playlist", ID, "--day", SECOND, "--format", "json").out)["playlists"]
    assert playlist["id"] == ID
    assert [entry["track"]["uri"] for entry in playlist["tracks"]] == SONGS[:2]


@pytest.mark.usefixtures("two_days")
@pytest.mark.parametrize("day", [GAP, "2026-01-01", "9999-01-01", SECOND])
def test_of_each_day_it_says_what_as_of_says(run: Run, day: str) -> None:
    exported = run("export", "--playlist", NAME, "--day", day, "--format", "m3u8")
    assert exported == run("as-of", NAME, day, "--format", "m3u")
    assert (exported.err == "") == (day == SECOND)


@pytest.mark.usefixtures("two_days")
def test_a_file_is_for_its_owner_alone_and_is_replaced_only_when_asked(run: Run, working_dir: Path) -> None:
    file = working_dir / "lists" / "mine.csv"
    arguments = ("export", "--playlist", NAME, "--output", "lists/mine.csv")
    assert run(*arguments, "--day", FIRST) == (
        0,
        f"{NAME} as it was on {FIRST}: 3 items\nThey are in {file}, for you alone to read.\n",
        "",
    )
    assert file.stat().st_mode & 0o777 == 0o600
    written = file.read_text()
    assert written == run("export", "--playlist", NAME, "--day", FIRST).out
    refused = run(*arguments)
    assert (refused.code, refused.out) == (1, "")
    assert "lists/mine.csv exists already" in refused.err
    assert file.read_text() == written
    assert run(*arguments, "--force").code == 0
    assert file.read_text().count("\n") == 3
    assert [path.name for path in file.parent.iterdir()] == ["mine.csv"]


@pytest.mark.usefixtures("two_days")
def test_all_tables_are_copied_with_progress(run: Run, working_dir: Path) -> None:
    for name in ("all.duckdb", "all"):
        code, out, err = run("export", "--all", name)
        assert code == 0
        assert " rows of 2 days: " in out
        assert out.endswith(f"They are in {working_dir / name}, for you alone to read.\n")
        assert "export: 18 of 18: playlist_events of 2026-01-04" in err
        assert (working_dir / name).exists()
        assert run("export", "--all", name).code == 1
        assert run("export", "--all", name, "--force").code == 0


@pytest.mark.parametrize(
    "arguments", [[], ["--playlist", ID, "--all", "x"], ["--all", "x", "--day", FIRST], ["--all", "x", "--output", "y"]]
)
def test_wrong_use_is_explained(run: Run, arguments: list[str]) -> None:
    code, out, err = run("export", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("Usage: ")
