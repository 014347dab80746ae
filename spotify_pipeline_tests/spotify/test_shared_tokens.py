"""Access tokens that several processes share through the store."""

import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from pydantic import SecretStr

from spotify_pipeline.errors import StorageError
from spotify_pipeline.spotify.errors import LoginError
from spotify_pipeline.spotify.token_store import TokenFile, TokenRecord, TokenStore, record_key
from spotify_pipeline.spotify.tokens import TokenSource
from spotify_pipeline_tests.spotify.fake_clock import FakeClock
from spotify_pipeline_tests.spotify.fake_spotify import (
    ACCOUNTS,
    Answer,
    FakeTransport,
    Request,
    refused,
    served,
    token,
)

LOGIN = record_key(ACCOUNTS, "client", None)


class Spotify:
    """Gives numbered tokens; with `rotating`, each refresh token is good once."""

    def __init__(self, *, rotating: bool = False) -> None:
        self.rotating = rotating
        self.good = {"refresh-token", "login-token"}
        self.transport = FakeTransport(self)

    def __call__(self, request: Request) -> Answer:
        used = request.form["refresh_token"]
        if used not in self.good:
            return refused("invalid_grant")
        number = len(self.transport.requests)
        if not self.rotating:
            return token(number)
        self.good = self.good - {used} | {f"refresh-token-{number}"}
        return token(number, refresh_token=f"refresh-token-{number}")

    @property
    def used(self) -> list[str]:
        return [request.form["refresh_token"] for request in self.transport.requests]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "data" / "spotify_token.json")


def process(
    spotify: Spotify,
    store: TokenStore,
    clock: FakeClock,
    refresh_token: str | None = None,
    client_secret: str | None = None,
) -> TokenSource:
    """What each of several processes makes for itself."""
    return TokenSource(
        ACCOUNTS,
        "client",
        SecretStr(client_secret) if client_secret else None,
        SecretStr(refresh_token) if refresh_token else None,
        spotify.transport.session(),
        clock.patience(),
        store,
    )


def log_in(store: TokenFile, clock: FakeClock, refresh_token: str = "login-token") -> None:  # noqa: S107
    with store.locked():
        store.save(LOGIN, TokenRecord(refresh_token=refresh_token, consented_at=clock.now(), scopes=("read",)))


def test_the_stored_login_is_used_before_the_app_s_own_credentials(store: TokenFile, clock: FakeClock) -> None:
    log_in(store, clock)
    spotify = Spotify()
    tokens = process(spotify, store, clock, client_secret="app-secret")
    assert tokens.is_user
    assert tokens.get_access_token() == "access-token-1"
    assert spotify.used == ["login-token"]


def test_a_given_refresh_token_wins_over_the_stored_login(store: TokenFile, clock: FakeClock) -> None:
    log_in(store, clock)
    spotify = Spotify()
    process(spotify, store, clock, "refresh-token").get_access_token()
    assert spotify.used == ["refresh-token"]


def test_without_a_login_the_app_s_own_token_is_not_stored(store: TokenFile, clock: FakeClock) -> None:
    transport = FakeTransport(lambda _: token())
    secret = SecretStr("app-secret")
    tokens = TokenSource(ACCOUNTS, "client", secret, None, transport.session(), clock.patience(), store)
    assert not tokens.is_user
    assert tokens.get_access_token() == "access-token-1"
    assert not store.path.parent.exists()


def test_without_any_credentials_login_is_named(store: TokenFile, clock: FakeClock) -> None:
    with pytest.raises(LoginError, match=r"^No Spotify credentials: .* run `spotify-pipeline login`"):
        process(Spotify(), store, clock)


def test_the_login_of_another_app_or_server_is_not_used(store: TokenFile, clock: FakeClock) -> None:
    with store.locked():
        for key in (record_key(ACCOUNTS, "another", None), record_key("https://another.test/", "client", None)):
            store.save(key, TokenRecord(refresh_token="login-token"))
    with pytest.raises(LoginError, match="No Spotify credentials"):
        process(Spotify(), store, clock)


@pytest.mark.parametrize("given", ["refresh-token", None])
def test_the_next_process_uses_the_same_access_token_while_it_is_valid(
    store: TokenFile, clock: FakeClock, given: str | None
) -> None:
    log_in(store, clock)
    spotify = Spotify()
    assert process(spotify, store, clock, given).get_access_token() == "access-token-1"
    clock.pass_(3500)
    second = process(spotify, store, clock, given)
    assert second.get_access_token() == "access-token-1"
    clock.pass_(41)  # in its last minute
    assert second.get_access_token() == "access-token-2"
    assert process(spotify, store, clock, given).get_access_token() == "access-token-2"
    assert len(spotify.used) == 2


@pytest.mark.parametrize("given", ["refresh-token", None])
def test_a_replaced_refresh_token_outlives_the_process(store: TokenFile, clock: FakeClock, given: str | None) -> None:
    log_in(store, clock)
    spotify = Spotify(rotating=True)
    for number in range(1, 4):
        assert process(spotify, store, clock, given).get_access_token() == f"access-token-{number}"
        clock.pass_(3600)
    assert spotify.used == [given or "login-token", "refresh-token-1", "refresh-token-2"]


def test_a_replaced_refresh_token_is_saved_before_the_access_token_is_used(
    store: TokenFile, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(store, clock)
    tokens = process(Spotify(rotating=True), store, clock)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(StorageError, match="Cannot keep the login in"):
        tokens.get_access_token()


def test_what_login_has_found_out_stays_when_tokens_are_renewed(store: TokenFile, clock: FakeClock) -> None:
    log_in(store, clock)
    before = store.read(LOGIN)
    process(Spotify(rotating=True), store, clock).get_access_token()
    after = store.read(LOGIN)
    assert before is not None
    assert after is not None
    assert (after.consented_at, after.scopes) == (before.consented_at, before.scopes)


def test_a_given_refresh_token_is_counted_from_its_first_use_and_not_written_down(
    store: TokenFile, clock: FakeClock
) -> None:
    first_used_at = clock.now()
    process(Spotify(), store, clock, "refresh-token").get_access_token()
    clock.pass_(7 * 24 * 3600)
    process(Spotify(), store, clock, "refresh-token").get_access_token()
    record = store.read(record_key(ACCOUNTS, "client", SecretStr("refresh-token")))
    assert record is not None
    assert record.consent is not None
    assert (record.consent.given_at, record.consent.is_exact) == (first_used_at, False)
    assert "refresh-token" not in store.path.read_text()


def test_a_refused_access_token_is_renewed_once_for_all_processes(store: TokenFile, clock: FakeClock) -> None:
    log_in(store, clock)
    spotify = Spotify()
    processes = [process(spotify, store, clock) for _ in range(4)]
    assert {tokens.get_access_token() for tokens in processes} == {"access-token-1"}
    for tokens in processes:
        tokens.renew("access-token-1")
    assert {tokens.get_access_token() for tokens in processes} == {"access-token-2"}
    assert len(spotify.used) == 2


@pytest.mark.parametrize("hours", [-12, 12])
def test_a_clock_that_jumps_costs_no_more_than_one_request(store: TokenFile, clock: FakeClock, hours: float) -> None:
    log_in(store, clock)
    spotify = Spotify()
    tokens = process(spotify, store, clock)
    tokens.get_access_token()
    clock.set_wall(hours)
    assert tokens.get_access_token() == "access-token-1"
    clock.pass_(3600)  # by the clock that was set back, what is stored lasts for another twelve hours
    assert tokens.get_access_token() == "access-token-2"
    assert len(spotify.used) == 2


def test_an_ended_token_that_a_wrong_clock_takes_for_valid_is_renewed_when_refused(
    store: TokenFile, clock: FakeClock
) -> None:
    log_in(store, clock)
    spotify = Spotify()
    process(spotify, store, clock).get_access_token()
    clock.pass_(7200)
    clock.set_wall(-12)
    tokens = process(spotify, store, clock)
    assert tokens.get_access_token() == "access-token-1"
    tokens.renew("access-token-1")
    assert tokens.get_access_token() == "access-token-2"


def test_after_a_refusal_a_new_login_is_used_without_starting_anew(store: TokenFile, clock: FakeClock) -> None:
    log_in(store, clock, "dead-token")
    spotify = Spotify()
    tokens = process(spotify, store, clock)
    for _ in range(3):
        with pytest.raises(LoginError, match=r"run `spotify-pipeline login`\.$"):
            tokens.get_access_token()
    log_in(store, clock)
    assert tokens.get_access_token() == "access-token-2"
    assert spotify.used == ["dead-token", "login-token"]


def test_a_new_login_that_is_refused_too_is_final(store: TokenFile, clock: FakeClock) -> None:
    log_in(store, clock, "dead-token")
    spotify = Spotify()
    tokens = process(spotify, store, clock)
    for refresh_token in ("dead-token", "another-dead-token"):
        log_in(store, clock, refresh_token)
        for _ in range(3):
            with pytest.raises(LoginError):
                tokens.get_access_token()
    assert spotify.used == ["dead-token", "another-dead-token"]


def test_a_process_goes_on_when_its_login_is_removed(store: TokenFile, clock: FakeClock) -> None:
    log_in(store, clock)
    spotify = Spotify(rotating=True)
    tokens = process(spotify, store, clock)
    tokens.get_access_token()
    store.path.unlink()
    clock.pass_(3600)
    assert tokens.get_access_token() == "access-token-2"


def test_a_damaged_store_is_reported_before_anything_is_sent(store: TokenFile, clock: FakeClock) -> None:
    store.path.parent.mkdir()
    store.path.write_text("{")
    spotify = Spotify()
    with pytest.raises(StorageError, match="is damaged: run `spotify-pipeline login`"):
        process(spotify, store, clock)
    with pytest.raises(StorageError, match="is damaged: run `spotify-pipeline login`"):
        process(spotify, store, clock, "refresh-token").get_access_token()
    assert spotify.used == []


_PROCESS = """
import sys
from pathlib import Path
from concurrent.futures import ThreadPoolExecutor
from pydantic import SecretStr
from spotify_pipeline.spotify.patience import Patience
from spotify_pipeline.spotify.token_store import TokenFile
from spotify_pipeline.spotify.tokens import TokenSource
from spotify_pipeline.spotify.transport import new_session

url, path = sys.argv[1:]
with new_session(30) as session:
    store, given = TokenFile(Path(path)), SecretStr("refresh-token")
    tokens = TokenSource(url, "client", None, given, session, Patience(), store)
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(8) as pool:
        print(*set(pool.map(lambda _: tokens.get_access_token(), range(8))))
"""


def test_eight_threads_in_each_of_four_processes_refresh_once(tmp_path: Path) -> None:
    asked: list[Request] = []
    others_wait = threading.Event()

    def rotating(request: Request) -> Answer:
        asked.append(request)
        others_wait.wait(0.1)  # nobody sets it: time for the others to ask too
        used = request.form["refresh_token"]
        return token(1, refresh_token="refresh-token-2") if used == "refresh-token" else refused("invalid_grant")

    with served(rotating) as url:
        command = [sys.executable, "-c", _PROCESS, url, str(tmp_path / "spotify_token.json")]
        pipe = subprocess.PIPE
        processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(4)]
        assert [process.stdout and process.stdout.readline() for process in processes] == ["ready\n"] * 4
        with ThreadPoolExecutor(4) as pool:
            printed = list(pool.map(lambda process: process.communicate("go\n", timeout=30)[0], processes))
    assert printed == ["access-token-1\n"] * 4
    assert len(asked) == 1


def test_nothing_that_is_stored_comes_into_an_error_or_a_log(
    store: TokenFile, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    log_in(store, clock, "dead-token")
    told = []
    for given in (None, "given-token"):
        tokens = process(Spotify(), store, clock, given, client_secret="app-secret")
        with pytest.raises(LoginError) as caught:
            tokens.get_access_token()
        told += [str(caught.value), repr(caught.value), repr(tokens)]
    assert not re.search("dead-token|given-token|app-secret", caplog.text + "".join(told))


def test_a_token_is_not_asked_for_where_it_could_not_be_kept(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    spotify = Spotify()
    tokens = process(spotify, TokenFile(tmp_path / "data" / "spotify_token.json"), clock, "refresh-token")
    with pytest.raises(StorageError, match="Cannot keep the login in"):
        tokens.get_access_token()
    assert spotify.used == []


def test_an_outage_is_waited_out_without_the_lock(store: TokenFile, clock: FakeClock) -> None:
    log_in(store, clock)
    spotify = Spotify()

    def unreachable(_: Request) -> Answer:
        raise requests.ConnectionError

    class MeanwhileInAnotherProcess(FakeClock):
        def wait(self, seconds: float, interrupted: threading.Event) -> None:
            super().wait(seconds, interrupted)
            spotify.transport.answering = spotify
            assert process(spotify, store, clock).get_access_token() == "access-token-2"

    spotify.transport.answering = unreachable
    assert process(spotify, store, MeanwhileInAnotherProcess()).get_access_token() == "access-token-2"
    assert len(spotify.used) == 2


def test_times_in_the_store_are_by_the_clock_on_the_wall(store: TokenFile, clock: FakeClock) -> None:
    log_in(store, clock)
    process(Spotify(), store, clock).get_access_token()
    record = store.read(LOGIN)
    assert record is not None
    assert record.access_token_ends == clock.now() + timedelta(hours=1)
