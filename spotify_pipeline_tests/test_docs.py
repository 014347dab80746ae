"""The documentation agrees with the code, and what it says to type works."""

import importlib.util
import os
import re
import shlex
import socket
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from spotify_pipeline.cli import main
from spotify_pipeline.cli.main import cli
from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline_tests.imports.samples import write_samples

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
AWS_PAGE = ROOT / "docs" / "aws.md"
# Their commands go on from each other, and have tests of their own.
FROM_TOP_TO_BOTTOM = (AWS_PAGE, *(ROOT / "docs" / f"{name}.md" for name in ("dagster-in-aws", "lambda")))
TROUBLESHOOTING = (ROOT / "README.md", AWS_PAGE)
COMMANDS = [
    line.strip()
    for page in PAGES
    if page not in FROM_TOP_TO_BOTTOM
    for block in re.findall(r"^ *```console\n(.*?)```", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
    if line.strip()
]


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two days of the demo."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SPOTI")}
    subprocess.run(
        [sys.executable, "-c", "from spotify_pipeline.cli import main; main(['demo', '--days', '2'])"],
        cwd=folder.parent,
        env=environment | {"SPOTIFY_PIPELINE_DATA_DIR": str(folder)},
        check=True,
        capture_output=True,
    )
    return folder


def test_what_is_generated_is_current() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    for path, text in generate.generated().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is not current: run `make docs`"


def test_there_are_commands_to_check() -> None:
    assert len(COMMANDS) > 8


@pytest.mark.parametrize(
    "command", [command for command in COMMANDS if re.search(r"/spotify-pipeline (?!login|import)", command)]
)
def test_commands_in_the_documentation_work(
    command: str,
    demo_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)  # some write files there
    monkeypatch.setenv("SPOTIFY_PIPELINE_DATA_DIR", str(demo_folder))
    program, *arguments = shlex.split(command)
    assert program == ".venv/bin/spotify-pipeline"
    main(arguments)  # exits where it fails
    assert len(capsys.readouterr().out.splitlines()) >= 2


@pytest.mark.parametrize("command", [command for command in COMMANDS if "/spotify-pipeline import" in command])
def test_files_are_imported_as_the_documentation_says(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPOTIFY_PIPELINE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    write_samples(tmp_path)
    main(shlex.split(command)[1:])  # exits where it fails
    out = capsys.readouterr().out
    assert " rows accepted, 0 refused\n" in out
    assert "New: " in out


@pytest.mark.parametrize("command", [command for command in COMMANDS if "/spotify-pipeline" not in command])
def test_other_commands_in_the_documentation_exist(command: str) -> None:
    program, *targets = shlex.split(command)
    assert program == "make"
    assert all(re.search(f"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE) for target in targets)


def test_the_readme_lists_every_command() -> None:
    listed = re.findall(r"^\| `spotify-pipeline ([\w-]+)", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    assert set(listed) == set(cli.commands)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) + re.findall(r'src="([^"]+)"', text):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", TROUBLESHOOTING, ids=lambda page: page.name)
def test_every_sentence_in_the_troubleshooting_table_is_one_that_the_code_says(page: Path) -> None:
    source = "".join(path.read_text() for path in (ROOT / "spotify_pipeline").rglob("*.py"))
    said = re.sub(r'"\s*\n\s*f?"', "", source)  # sentences over several lines
    table = page.read_text().partition("| it says |")[2].partition("\n\n")[0]
    quoted = re.findall(r"^\| (?:a playlist is )?`([^`]+)`", table, flags=re.MULTILINE)
    assert len(quoted) > 5
    for sentence in quoted:
        for part in sentence.split("…"):
            assert part.strip() in said, sentence


def test_the_architecture_names_every_part_of_the_package() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    parts = {path.name for path in (ROOT / "spotify_pipeline").iterdir() if (path / "__init__.py").exists()}
    assert parts
    for part in parts:
        assert f"`{part}/`" in page


def test_logging_in_works_as_the_readme_says(tmp_path: Path) -> None:
    assert ".venv/bin/spotify-pipeline login" in COMMANDS
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    example = (ROOT / ".env.example").read_text()
    assert ":8080/" in example
    (tmp_path / ".env").write_text(example.replace(":8080/", f":{port}/").replace("CLIENT_ID=", "CLIENT_ID=app"))
    browser = tmp_path / "browser.py"  # opens the address and follows it back to the redirect URI
    browser.write_text("import sys, urllib.request; urllib.request.urlopen(sys.argv[1]).read()")
    with DemoServer(DemoCatalogue(), day=date(2026, 10, 1)) as server:
        done = subprocess.run(
            [sys.executable, "-c", "from spotify_pipeline.cli import main; main(['login'])"],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "BROWSER": f"{sys.executable} {browser} %s &",
                "SPOTIFY_PIPELINE_ACCOUNTS_URL": server.url,
                "SPOTIFY_PIPELINE_API_URL": f"{server.url}/v1/",
            },
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Logged in as ")
    written = {path.name for path in (tmp_path / "data").iterdir()} - {"spotify_token.lock"}
    assert written == {"spotify_token.json"}
    assert {path.name for path in tmp_path.iterdir()} == {".env", "browser.py", "data"}


@pytest.mark.parametrize("place", ["nowhere", "environment", ".env"])
def test_make_dev_shows_the_history_of_the_data_folder_that_the_settings_name(place: str, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"]}
    if place == "environment":
        environment["SPOTIFY_PIPELINE_DATA_DIR"] = "elsewhere"
    if place == ".env":
        (tmp_path / ".env").write_text("SPOTIPY_CLIENT_ID=app\nSPOTIFY_PIPELINE_DATA_DIR=elsewhere\n")
    command = ["make", "--dry-run", "--file", str(ROOT / "Makefile"), "--assume-old", ".venv/installed", "dev"]
    shown = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True).stdout
    home = f"DAGSTER_HOME={tmp_path}/elsewhere/dagster "
    assert shown.splitlines()[-1] == f"{'' if place == 'nowhere' else home}.venv/bin/dagster dev"
