"""Access tokens, without a file; with one they are in `test_shared_tokens.py`."""

import base64
import logging
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from pydantic import SecretStr

from spotify_pipeline.errors import SpotifyError
from spotify_pipeline.spotify.errors import LoginError, QuotaError, UnreachableError
from spotify_pipeline.spotify.patience import Patience
from spotify_pipeline.spotify.token_endpoint import Token
from spotify_pipeline.spotify.tokens import TokenSource
from spotify_pipeline.spotify.transport import new_session
from spotify_pipeline_tests.spotify.fake_clock import FakeClock
from spotify_pipeline_tests.spotify.fake_spotify import (
    ACCOUNTS,
    TOKEN_PATH,
    Answer,
    Answering,
    FakeTransport,
    Request,
    found,
    refused,
    served,
    token,
)

BASIC = base64.b64encode(b"client:app-secret").decode()
SECRETS = ("app-secret", "refresh-token", "access-token", BASIC)


def source(
    transport: FakeTransport,
    client_id: str | None = "client",
    client_secret: str | None = "app-secret",  # noqa: S107
    refresh_token: str | None = "refresh-token",  # noqa: S107
    accounts_url: str = ACCOUNTS,
    patience: Patience | None = None,
) -> TokenSource:
    return TokenSource(
        accounts_url,
        client_id,
        SecretStr(client_secret) if client_secret else None,
        SecretStr(refresh_token) if refresh_token else None,
        transport.session(),
        patience or FakeClock().patience(),
    )


def numbered(expires_in: int = 3600, **others: str) -> Answering:
    """The first request gets access-token-1, the second access-token-2."""
    numbers = iter(range(1, 100))
    return lambda _: token(next(numbers), expires_in, **others)


def test_without_a_user_the_app_logs_in_as_itself() -> None:
    transport = FakeTransport(numbered())
    tokens = source(transport, refresh_token=None)
    assert tokens.get_access_token() == "access-token-1"
    assert not tokens.is_user
    [request] = transport.requests
    assert (request.method, request.path) == ("POST", TOKEN_PATH)
    assert request.form == {"grant_type": "client_credentials"}
    assert request.headers["Authorization"] == f"Basic {BASIC}"


def test_a_refresh_token_logs_the_user_in() -> None:
    transport = FakeTransport(numbered())
    tokens = source(transport)
    assert tokens.get_access_token() == "access-token-1"
    assert tokens.is_user
    [request] = transport.requests
    assert request.form == {"grant_type": "refresh_token", "refresh_token": "refresh-token"}
    assert request.headers["Authorization"] == f"Basic {BASIC}"


def test_a_user_who_logged_in_with_pkce_needs_no_app_secret() -> None:
    transport = FakeTransport(numbered())
    tokens = source(transport, client_secret=None)
    assert tokens.get_access_token() == "access-token-1"
    assert tokens.is_user
    [request] = transport.requests
    assert request.form == {"grant_type": "refresh_token", "refresh_token": "refresh-token", "client_id": "client"}
    assert "Authorization" not in request.headers


@pytest.mark.parametrize("url", ["https://accounts.test/", "https://accounts.test"])
def test_the_token_endpoint_is_found_with_or_without_a_slash(url: str) -> None:
    transport = FakeTransport(numbered())
    source(transport, accounts_url=url).get_access_token()
    assert [request.path for request in transport.requests] == [TOKEN_PATH]


@pytest.mark.parametrize("refresh_token", ["refresh-token", None])
def test_a_token_is_used_again_while_it_is_valid(refresh_token: str | None) -> None:
    transport = FakeTransport(numbered())
    tokens = source(transport, refresh_token=refresh_token)
    assert {tokens.get_access_token() for _ in range(5)} == {"access-token-1"}
    assert len(transport.requests) == 1


@pytest.mark.parametrize("refresh_token", ["refresh-token", None])
def test_a_token_is_renewed_in_its_last_minute(refresh_token: str | None) -> None:
    tokens = source(FakeTransport(numbered(expires_in=59)), refresh_token=refresh_token)
    assert [tokens.get_access_token() for _ in range(3)] == ["access-token-1", "access-token-2", "access-token-3"]


def test_many_threads_share_one_refresh() -> None:
    start = threading.Barrier(8)
    others_wait = threading.Event()

    def slow_token(_: Request) -> Answer:
        others_wait.wait(0.05)  # nobody sets it: time for the others to ask too
        return token()

    transport = FakeTransport(slow_token)
    tokens = source(transport)

    def get(_: int) -> str:
        start.wait(5)
        return tokens.get_access_token()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(get, range(8))) == {"access-token-1"}
    assert len(transport.requests) == 1


def test_a_new_refresh_token_in_the_answer_is_the_one_used_next() -> None:
    transport = FakeTransport(numbered(expires_in=0, refresh_token="second-refresh-token"))
    tokens = source(transport)
    tokens.get_access_token()
    tokens.get_access_token()
    used = [request.form["refresh_token"] for request in transport.requests]
    assert used == ["refresh-token", "second-refresh-token"]


def test_an_answer_without_a_refresh_token_keeps_the_old_one() -> None:
    transport = FakeTransport(numbered(expires_in=0))
    tokens = source(transport)
    tokens.get_access_token()
    tokens.get_access_token()
    assert [request.form["refresh_token"] for request in transport.requests] == ["refresh-token", "refresh-token"]


@pytest.mark.parametrize("client_secret", ["app-secret", None])
def test_a_dead_refresh_token_is_reported_with_the_way_out(client_secret: str | None) -> None:
    tokens = source(FakeTransport(lambda _: refused("invalid_grant")), client_secret=client_secret)
    with pytest.raises(
        LoginError,
        match=r"^Spotify no longer accepts the refresh token \(invalid_grant\): .*; run `spotify-pipeline login` "
        r"and remove SPOTIFY_REFRESH_TOKEN, which wins over that login, or replace it\.$",
    ):
        tokens.get_access_token()


@pytest.mark.parametrize("problem", ["invalid_grant", "invalid_client"])
def test_refused_credentials_are_never_tried_again(problem: str) -> None:
    transport = FakeTransport(lambda _: refused(problem))
    tokens = source(transport)
    for _ in range(3):
        with pytest.raises(LoginError):
            tokens.get_access_token()
    assert len(transport.requests) == 1
    assert not LoginError.may_pass


def test_consent_that_is_withdrawn_in_the_middle_ends_it() -> None:
    answers = iter([token(), refused("invalid_grant")])
    transport = FakeTransport(lambda _: next(answers))
    tokens = source(transport)
    tokens.renew(tokens.get_access_token())
    for _ in range(3):
        with pytest.raises(LoginError, match="no longer accepts the refresh token"):
            tokens.get_access_token()
    assert len(transport.requests) == 2


def test_a_refused_access_token_is_renewed_once_for_all_threads() -> None:
    transport = FakeTransport(numbered())
    tokens = source(transport)
    refused_token = tokens.get_access_token()
    start = threading.Barrier(8)

    def get(_: int) -> str:
        start.wait(5)
        tokens.renew(refused_token)
        return tokens.get_access_token()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(get, range(8))) == {"access-token-2"}
    assert len(transport.requests) == 2


def test_the_app_s_own_token_is_renewed_too() -> None:
    tokens = source(FakeTransport(numbered()), refresh_token=None)
    tokens.renew(tokens.get_access_token())
    assert tokens.get_access_token() == "access-token-2"


def test_a_token_ends_by_the_time_that_passes_and_not_by_the_clock_on_the_wall() -> None:
    clock = FakeClock()
    transport = FakeTransport(numbered())
    tokens = source(transport, patience=clock.patience())
    tokens.get_access_token()
    clock.set_wall(9)
    tokens.get_access_token()
    clock.set_wall(-18)
    assert tokens.get_access_token() == "access-token-1"
    clock.pass_(3600)
    assert tokens.get_access_token() == "access-token-2"
    assert len(transport.requests) == 2


@pytest.mark.parametrize("problem", ["invalid_client", "invalid_request", "unauthorized_client"])
@pytest.mark.parametrize("refresh_token", ["refresh-token", None])
def test_an_unknown_app_is_reported_with_the_variables_to_check(problem: str, refresh_token: str | None) -> None:
    tokens = source(FakeTransport(lambda _: refused(problem, 401)), refresh_token=refresh_token)
    with pytest.raises(LoginError, match=rf"\({problem}\): check SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET\.$"):
        tokens.get_access_token()


@pytest.mark.parametrize(
    ("client_id", "client_secret", "refresh_token"),
    [(None, None, None), (None, "app-secret", "refresh-token"), ("client", None, None), ("", "app-secret", None)],
)
def test_missing_credentials_are_reported_before_anything_is_sent(
    client_id: str | None, client_secret: str | None, refresh_token: str | None
) -> None:
    transport = FakeTransport(numbered())
    with pytest.raises(LoginError, match=r"^No Spotify credentials: set SPOTIPY_CLIENT_ID"):
        source(transport, client_id, client_secret, refresh_token)
    assert transport.requests == []


def unreachable(_: Request) -> Answer:
    raise requests.ConnectionError("HTTPSConnectionPool(<object at 0x7f>) refresh-token")


@pytest.mark.parametrize(
    "answering",
    [
        unreachable,
        lambda _: Answer(b"", 503),
        lambda _: Answer(b"<html>Bad gateway</html>", 502),
        lambda _: Answer(b"[]", 500),
        lambda _: Answer(b'{"error": {"status": 429}}', 429),
        lambda _: Answer(b"<html>Please log in to this hotel's network</html>"),
        lambda _: Answer(b""),
        lambda _: Answer(b"[]"),
        lambda _: Answer(b"null"),
        lambda _: found({}),
        lambda _: found({"access_token": "access-token-1"}),
        lambda _: found({"expires_in": 3600}),
        lambda _: found({"access_token": "access-token-1", "expires_in": "soon"}),
    ],
)
@pytest.mark.parametrize("refresh_token", ["refresh-token", None])
def test_no_token_for_other_reasons_is_reported_as_something_that_may_pass(
    answering: Answering, refresh_token: str | None
) -> None:
    tokens = source(FakeTransport(answering), refresh_token=refresh_token)
    with pytest.raises(UnreachableError) as caught:
        tokens.get_access_token()
    assert caught.value.may_pass
    assert "0x" not in str(caught.value)


@pytest.mark.parametrize(
    "hiccup",
    [
        unreachable,
        lambda _: Answer(b"", 503),
        lambda _: Answer(b'{"error": "invalid_grant"}', 500),
        lambda _: Answer(b"", 302, {"Location": "http://127.0.0.1:9/elsewhere"}),
        lambda _: Answer(b'{"access_token": "acc'),
    ],
)
def test_an_outage_that_passes_is_waited_out(hiccup: Answering) -> None:
    clock = FakeClock()
    transport = FakeTransport(lambda request: token() if len(transport.requests) > 2 else hiccup(request))
    tokens = source(transport, patience=clock.patience())
    assert tokens.get_access_token() == "access-token-1"
    assert len(transport.requests) == 3
    assert 0.75 <= sum(clock.waits) <= 1.5


def test_an_outage_that_lasts_is_given_up_and_asked_anew_by_the_next_call() -> None:
    answers = iter([*[Answer(b"", 503)] * 3, token()])
    transport = FakeTransport(lambda _: next(answers))
    tokens = source(transport, patience=FakeClock().patience(attempts=3))
    with pytest.raises(UnreachableError, match=r"\(it answered 503\): check the network"):
        tokens.get_access_token()
    assert tokens.get_access_token() == "access-token-1"


def test_a_short_rate_limit_is_waited_for_as_long_as_it_says() -> None:
    told: list[str] = []
    clock = FakeClock()
    answers = iter([Answer(b"", 429, {"Retry-After": "7"}), token()])
    tokens = source(FakeTransport(lambda _: next(answers)), patience=clock.patience(told.append))
    assert tokens.get_access_token() == "access-token-1"
    assert [seconds for seconds in clock.waits if seconds] == [7]
    assert told == ["No usable answer from Spotify, which is asked again: waiting 7 s"]


def test_a_long_rate_limit_is_not_waited_for_and_nobody_asks_again() -> None:
    transport = FakeTransport(lambda _: Answer(b"", 429, {"Retry-After": "7200"}))
    tokens = source(transport)
    for _ in range(3):
        with pytest.raises(QuotaError, match="wants no request for 120 minutes: run again after that"):
            tokens.get_access_token()
    assert len(transport.requests) == 1


def test_an_interrupted_run_asks_for_no_token() -> None:
    transport = FakeTransport(numbered())
    patience = FakeClock().patience()
    tokens = source(transport, patience=patience)
    patience.end()
    with pytest.raises(UnreachableError, match="interrupted"):
        tokens.get_access_token()
    assert transport.requests == []


def test_a_server_that_is_not_there_is_named() -> None:
    with served(lambda _: token()) as url:
        pass  # from here on nobody listens there
    with requests.Session() as session:
        tokens = TokenSource(url, "client", None, SecretStr("refresh-token"), session, FakeClock().patience())
        with pytest.raises(
            UnreachableError, match=rf"^No access token from {url} \(no connection\): check the network"
        ):
            tokens.get_access_token()


@pytest.mark.parametrize("refresh_token", ["refresh-token", None])
@pytest.mark.parametrize(
    "answering",
    [numbered(), unreachable, lambda _: refused("invalid_grant"), lambda _: refused("invalid_client")],
)
def test_no_secret_is_logged_or_told_in_an_error(
    answering: Answering, refresh_token: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tokens = source(FakeTransport(answering), refresh_token=refresh_token)
    told = ""
    try:
        tokens.get_access_token()
    except SpotifyError as error:
        told = "".join(traceback.format_exception(error)) + repr(error)
    logging.getLogger("spotify_pipeline").debug("this line is captured")
    assert "this line is captured" in caplog.text
    assert [secret for secret in SECRETS if secret in caplog.text + told] == []
    assert [secret for secret in SECRETS if secret in f"{tokens!r} {tokens}"] == []


def test_no_token_is_shown_with_an_answer() -> None:
    answer = Token(access_token="access-token", expires_in=3600, refresh_token="refresh-token")
    assert [secret for secret in SECRETS if secret in f"{answer!r} {answer}"] == []


def test_no_secret_is_logged_over_a_real_connection(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secrets, patience = (SecretStr("app-secret"), SecretStr("refresh-token")), FakeClock().patience()
    with served(lambda _: token()) as url, new_session(patience.answer_seconds) as session:
        tokens = TokenSource(url, "client", *secrets, session, patience)
        assert tokens.get_access_token() == "access-token-1"
    assert "POST /api/token" in caplog.text
    assert [secret for secret in SECRETS if secret in caplog.text] == []


def test_no_token_is_kept_in_a_file_without_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    source(FakeTransport(numbered())).get_access_token()
    source(FakeTransport(numbered()), refresh_token=None).get_access_token()
    source(FakeTransport(numbered()), client_secret=None).get_access_token()
    assert list(tmp_path.iterdir()) == []
