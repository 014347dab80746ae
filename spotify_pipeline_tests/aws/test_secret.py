"""The Spotify credentials in Secrets Manager: on moto, on the emulator, and as commands and processes use them."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Event, Lock
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from moto import mock_aws

from spotify_pipeline import aws as product
from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.demo.accounts import REFRESH_TOKEN
from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline.errors import StorageError
from spotify_pipeline.settings import load_settings
from spotify_pipeline.spotify.documents import Account
from spotify_pipeline.spotify.errors import LoginError
from spotify_pipeline.spotify.token_store import TokenRecord, current_consent
from spotify_pipeline.storage.secret import SpotifySecret
from spotify_pipeline_tests.aws.conftest import Aws
from spotify_pipeline_tests.aws.emulator import REGION
from spotify_pipeline_tests.cli.conftest import Run
from spotify_pipeline_tests.spotify.fake_clock import FakeClock
from spotify_pipeline_tests.spotify.fake_spotify import ACCOUNTS, Answer, Request, refused, served, token
from spotify_pipeline_tests.spotify.test_shared_tokens import LOGIN, Spotify, process

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

DAY = date(2026, 10, 5)
BY_HAND = {
    "SPOTIPY_CLIENT_ID": "client",
    "SPOTIPY_CLIENT_SECRET": "secret-of-the-app",
    "SPOTIFY_REFRESH_TOKEN": "refresh-token",
}
_NUMBERS = count()


class Secret:
    """One secret, which does not exist yet, and what lies in it."""

    def __init__(self, client: "SecretsManagerClient") -> None:
        self.client = client
        self.name = f"Music/Spotify-{next(_NUMBERS)}"

    def create(self, content: object = BY_HAND) -> datetime:
        """Put this into it by hand, and tell when that was."""
        text = content if isinstance(content, str) else json.dumps(content)
        self.client.create_secret(Name=self.name, SecretString=text)
        return self.client.get_secret_value(SecretId=self.name)["CreatedDate"]

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.client.get_secret_value(SecretId=self.name)["SecretString"])
        return content

    @property
    def version(self) -> str:
        return self.client.get_secret_value(SecretId=self.name)["VersionId"]

    def store(self) -> SpotifySecret:
        """What each process makes for itself."""
        return SpotifySecret(product.client("secretsmanager"), self.name, ACCOUNTS)


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An AWS in this process, for clients that are opened from now on."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield


@pytest.fixture(params=["moto", "aws"])
def secret(request: pytest.FixtureRequest) -> Secret:
    request.getfixturevalue(request.param)
    return Secret(product.client("secretsmanager"))


@pytest.fixture
def emulated(aws: Aws) -> Secret:
    return Secret(product.client("secretsmanager"))


# What is read


def test_the_app_and_the_login_are_read(secret: Secret) -> None:
    made_at = secret.create()
    store = secret.store()
    client_id, client_secret = store.app()
    assert (client_id, client_secret and client_secret.get_secret_value()) == ("client", "secret-of-the-app")
    assert store.read(LOGIN) == TokenRecord(refresh_token="refresh-token", first_used_at=made_at)
    assert "secret-of-the-app" not in repr(store.app()) + repr(store.read(LOGIN)) + repr(store) + store.location


def test_a_secret_is_named_by_its_arn_as_well(secret: Secret) -> None:
    secret.create()
    secret.name = secret.client.get_secret_value(SecretId=secret.name)["ARN"]
    assert secret.store().app().client_id == "client"
    assert secret.store().location == f"the secret {secret.name}"


def test_an_app_without_secret_and_login_is_one_all_the_same(secret: Secret) -> None:
    secret.create({"SPOTIPY_CLIENT_ID": "client", "SPOTIPY_CLIENT_SECRET": None, "SPOTIFY_REFRESH_TOKEN": ""})
    assert secret.store().app() == ("client", None)
    assert secret.store().read(LOGIN) is None


@pytest.mark.parametrize("app", [{}, {"SPOTIPY_CLIENT_ID": ""}])
def test_a_secret_without_an_app_has_the_login_of_the_environment_s(secret: Secret, app: dict[str, str]) -> None:
    secret.create({"SPOTIFY_REFRESH_TOKEN": "refresh-token"} | app)
    record = secret.store().read("any key")
    assert record is not None
    assert record.refresh_token == "refresh-token"


def test_the_login_of_another_app_is_not_used(secret: Secret) -> None:
    secret.create(BY_HAND | {"SPOTIPY_CLIENT_ID": "another"})
    assert secret.store().read(LOGIN) is None


# What is written back


def test_a_replaced_refresh_token_is_written_back_beside_what_else_there_is(secret: Secret, clock: FakeClock) -> None:
    made_at = secret.create(BY_HAND | {"owner": "team-music", "others": {"a": [1, None]}})
    spotify = Spotify(rotating=True)
    for number in range(1, 4):
        assert process(spotify, secret.store(), clock).get_access_token() == f"access-token-{number}"
        clock.pass_(3600)
    assert spotify.used == ["refresh-token", "refresh-token-1", "refresh-token-2"]
    login = secret.content.pop("login")
    assert datetime.fromisoformat(login.pop("first_used_at")) == made_at
    assert login.keys() == {"of"}
    assert {name: value for name, value in secret.content.items() if name != "login"} == BY_HAND | {
        "SPOTIFY_REFRESH_TOKEN": "refresh-token-3",
        "owner": "team-music",
        "others": {"a": [1, None]},
    }


@pytest.mark.parametrize("scope", ["", "playlist-read-private playlist-read-collaborative"])
def test_nothing_is_written_for_a_new_access_token(secret: Secret, clock: FakeClock, scope: str) -> None:
    secret.create()
    version = secret.version
    spotify = Spotify()
    spotify.transport.answering = lambda _: token(1, scope=scope)
    for _ in range(2):
        assert process(spotify, secret.store(), clock).get_access_token() == "access-token-1"
        clock.pass_(3600)
    assert (secret.version, secret.content) == (version, BY_HAND)


def test_a_role_that_may_only_read_can_run_where_nothing_is_replaced(
    emulated: Secret, clock: FakeClock, allow_only: Callable[[Mapping[str, Any]], None]
) -> None:
    emulated.create()
    allow_only(policy("secretsmanager:GetSecretValue"))
    assert process(Spotify(), emulated.store(), clock).get_access_token() == "access-token-1"
    with pytest.raises(StorageError, match=r"^AWS denies PutSecretValue on the secret Music/Spotify-\d+ \("):
        process(Spotify(rotating=True), emulated.store(), clock).get_access_token()


def test_what_is_known_of_the_consent_outlives_the_refresh_token(secret: Secret, clock: FakeClock) -> None:
    secret.create({"SPOTIPY_CLIENT_ID": "client"})
    known = TokenRecord(
        refresh_token="login-token",
        access_token="access-token",
        access_token_ends=clock.now(),
        scopes=("read",),
        account=Account("me", "Me"),
        consented_at=clock.now(),
    )
    secret.store().save(LOGIN, known)
    clock.pass_(24 * 3600)
    process(Spotify(rotating=True), secret.store(), clock).get_access_token()
    record = secret.store().read(LOGIN)
    assert record == TokenRecord(
        refresh_token="refresh-token-1", scopes=known.scopes, account=known.account, consented_at=known.consented_at
    )
    assert "access-token" not in json.dumps(secret.content)


def test_a_token_that_is_put_there_by_hand_later_does_not_have_the_consent_of_the_one_before(
    secret: Secret, clock: FakeClock
) -> None:
    secret.create()
    record = TokenRecord(refresh_token="from-login", consented_at=clock.now() - timedelta(days=100))
    secret.store().save(LOGIN, record)
    assert secret.store().read(LOGIN) == record
    by_hand = json.dumps(secret.content | {"SPOTIFY_REFRESH_TOKEN": "by-hand"})
    secret.client.put_secret_value(SecretId=secret.name, SecretString=by_hand)
    made_at = secret.client.get_secret_value(SecretId=secret.name)["CreatedDate"]
    assert secret.store().read(LOGIN) == TokenRecord(refresh_token="by-hand", first_used_at=made_at)


def test_consenting_again_is_written_even_if_the_refresh_token_stays(secret: Secret, clock: FakeClock) -> None:
    secret.create()
    for _ in range(2):
        clock.pass_(24 * 3600)
        secret.store().save(LOGIN, TokenRecord(refresh_token="refresh-token", consented_at=clock.now()))
        record = secret.store().read(LOGIN)
        assert record is not None
        assert record.consented_at == clock.now()


def test_the_login_of_another_app_is_not_overwritten(secret: Secret) -> None:
    secret.create(BY_HAND | {"SPOTIPY_CLIENT_ID": "another"})
    before = secret.content
    with pytest.raises(StorageError) as caught:
        secret.store().save(LOGIN, TokenRecord(refresh_token="login-token"))
    assert str(caught.value).startswith(f"The secret {secret.name} holds another app than the one that logs in: unset")
    assert secret.content == before


# Several at once


def test_who_comes_second_waits_for_what_the_first_one_writes(secret: Secret, clock: FakeClock) -> None:
    secret.create()
    is_refused, is_stored = Event(), Event()
    spotify = Spotify(rotating=True)

    def the_first_answer_comes_late(request: Request) -> Answer:
        answer = spotify(request)
        if answer.status != 200:
            is_refused.set()
        elif not is_stored.is_set():
            assert is_refused.wait(10)
        return answer

    class UntilStored(FakeClock):
        def wait(self, seconds: float, interrupted: Event) -> None:
            super().wait(seconds, interrupted)
            if len(self.waits) == 2:
                assert is_stored.wait(10)

    spotify.transport.answering = the_first_answer_comes_late

    def run(clock: FakeClock) -> str:
        access_token = process(spotify, secret.store(), clock).get_access_token()
        is_stored.set()
        return access_token

    with ThreadPoolExecutor(2) as pool:
        tokens = list(pool.map(run, [UntilStored(), UntilStored()]))
    assert sorted(tokens) == ["access-token-1", "access-token-3"]
    assert spotify.used == ["refresh-token", "refresh-token", "refresh-token-1"]
    assert secret.content["SPOTIFY_REFRESH_TOKEN"] == "refresh-token-3"


def test_a_refresh_token_that_nobody_replaces_is_dead_after_some_seconds(secret: Secret, clock: FakeClock) -> None:
    secret.create(BY_HAND | {"SPOTIFY_REFRESH_TOKEN": "dead-token"})
    spotify = Spotify()
    with pytest.raises(LoginError, match=r"run `spotify-pipeline login`\.$"):
        process(spotify, secret.store(), clock).get_access_token()
    assert spotify.used == ["dead-token"]
    assert 1 < sum(clock.waits) < 10


_PROCESS = """
import sys
from spotify_pipeline import aws
from spotify_pipeline.spotify.patience import Patience
from spotify_pipeline.spotify.tokens import TokenSource
from spotify_pipeline.spotify.transport import new_session
from spotify_pipeline.storage.secret import SpotifySecret

url, name = sys.argv[1:]
with new_session(30) as session:
    store = SpotifySecret(aws.client("secretsmanager"), name, url)
    tokens = TokenSource(url, "client", None, None, session, Patience(), store)
    print("ready", flush=True)
    sys.stdin.readline()
    print(tokens.get_access_token())
"""


def test_two_processes_that_refresh_at_once_both_go_on(emulated: Secret) -> None:
    emulated.create()
    both_asked, one_at_a_time = Event(), Lock()
    spotify = Spotify(rotating=True)
    asked = count(1)

    def rotating(request: Request) -> Answer:
        number = next(asked)
        if number == 2:
            both_asked.set()
        assert both_asked.wait(30)
        with one_at_a_time:
            if request.form["refresh_token"] not in spotify.good:
                return refused("invalid_grant")
            spotify.good = {f"refresh-token-{number}"}
        return token(number, refresh_token=f"refresh-token-{number}")

    with served(rotating) as url:
        command = [sys.executable, "-c", _PROCESS, url, emulated.name]
        pipe = subprocess.PIPE
        processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
        assert [process.stdout and process.stdout.readline() for process in processes] == ["ready\n"] * 2
        with ThreadPoolExecutor(2) as pool:
            printed = list(pool.map(lambda process: process.communicate("go\n", timeout=60)[0], processes))
    assert len(set(printed)) == 2
    assert "access-token-3\n" in printed
    assert emulated.content["SPOTIFY_REFRESH_TOKEN"] == "refresh-token-3"


# What is said when the secret is of no use


@pytest.mark.parametrize(
    "content",
    [
        "hush-hush",
        '"hush-hush"',
        '["hush-hush"]',
        '{"SPOTIFY_REFRESH_TOKEN": "hush-hush"',
        {"SPOTIPY_CLIENT_ID": ["hush-hush"]},
        {"SPOTIPY_CLIENT_SECRET": {"hush-hush": 1}},
        {"SPOTIFY_REFRESH_TOKEN": 7, "hush-hush": 1},
        {"login": "hush-hush"},
        {"login": None, "hush-hush": 1},
        {"login": {"consented_at": "hush-hush"}},
        {"login": {"consented_at": "2026-01-31T00:00:00"}, "hush-hush": 1},
    ],
)
def test_what_is_not_as_described_is_told_without_what_it_is(
    secret: Secret, content: object, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret.create(content)
    store = secret.store()
    caplog.clear()
    for use in (store.app, lambda: store.read(LOGIN), lambda: store.save(LOGIN, TokenRecord(refresh_token="new"))):
        with pytest.raises(StorageError) as caught:
            use()
        assert str(caught.value) == (
            f"The secret {secret.name} is not what docs/aws.md describes: a JSON object with SPOTIPY_CLIENT_ID, "
            "SPOTIPY_CLIENT_SECRET and SPOTIFY_REFRESH_TOKEN, each a text."
        )
        assert caught.value.__suppress_context__
    assert "hush-hush" not in caplog.text


def test_a_secret_of_bytes_is_not_as_described(secret: Secret) -> None:
    secret.client.create_secret(Name=secret.name, SecretBinary=b"hush-hush")
    with pytest.raises(StorageError, match=r"is not what docs/aws.md describes") as caught:
        secret.store().app()
    assert "hush-hush" not in str(caught.value)


def test_a_missing_secret_is_named(secret: Secret) -> None:
    with pytest.raises(StorageError) as caught:
        secret.store().app()
    assert str(caught.value) == (
        f"There is no secret {secret.name} in Secrets Manager: create it, as docs/aws.md says, or correct "
        "SPOTIFY_PIPELINE_SECRET_ID."
    )


def test_a_secret_that_is_being_deleted_is_told(secret: Secret) -> None:
    secret.create()
    secret.client.delete_secret(SecretId=secret.name)
    with pytest.raises(StorageError, match=f"^AWS refuses GetSecretValue on the secret {secret.name}: InvalidRequest"):
        secret.store().app()


def policy(action: str) -> Mapping[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


def test_a_secret_that_may_not_be_read_is_named(
    emulated: Secret, allow_only: Callable[[Mapping[str, Any]], None]
) -> None:
    emulated.create()
    allow_only(policy("s3:GetObject"))
    with pytest.raises(StorageError, match=f"^AWS denies GetSecretValue on the secret {emulated.name} \\(.*GetSecret"):
        emulated.store().app()


# As settings choose it


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Backends]:
    """The backends of the aws target, with further variables."""

    def choose(secret: Secret, **variables: str) -> Backends:
        return choose_backends(
            load_settings(
                SPOTIFY_PIPELINE_TARGET="aws",
                SPOTIFY_PIPELINE_RAW_BUCKET="my-raw",
                SPOTIFY_PIPELINE_TABLES_BUCKET="my-tables",
                SPOTIFY_PIPELINE_SECRET_ID=secret.name,
                SPOTIFY_PIPELINE_ACCOUNTS_URL=ACCOUNTS,
                **variables,
            )
        )

    return choose


def test_the_secret_s_app_is_used_where_the_environment_names_none(
    secret: Secret, chosen: Callable[..., Backends]
) -> None:
    made_at = secret.create()
    backends = chosen(secret)
    settings = backends.app_settings
    assert settings.client_id == "client"
    assert settings.client_secret is not None
    assert settings.client_secret.get_secret_value() == "secret-of-the-app"
    assert "secret-of-the-app" not in repr(settings)
    consent = current_consent(settings, backends.tokens)
    assert consent is not None
    assert (consent.given_at, consent.is_exact) == (made_at, False)


def test_the_environment_wins_over_the_secret(secret: Secret, chosen: Callable[..., Backends]) -> None:
    """What it names is not even looked for in the secret, which does not exist here."""
    backends = chosen(secret, SPOTIPY_CLIENT_ID="mine", SPOTIFY_REFRESH_TOKEN="my-token")
    assert (backends.app_settings.client_id, backends.app_settings.client_secret) == ("mine", None)
    assert current_consent(backends.app_settings, backends.tokens) is None


@pytest.mark.parametrize("variables", [{}, {"SPOTIFY_REFRESH_TOKEN": "my-token"}])
def test_logins_go_to_the_secret(secret: Secret, chosen: Callable[..., Backends], variables: dict[str, str]) -> None:
    secret.create()
    assert chosen(secret, **variables).logins.location == f"the secret {secret.name}"


def test_the_local_target_asks_no_secret(tmp_path: Path) -> None:
    backends = choose_backends(load_settings(SPOTIFY_PIPELINE_SECRET_ID="x", SPOTIFY_PIPELINE_DATA_DIR=str(tmp_path)))
    assert backends.app_settings is backends.settings
    assert backends.logins.location == f"{tmp_path / 'spotify_token.json'}, for you alone"


# As commands use it


@pytest.fixture
def server(aws: Aws, emulated: Secret, monkeypatch: pytest.MonkeyPatch) -> Iterator[DemoServer]:
    """A Spotify of one day, an AWS, and credentials nowhere but in the secret."""
    with DemoServer(DemoCatalogue(), day=DAY) as server:
        for name, value in {
            "SPOTIFY_PIPELINE_TARGET": "aws",
            "SPOTIFY_PIPELINE_RAW_BUCKET": aws.raw_bucket,
            "SPOTIFY_PIPELINE_TABLES_BUCKET": aws.tables_bucket,
            "SPOTIFY_PIPELINE_GLUE_DATABASE": aws.database,
            "SPOTIFY_PIPELINE_ATHENA_WORKGROUP": aws.workgroup,
            "SPOTIFY_PIPELINE_SECRET_ID": emulated.name,
            "SPOTIFY_PIPELINE_API_URL": f"{server.url}/v1/",
            "SPOTIFY_PIPELINE_ACCOUNTS_URL": server.url,
            "SPOTIFY_PIPELINE_TODAY": DAY.isoformat(),
        }.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.mark.parametrize("given", ["", "my-token"])
def test_a_login_ends_in_the_secret(
    server: DemoServer,
    emulated: Secret,
    run: Run,
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: str,
) -> None:
    emulated.create({"SPOTIPY_CLIENT_ID": "my-app", "owner": "team-music"})
    monkeypatch.setenv("SPOTIFY_REFRESH_TOKEN", given)

    def paste() -> str:
        shown = next(line for line in capsys.readouterr().err.splitlines() if line.startswith(server.url))
        return requests.get(shown, allow_redirects=False, timeout=10).headers["Location"]

    monkeypatch.setattr("sys.stdin", SimpleNamespace(readline=paste))
    outcome = run("login", "--no-browser")
    assert outcome.code == 0, outcome.err
    assert f"Stored in the secret {emulated.name}" in outcome.out
    assert ("wins over this login" in outcome.err) == bool(given)
    content = emulated.content
    assert content.pop("login").keys() == {"scopes", "account", "consented_at", "of"}
    assert content == {
        "SPOTIPY_CLIENT_ID": "my-app",
        "owner": "team-music",
        "SPOTIFY_REFRESH_TOKEN": REFRESH_TOKEN,
    }
    assert not data_dir.exists()


def test_doctor_and_run_need_no_other_credentials(
    server: DemoServer,
    emulated: Secret,
    run: Run,
    data_dir: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    emulated.create(BY_HAND | {"SPOTIFY_REFRESH_TOKEN": "token-of-the-user"})
    caplog.clear()
    doctor = run("doctor", "--format", "json")
    findings = {finding["subject"]: finding for finding in json.loads(doctor.out)["findings"]}
    assert doctor.code == 0, doctor.err
    assert findings["account"]["facts"]["id"] == "demo-listener"
    assert findings["token"]["facts"]["days_left"] is not None
    day = run("--verbose", "run")
    assert day.code == 0, day.err
    assert "2026-10-05: 12 playlists (11 observed, 1 restricted)" in day.out
    written = [*map(str, (*doctor, *day)), caplog.text, *(path.read_text("latin-1") for path in data_dir.rglob("*.*"))]
    assert "botocore" in caplog.text
    assert not any(secret in text for text in written for secret in ("secret-of-the-app", "token-of-the-user"))


def test_doctor_names_a_missing_secret_and_looks_at_all_else(server: DemoServer, emulated: Secret, run: Run) -> None:
    code, out, err = run("doctor", "--format", "json")
    findings = {finding["subject"]: finding for finding in json.loads(out)["findings"]}
    sentence = f"There is no secret {emulated.name} in Secrets Manager: create it"
    assert code == 1
    assert err.startswith(f"spotify-pipeline: The daily job would fail: {sentence}")
    assert findings["account"]["detail"].startswith(sentence)
    assert findings["raw documents"]["state"] == findings["tables"]["state"] == "ok"


def test_a_run_names_a_missing_secret_in_one_line(server: DemoServer, emulated: Secret, run: Run) -> None:
    code, out, err = run("run")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith(f"spotify-pipeline: There is no secret {emulated.name} in Secrets Manager")
