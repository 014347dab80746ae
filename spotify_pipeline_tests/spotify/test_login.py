import base64
import hashlib
import logging
import re
import socket
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from pydantic import SecretStr

from spotify_pipeline.errors import PipelineError, SettingsError
from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.documents import Account
from spotify_pipeline.spotify.errors import LoginError, QuotaError, UnreachableError
from spotify_pipeline.spotify.login import SCOPES, Login
from spotify_pipeline.spotify.redirect import RedirectUri
from spotify_pipeline.spotify.token_store import TokenFile, record_key
from spotify_pipeline.spotify.tokens import TokenSource
from spotify_pipeline.spotify.transport import new_session
from spotify_pipeline_tests.spotify.fake_clock import FakeClock
from spotify_pipeline_tests.spotify.fake_spotify import (
    TOKEN_PATH,
    Answer,
    Answering,
    FakeTransport,
    Request,
    error,
    found,
    refused,
    token,
)

URL = "https://spotify.test"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
CODE = "code-from-spotify"


class Spotify:
    """Exchanges the code once, for whoever has the verifier; `instead` answers the paths that it names."""

    def __init__(self) -> None:
        self.challenge = ""
        self.scope = "playlist-read-private user-read-private"
        self.instead: dict[str, Answering] = {}
        self.transport = FakeTransport(self)

    def __call__(self, request: Request) -> Answer:
        if request.path in self.instead:
            return self.instead[request.path](request)
        if request.path == TOKEN_PATH:
            return self._exchange(request.form)
        assert (request.path, request.headers["Authorization"]) == ("/v1/me", "Bearer access-token-1")
        return found({"id": "somebody", "display_name": "Some Body", "type": "user"})

    def _exchange(self, form: dict[str, str]) -> Answer:
        hashed = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode()
        if (form["code"], hashed) != (CODE, f"{self.challenge}="):
            return refused("invalid_grant")
        return token(refresh_token="refresh-token", scope=self.scope)


@pytest.fixture
def spotify() -> Spotify:
    return Spotify()


@pytest.fixture
def redirect_uri() -> str:
    """A redirect URI whose port is free."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}/callback"


@pytest.fixture
def settings(settings_for: Callable[..., Settings], redirect_uri: str) -> Settings:
    return settings_for(URL, SPOTIPY_REDIRECT_URI=redirect_uri, SPOTIFY_REFRESH_TOKEN="")


@pytest.fixture
def login(settings: Settings, spotify: Spotify) -> Login:
    return log_in(settings, spotify)


@pytest.fixture
def store(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "spotify_token.json")


@pytest.fixture
def browser() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def log_in(settings: Settings, spotify: Spotify) -> Login:
    login = Login(settings, spotify.transport.session(), FakeClock(NOW).patience())
    spotify.challenge = asked(login)["code_challenge"]
    return login


def asked(login: Login) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(login.url).query))


def pasted(login: Login, **answer: str) -> str:
    parameters = {"code": CODE, "state": asked(login)["state"]} | answer
    return requests.Request("GET", asked(login)["redirect_uri"], params=parameters).prepare().url or ""


def test_consent_is_asked_for_with_a_challenge_and_a_state(login: Login, settings: Settings) -> None:
    assert login.url.startswith(f"{URL}/authorize?")
    question = asked(login)
    assert len(question.pop("state")) >= 43
    assert len(question.pop("code_challenge")) == 43
    assert question == {
        "response_type": "code",
        "client_id": "client",
        "redirect_uri": settings.redirect_uri,
        "scope": "playlist-read-private playlist-read-collaborative",
        "code_challenge_method": "S256",
        "show_dialog": "true",
    }


def test_each_login_has_a_state_and_a_challenge_of_its_own(settings: Settings, spotify: Spotify) -> None:
    first, second = asked(log_in(settings, spotify)), asked(log_in(settings, spotify))
    assert first["state"] != second["state"]
    assert first["code_challenge"] != second["code_challenge"]


def test_consent_in_the_browser_is_stored_with_tokens_scopes_and_account(
    login: Login, settings: Settings, spotify: Spotify, store: TokenFile, browser: requests.Session
) -> None:
    pages = []
    code = login.code_from_browser(lambda _: pages.append(browser.get(pasted(login))))
    assert code == CODE
    assert pages[0].status_code == 200
    assert "You can close this window" in pages[0].text

    done = login.finish(code, store)
    assert done.account == Account("somebody", "Some Body")
    assert done.scopes == ("playlist-read-private", "user-read-private")
    assert (done.consent.given_at, done.consent.is_exact) == (NOW, True)
    assert f"{done.consent.ends:%Y-%m-%d}" == "2026-07-31"
    record = store.read(record_key(f"{URL}/", "client", None))
    assert record is not None
    assert (record.refresh_token, record.account, record.scopes) == ("refresh-token", done.account, done.scopes)
    assert record.consent == done.consent

    session, patience = spotify.transport.session(), FakeClock(NOW).patience()
    tokens = TokenSource(f"{URL}/", "client", settings.client_secret, None, session, patience, store)
    assert tokens.is_user
    assert tokens.get_access_token() == "access-token-1"
    assert [request.path for request in spotify.transport.requests] == [TOKEN_PATH, "/v1/me"]


@pytest.mark.parametrize("secret", ["app-secret", ""])
def test_it_works_with_and_without_a_client_secret(
    secret: str, settings: Settings, spotify: Spotify, store: TokenFile
) -> None:
    client_secret = SecretStr(secret) if secret else None
    login = log_in(settings.model_copy(update={"client_secret": client_secret}), spotify)
    login.finish(login.code_from_pasted(pasted(login)), store)
    exchange = spotify.transport.requests[0]
    assert ("Authorization" in exchange.headers) is bool(secret)
    assert exchange.form.get("client_id") == (None if secret else "client")
    assert exchange.form["grant_type"] == "authorization_code"
    assert exchange.form["redirect_uri"] == settings.redirect_uri


def test_only_the_answer_with_the_right_state_counts(
    login: Login, redirect_uri: str, browser: requests.Session
) -> None:
    base = redirect_uri.removesuffix("/callback")
    others = [pasted(login, code="of somebody else", state=state) for state in ("guessed", "", "ü")]
    statuses: list[int] = []

    def visit(_: str) -> None:
        statuses.append(browser.post(pasted(login, code="posted")).status_code)
        urls = (f"{base}/favicon.ico", f"{base}/", f"{base}/callback/", redirect_uri, *others, pasted(login))
        statuses.extend(browser.get(url).status_code for url in urls)

    assert login.code_from_browser(visit) == CODE
    assert statuses == [501, 404, 404, 404, 400, 400, 400, 400, 200]


def test_one_answer_is_accepted_and_then_nobody_listens(login: Login, browser: requests.Session) -> None:
    statuses: list[int] = []

    def visit(_: str) -> None:
        statuses.extend(browser.get(pasted(login, code=code)).status_code for code in (CODE, "second"))

    assert login.code_from_browser(visit) == CODE
    assert statuses == [200, 400]
    with pytest.raises(requests.ConnectionError):
        browser.get(pasted(login))


def test_connections_that_stay_silent_or_talk_nonsense_do_not_matter(
    login: Login, redirect_uri: str, browser: requests.Session, capfd: pytest.CaptureFixture[str]
) -> None:
    address = ("127.0.0.1", RedirectUri.parse(redirect_uri).port)
    with socket.socket() as silent:

        def visit(_: str) -> None:
            silent.connect(address)
            with socket.create_connection(address) as nonsense:
                nonsense.sendall(b"\x16\x03\x01\x00\xee\r\n\r\n")
                nonsense.recv(100)
            browser.get(pasted(login))

        assert login.code_from_browser(visit) == CODE
    assert capfd.readouterr() == ("", "")


def test_ipv6_is_listened_on_where_the_redirect_uri_says_so(
    settings: Settings, spotify: Spotify, browser: requests.Session
) -> None:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as free:
            port = free.getsockname()[1]
    except OSError:
        pytest.skip("this machine has no IPv6")
    login = log_in(settings.model_copy(update={"redirect_uri": f"http://[::1]:{port}"}), spotify)
    assert login.code_from_browser(lambda _: browser.get(pasted(login))) == CODE


def test_without_an_answer_the_wait_ends(login: Login) -> None:
    with pytest.raises(
        LoginError, match=r"^No answer within 0 minutes: run `spotify-pipeline login` again, with --no-"
    ):
        login.code_from_browser(lambda _: None, seconds=0.02)


def test_a_port_that_is_in_use_is_named(login: Login, redirect_uri: str) -> None:
    port = RedirectUri.parse(redirect_uri).port
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(
            SettingsError, match=rf"^Cannot listen on 127.0.0.1, port {port} \(Address already in use\): end"
        ),
    ):
        login.code_from_browser(lambda _: None)


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("http://127.0.0.1:8080/callback", ("127.0.0.1", 8080, "/callback")),
        ("http://127.0.0.1:8080", ("127.0.0.1", 8080, "/")),
        ("http://[::1]:65535/", ("::1", 65535, "/")),
    ],
)
def test_a_redirect_uri_on_this_machine_is_taken_apart(uri: str, parts: tuple[str, int, str]) -> None:
    assert RedirectUri.parse(uri) == parts


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:8080/callback",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:http/callback",
        "https://127.0.0.1:8080/callback",
        "http://127.0.0.1:8080@example.org/callback",
        "http://user@127.0.0.1:8080/callback",
        "http://127.0.0.1:8080/callback#here",
        "http://0.0.0.0:8080/callback",
        "http://::1:8080/callback",
        "http://example.org:8080/callback",
        "callback",
    ],
)
def test_any_other_redirect_uri_is_refused_before_anything_is_sent(
    uri: str, settings: Settings, spotify: Spotify
) -> None:
    with pytest.raises(SettingsError, match=r"^SPOTIPY_REDIRECT_URI must be http://127.0.0.1:PORT .* `localhost`"):
        log_in(settings.model_copy(update={"redirect_uri": uri}), spotify)


def test_an_app_is_needed(settings: Settings, spotify: Spotify) -> None:
    with pytest.raises(LoginError, match=r"^No Spotify credentials: set SPOTIPY_CLIENT_ID"):
        log_in(settings.model_copy(update={"client_id": None}), spotify)


def test_the_address_may_be_pasted_whole_or_in_part(login: Login) -> None:
    whole = pasted(login)
    for text in (whole, f"  {whole}\n", whole.partition("?")[2], f"?{whole.partition('?')[2]}", f"{whole}#_=_"):
        assert login.code_from_pasted(text) == CODE


@pytest.mark.parametrize("text", ["", "\n", "yes", CODE, "https://open.spotify.com/playlist/x?si=1", "code", "?"])
def test_anything_else_that_is_pasted_is_explained(login: Login, text: str, redirect_uri: str) -> None:
    with pytest.raises(LoginError, match=rf"^That is not the address .* paste what begins with {redirect_uri}\?$"):
        login.code_from_pasted(text)


def test_the_question_pasted_as_the_answer_is_explained(login: Login) -> None:
    with pytest.raises(LoginError, match="That is not the address"):
        login.code_from_pasted(login.url)


@pytest.mark.parametrize("state", ["guessed", "", "ü"])
def test_the_pasted_answer_to_another_login_is_refused(login: Login, state: str) -> None:
    with pytest.raises(LoginError, match="That is the answer to another login, or not all of it"):
        login.code_from_pasted(pasted(login, state=state))


def test_who_does_not_agree_is_not_logged_in(login: Login, browser: requests.Session) -> None:
    url = pasted(login, code="", error="access_denied")
    with pytest.raises(LoginError, match=r"^You did not agree, so nobody is logged in: run `spotify-pipeline login`"):
        login.code_from_browser(lambda _: browser.get(url))


@pytest.mark.parametrize("problem", ["server_error", "invalid_scope", "<script>"])
def test_an_answer_without_a_code_is_explained(login: Login, problem: str) -> None:
    with pytest.raises(LoginError, match=r"^Spotify's answer has no code in it") as caught:
        login.code_from_pasted(pasted(login, code="", error=problem))
    assert problem not in str(caught.value)


def test_granted_scopes_are_those_asked_for_where_spotify_does_not_say(
    login: Login, spotify: Spotify, store: TokenFile
) -> None:
    spotify.scope = ""
    assert login.finish(CODE, store).scopes == SCOPES


def test_an_outage_that_passes_is_waited_out(login: Login, spotify: Spotify, store: TokenFile) -> None:
    outages = {TOKEN_PATH: 2, "/v1/me": 2}

    def down(request: Request) -> Answer:
        outages[request.path] -= 1
        if not outages[request.path]:
            del spotify.instead[request.path]
        return Answer(b"<html>Bad gateway</html>", 502)

    spotify.instead = dict.fromkeys(outages, down)
    assert login.finish(CODE, store).account.id == "somebody"
    assert len(spotify.transport.requests) == 6


def unreachable(_: Request) -> Answer:
    raise requests.ConnectionError("refresh-token")


@pytest.mark.parametrize(
    ("path", "answering", "problem", "sentence"),
    [
        (
            TOKEN_PATH,
            lambda _: refused("invalid_grant"),
            LoginError,
            r"^Spotify does not accept its own answer any more",
        ),
        (TOKEN_PATH, lambda _: refused("invalid_client"), LoginError, r"^Spotify does not accept the app \(invalid_cl"),
        (
            TOKEN_PATH,
            lambda _: token(),
            LoginError,
            r"^Spotify gave no refresh token: run `spotify-pipeline login` aga",
        ),
        (TOKEN_PATH, unreachable, UnreachableError, r"^No access token from https://spotify.test/ \(no connection\)"),
        (
            "/v1/me",
            lambda _: error(403, "Forbidden"),
            LoginError,
            r"\(403\): add it under User Management in the app's",
        ),
        ("/v1/me", lambda _: error(401, "Invalid"), UnreachableError, r"whose account this is \(it answered 401\)"),
        ("/v1/me", lambda _: found([]), UnreachableError, r"whose account this is \(it answered 200\)"),
        (
            "/v1/me",
            unreachable,
            UnreachableError,
            r"at https://spotify.test/v1/ whose account this is \(no connection\)",
        ),
        (
            "/v1/me",
            lambda _: Answer(b"", 429, {"Retry-After": "36000"}),
            QuotaError,
            r"wants no request for 600 minutes",
        ),
    ],
)
def test_what_goes_wrong_at_the_end_is_explained_and_nothing_is_stored(
    login: Login,
    spotify: Spotify,
    store: TokenFile,
    path: str,
    answering: Answering,
    problem: type[PipelineError],
    sentence: str,
) -> None:
    spotify.instead[path] = answering
    with pytest.raises(problem, match=sentence):
        login.finish(CODE, store)
    assert not store.path.exists()


@pytest.mark.parametrize("problem", ["", "invalid_grant", "invalid_client"])
def test_no_secret_is_logged_or_told_in_an_error(
    login: Login,
    spotify: Spotify,
    store: TokenFile,
    browser: requests.Session,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    problem: str,
) -> None:
    if problem:
        spotify.instead[TOKEN_PATH] = lambda _: refused(problem)
    code = login.code_from_browser(lambda _: browser.get(pasted(login)))
    caplog.clear()  # of what the browser logs
    caplog.set_level(logging.DEBUG)
    told = repr(login)
    try:
        told += repr(login.finish(code, store))
    except LoginError as refusal:
        told += "".join(traceback.format_exception(refusal))
    verifier = spotify.transport.requests[0].form["code_verifier"]
    told += caplog.text + "".join(capfd.readouterr())
    assert not re.search(f"app-secret|refresh-token|access-token|{CODE}|{re.escape(verifier)}", told)


@pytest.mark.parametrize("secret", ["app-secret", ""])
def test_it_works_with_the_replayed_spotify(
    secret: str,
    replay: Callable[..., Any],
    settings_for: Callable[..., Settings],
    redirect_uri: str,
    store: TokenFile,
    browser: requests.Session,
) -> None:
    server = replay()
    settings = settings_for(server.url, SPOTIPY_REDIRECT_URI=redirect_uri, SPOTIPY_CLIENT_SECRET=secret)
    with new_session(30) as session:
        login = Login(settings, session, FakeClock(NOW).patience())
        done = login.finish(login.code_from_browser(browser.get), store)
    assert done.account == Account("replay-user", "Replay User")
    assert done.scopes == SCOPES
