"""What a machine knows of Spotify goes into the stack's secret, once, and is shown to nobody."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from deploy.credentials import hand_over
from spotify_pipeline.spotify.token_store import TokenFile, TokenRecord, record_key
from spotify_pipeline_tests.aws.conftest import Aws

ACCOUNTS = "https://accounts.spotify.com/"
APP = {"SPOTIPY_CLIENT_ID": "my-app", "SPOTIPY_CLIENT_SECRET": "app-secret"}
APP_IS_THERE = "The Spotify app that is set here is now in the secret."
SO_IS_THE_LOGIN = "So is the login. If it is used in both places, one may take it from the other: use it there only."


class Machine:
    """A machine with settings of its own, and a new secret."""

    def __init__(self, aws: Aws, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        monkeypatch.setenv("SPOTIFY_PIPELINE_DATA_DIR", str(folder))
        self._set, self._secret, self._file = monkeypatch.setenv, aws.database, folder / "spotify_token.json"
        self._client = boto3.client("secretsmanager")
        self._client.create_secret(Name=self._secret)  # as CloudFormation does, without any content

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self._set(name, value)

    def log_in(self, record: TokenRecord, key: str) -> None:
        TokenFile(self._file).save(key, record)

    def hand_over(self) -> list[str]:
        return list(hand_over(self._secret))

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self._client.get_secret_value(SecretId=self._secret)["SecretString"])
        return content


@pytest.fixture
def machine(aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    return Machine(aws, monkeypatch, tmp_path)


def test_where_nothing_is_known_the_secret_is_ready_for_a_login(machine: Machine) -> None:
    assert machine.hand_over() == []
    assert machine.content == {}


def test_the_app_and_the_login_are_handed_over_once(machine: Machine) -> None:
    record = TokenRecord(refresh_token="of-login", access_token="short-lived", consented_at=datetime.now(UTC))
    machine.log_in(record, record_key(ACCOUNTS, "my-app", None))
    machine.set(**APP)
    assert machine.hand_over() == [APP_IS_THERE, SO_IS_THE_LOGIN]
    content = machine.content
    assert content["login"].keys() == {"consented_at", "of"}
    assert content == {**APP, "SPOTIFY_REFRESH_TOKEN": "of-login", "login": content["login"]}
    machine.log_in(TokenRecord(refresh_token="newer"), record_key(ACCOUNTS, "my-app", None))
    assert machine.hand_over() == []
    machine.set(SPOTIPY_CLIENT_ID="another", SPOTIFY_REFRESH_TOKEN="another")
    assert machine.hand_over() == []
    assert machine.content == content


def test_a_login_may_follow_later(machine: Machine) -> None:
    machine.set(**APP)
    assert machine.hand_over() == [APP_IS_THERE]
    machine.log_in(TokenRecord(refresh_token="of-login"), record_key(ACCOUNTS, "my-app", None))
    assert machine.hand_over() == [SO_IS_THE_LOGIN]
    assert machine.content["SPOTIFY_REFRESH_TOKEN"] == "of-login"


def test_a_token_of_the_environment_is_handed_over_as_spotify_has_renewed_it(machine: Machine) -> None:
    machine.set(**APP, SPOTIFY_REFRESH_TOKEN="given")
    assert machine.hand_over() == [APP_IS_THERE, SO_IS_THE_LOGIN]
    assert machine.content["SPOTIFY_REFRESH_TOKEN"] == "given"


def test_where_the_target_is_aws_already_the_login_of_before_is_found(machine: Machine) -> None:
    machine.set(**APP, SPOTIFY_PIPELINE_TARGET="aws", SPOTIFY_PIPELINE_SECRET_ID="elsewhere")
    machine.log_in(TokenRecord(refresh_token="of-login"), record_key(ACCOUNTS, "my-app", None))
    assert machine.hand_over() == [APP_IS_THERE, SO_IS_THE_LOGIN]
