"""`spotify-pipeline import`, as it is typed."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from dagster import AssetKey

from spotify_pipeline.cli.daily_job import open_instance
from spotify_pipeline_tests.cli.conftest import Run
from spotify_pipeline_tests.imports.exports import csv_of, write_csv
from spotify_pipeline_tests.searching import found_in

DAY = date(2026, 3, 1)


def test_who_has_no_app_gets_a_report_with_two_commands(run: Run, data_dir: Path, working_dir: Path) -> None:
    (working_dir / "My_list.csv").write_text(csv_of([1, 2]) + "nonsense\n")
    imported = run("import", "My_list.csv", "--day", str(DAY))
    assert (imported.code, imported.out.splitlines()) == (
        0,
        [
            "My_list.csv: Exportify CSV, 2 rows accepted, 1 refused",
            "  refused, line 4: it has 1 cells instead of 7",
            "  imported-my-list: 2026-03-01",
            "New: 1 reading; 1 day made",
            f"Published in {data_dir / 'catalog.duckdb'}",
        ],
    )
    report = run("report")
    assert report.code == 0
    assert "1 playlist over 1 day, 2026-03-01 to 2026-03-01" in report.out
    assert "My_list" in (data_dir / "report.html").read_text()
    assert run("as-of", "imported-my-list", str(DAY), "--format", "uris").out.count("spotify:track:") == 2


def test_days_are_told_together_and_again_nothing_is_new(run: Run, data_dir: Path, working_dir: Path) -> None:
    for number in (0, 1, 4):
        day = DAY + timedelta(days=number)
        write_csv(working_dir / "days" / str(day) / "Mixtape.csv", [1, 2, 3], day)
    first = run("import", "days")
    assert "  imported-mixtape: 2026-03-05" in first.out.splitlines()
    assert "New: 3 readings; 3 days made" in first.out
    assert "All of it was here already; 0 days made" in run("import", "days").out
    with open_instance(data_dir) as instance:
        made = {
            asset: instance.get_materialized_partitions(AssetKey(asset))
            for asset in ("raw_playlists", "tracks", "catalog")
        }
    assert made == {key: {"2026-03-01", "2026-03-02", "2026-03-05"} for key in made}


def test_what_was_imported_can_be_forgotten(run: Run, data_dir: Path, working_dir: Path) -> None:
    for name in ("Mixtape", "Another"):
        write_csv(working_dir / "days" / f"{name}.csv", [1, 2, 3], DAY)
    run("import", "days")
    assert found_in(data_dir, ["mixtape", "Mixtape"])
    assert run("forget", "--playlist", "imported-mixtape").code == 0
    assert found_in(data_dir, ["mixtape", "Mixtape"]) == set()
    assert "All of it was here already" not in run("import", "days").out


def test_no_more_than_twenty_refusals_are_printed(run: Run, working_dir: Path) -> None:
    (working_dir / "long.csv").write_text(csv_of(range(30)) + "nonsense\n" * 25)
    out = run("import", "long.csv").out
    assert out.count("  refused, line ") == 20
    assert "  refused: 5 more\n" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing.csv"], "There is no file or folder nothing.csv."),
        (["notes.txt"], "Nothing could be imported: notes.txt, the file: it is in none of the known formats: "),
        (["empty"], "Nothing could be imported: there is no file."),
        (["broken.zip"], "Nothing could be imported: broken.zip, the file: it is in none of the known formats: "),
        (["list.csv", "--playlist", "mine"], "'mine' is not a playlist: give its id"),
    ],
)
def test_what_cannot_be_imported_ends_with_a_sentence(
    run: Run, data_dir: Path, working_dir: Path, arguments: list[str], sentence: str
) -> None:
    (working_dir / "notes.txt").write_text("Buy milk")
    (working_dir / "broken.zip").write_bytes(b"PK\x03\x04")
    (working_dir / "list.csv").write_text(csv_of([1]))
    (working_dir / "empty").mkdir()
    outcome = run("import", *arguments)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.splitlines()[-1].startswith(f"spotify-pipeline: {sentence}")
    assert not data_dir.exists()


def test_real_playlists_are_not_mixed_into_a_demo(run: Run, data_dir: Path, working_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "demo.json").write_text('{"first_day": "2026-01-01", "seed": 1}')
    (working_dir / "list.csv").write_text(csv_of([1]))
    outcome = run("import", "list.csv")
    assert outcome.code == 1
    assert "holds the demo's invented history" in outcome.err
