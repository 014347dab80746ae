"""What is in deploy/dagster agrees with itself, and with the rest of the project."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from spotify_pipeline.settings import Settings
from spotify_pipeline_tests.deploy.dagster.dockerfile import instructions, laid_out
from spotify_pipeline_tests.deploy.dagster.services import FOLDER, rendered

ROOT = FOLDER.parents[1]
DOCKERFILE = FOLDER / "Dockerfile"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXAMPLE = dict(re.findall(r"^(\w+)=(.*)$", (FOLDER / ".env.example").read_text(), flags=re.MULTILINE))


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The services, with the example's settings."""
    folder = tmp_path_factory.mktemp("deploy")
    shutil.copy(FOLDER / "compose.yaml", folder)
    settings = EXAMPLE | {"DAGSTER_POSTGRES_PASSWORD": "made-up"}
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    services: dict[str, Any] = yaml.safe_load(rendered(folder))["services"]
    return services


def test_the_example_holds_no_password_and_without_one_nothing_starts(tmp_path: Path) -> None:
    assert EXAMPLE["DAGSTER_POSTGRES_PASSWORD"] == ""
    shutil.copy(FOLDER / "compose.yaml", tmp_path)
    shutil.copy(FOLDER / ".env.example", tmp_path / ".env")
    with pytest.raises(subprocess.CalledProcessError) as failed:
        rendered(tmp_path)
    assert "DAGSTER_POSTGRES_PASSWORD" in failed.value.stderr


def test_the_example_names_settings_that_there_are() -> None:
    known = {str(field.validation_alias) for field in Settings.model_fields.values()}
    assert {name for name in EXAMPLE if name.startswith("SPOTI")} <= known


def test_settings_are_for_the_code_alone(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if "env_file" in service] == ["code"]
    given = {variable for service in services.values() for variable in service["environment"]}
    assert not [variable for variable in given if variable.startswith("SPOTI")]


def test_only_the_server_itself_gets_to_the_ui_and_nobody_to_the_rest(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"webserver": ["127.0.0.1:3000:3000"]}


def test_services_find_each_other_by_name(services: dict[str, Any]) -> None:
    (location,) = yaml.safe_load((FOLDER / "workspace.yaml").read_text())["load_from"]
    server = location["grpc_server"]
    assert server["host"] in services
    command = services[server["host"]]["command"]
    assert command[command.index("--port") + 1] == str(server["port"])
    for name in ("code", "webserver", "daemon"):
        url = services[name]["environment"]["DAGSTER_POSTGRES_URL"]
        database = services["postgres"]["environment"]
        assert url == (
            f"postgresql+psycopg2://{database['POSTGRES_USER']}:{database['POSTGRES_PASSWORD']}"
            f"@postgres:5432/{database['POSTGRES_DB']}"
        )


def test_the_code_location_is_that_of_the_repository(services: dict[str, Any]) -> None:
    (ours,) = yaml.safe_load((FOLDER / "workspace.yaml").read_text())["load_from"]
    (theirs,) = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    assert ours["grpc_server"]["location_name"] == theirs["python_module"]["location_name"]
    assert services["code"]["command"][-1] == theirs["python_module"]["module_name"]


def test_nothing_is_told_to_others_as_on_a_laptop() -> None:
    ours, theirs = (yaml.safe_load((folder / "dagster.yaml").read_text()) for folder in (FOLDER, ROOT))
    assert {name: ours[name] for name in ("telemetry", "nux")} == {name: theirs[name] for name in ("telemetry", "nux")}


def test_the_image_is_laid_out_from_what_gets_to_its_build_and_all_of_that_is_used(tmp_path: Path) -> None:
    ignored = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text().splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_through = {line.removeprefix("!") for line in rules if line.startswith("!")}
    copied = {source for name, text in instructions(DOCKERFILE) if name == "COPY" for source in shlex.split(text)[:-1]}
    assert copied == let_through
    image = laid_out(DOCKERFILE, ROOT, tmp_path)
    assert (image.working_dir / "workspace.yaml").read_text() == (FOLDER / "workspace.yaml").read_text()
    home = Path(image.environment["DAGSTER_HOME"])
    assert (home / "dagster.yaml").read_text() == (FOLDER / "dagster.yaml").read_text()
    assert home == Path(image.environment["SPOTIFY_PIPELINE_DATA_DIR"]) / "dagster"  # so the command line finds it


def test_the_image_installs_what_is_tested() -> None:
    runs = [text for name, text in instructions(DOCKERFILE) if name == "RUN"]
    assert any("--constraint constraints.txt" in text and "['server']" in text for text in runs)
    assert "server" in PROJECT["optional-dependencies"]
    base = next(text for name, text in instructions(DOCKERFILE) if name == "FROM")
    (python,) = re.findall(r"^python:(\d+\.\d+)-slim", base)
    assert f"Programming Language :: Python :: {python}" in PROJECT["classifiers"]


def test_the_list_of_what_the_image_needs_is_all_of_it(tmp_path: Path) -> None:
    (script,) = re.findall(r'python -c "([^"]+)" > requirements', DOCKERFILE.read_text().replace("\\\n", ""))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    listed = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    assert listed.splitlines() == [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["server"]]


def test_the_image_has_another_user_than_root_and_no_secret() -> None:
    names = [name for name, _ in instructions(DOCKERFILE)]
    assert names[-1] == "USER"
    user = list(instructions(DOCKERFILE))[-1].text
    assert user.isdigit()
    assert user != "0"
    assert f"--uid {user} " in DOCKERFILE.read_text()
    assert "ARG" not in names
    for name, text in instructions(DOCKERFILE):
        assert name != "ENV" or not re.search("PASSWORD|SECRET|TOKEN|KEY", text)


def test_git_takes_no_settings() -> None:
    assert "/deploy/dagster/.env" in (ROOT / ".gitignore").read_text().splitlines()
