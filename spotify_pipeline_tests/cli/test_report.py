"""`spotify-pipeline report`."""

import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import spotify_pipeline
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


def test_other_commands_and_dagster_do_not_pay_for_charts(tmp_path: Path) -> None:
    program = (
        "import sys, spotify_pipeline.cli.main, spotify_pipeline.definitions; "
        "paid = {'altair', 'vl_convert'} & sys.modules.keys(); "
        "assert not paid, paid"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env={"PATH": ""}, check=True)


def test_every_file_of_the_package_is_installed_with_it() -> None:
    package = Path(spotify_pipeline.__file__).parent
    pyproject = tomllib.loads((package.parent / "pyproject.toml").read_text())
    patterns = pyproject["tool"]["setuptools"]["package-data"]["spotify_pipeline"]
    files = [path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()]
    data = [file for file in files if not file.endswith((".py", ".pyc"))]
    assert "report/web/report.js" in data
    assert [file for file in data if not any(fnmatch(file, pattern) for pattern in patterns)] == []
