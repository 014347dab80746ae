"""`spotify-pipeline report`."""

from pathlib import Path

from spotify_pipeline_tests.cli.conftest import Run


def test_the_report_of_a_demo_is_written_where_it_is_wanted(run: Run, data_dir: Path, working_dir: Path) -> None:
    assert run("demo", "--days", "2").code == 0
    made = data_dir / "report.html"
    made.unlink()  # the days have made it

    outcome = run("report")
    assert (outcome.code, outcome.err) == (0, "")
    assert f"Open {made} in a browser" in outcome.out
    assert "12 playlists over 2 days" in outcome.out
    assert "invented data of the demo" in made.read_text()

    elsewhere = run("report", "--output", "mine.html")
    assert f"Open {working_dir / 'mine.html'} in a browser" in elsewhere.out
    assert (working_dir / "mine.html").read_bytes() == made.read_bytes()


def test_without_a_published_day_there_is_no_report(run: Run, data_dir: Path) -> None:
    outcome = run("report")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.count("\n") == 1
    assert "Nothing is published" in outcome.err
    assert not data_dir.exists()
