import json
import logging
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from requests.adapters import HTTPAdapter

from spotify_pipeline.errors import SpotifyError
from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.client import SpotifyClient
from spotify_pipeline.spotify.errors import (
    LoginError,
    MalformedError,
    QuotaError,
    RefusedError,
    UnreachableError,
)
from spotify_pipeline.spotify.tokens import TokenSource
from spotify_pipeline.spotify.transport import new_session
from spotify_pipeline_tests.spotify.fake_spotify import (
    API,
    Answer,
    Answering,
    FakePlaylist,
    FakeSpotify,
    FakeTransport,
    Request,
    error,
    found,
    playlist_id,
    refused,
    served,
    token,
)

ID = playlist_id(1)
SECRETS = ("app-secret", "refresh-token", "access-token")
RATE_LIMIT = error(429, "API rate limit exceeded", Retry_After="7")
QUOTA = error(429, "Too many requests", "QUOTA_EXCEEDED", Retry_After="50000")


def client_of(answering: Answering, sleep: Callable[[float], None] = lambda _: None) -> SpotifyClient:
    """A client of a Web API that gives tokens and otherwise what `answering` says."""
    fake = FakeSpotify()
    fake.on(r"/v1/.*", answering, times=1_000)
    return fake.client(sleep)


def sequence(*answers: Answer) -> Answering:
    rest = iter(answers)
    return lambda _: next(rest)


def over_http(url: str, sleep: Callable[[float], None] = lambda _: None) -> SpotifyClient:
    session = new_session()
    adapter = session.get_adapter(url)
    assert isinstance(adapter, HTTPAdapter)
    adapter.max_retries = adapter.max_retries.new(backoff_factor=0, backoff_jitter=0)  # repeats without pauses
    tokens = TokenSource(url, "client", SecretStr("app-secret"), SecretStr("refresh-token"), session)
    return SpotifyClient(f"{url}/v1/", tokens, session, sleep)


@pytest.fixture
def fake() -> FakeSpotify:
    return FakeSpotify([FakePlaylist(ID, length=120)])


def asked(fake: FakeSpotify) -> Request:
    return fake.transport.requests[-1]


# What is asked for


def test_the_body_comes_back_as_the_bytes_that_were_sent() -> None:
    body = b'{"id" : "x",\n "number": 1.0, "name": "\\u00e9"}'
    assert client_of(lambda _: Answer(body)).playlist(ID) == body


def test_requests_carry_the_access_token(fake: FakeSpotify) -> None:
    fake.client().playlist(ID)
    assert asked(fake).headers["Authorization"] == "Bearer access-token-1"


def test_a_playlist_is_asked_for_with_its_episodes(fake: FakeSpotify) -> None:
    fake.client().playlist(ID)
    assert asked(fake).path == f"/v1/playlists/{ID}"
    assert asked(fake).query == {"additional_types": "track,episode"}


def test_a_page_is_asked_for_with_its_episodes(fake: FakeSpotify) -> None:
    fake.client().playlist_items(ID, offset=100, limit=50)
    assert asked(fake).path == f"/v1/playlists/{ID}/items"
    assert asked(fake).query == {"additional_types": "track,episode", "offset": "100", "limit": "50"}


def test_a_change_is_looked_for_with_two_fields_only(fake: FakeSpotify) -> None:
    assert json.loads(fake.client().playlist_metadata(ID)) == {"id": ID, "snapshot_id": "snapshot-1"}


def test_the_users_playlists_are_asked_for_fifty_at_once(fake: FakeSpotify) -> None:
    fake.client().my_playlists(offset=50)
    assert asked(fake).path == "/v1/me/playlists"
    assert asked(fake).query == {"limit": "50", "offset": "50"}


@pytest.mark.parametrize("url", [API, API.rstrip("/")])
def test_the_api_is_found_with_or_without_a_slash(url: str) -> None:
    transport = FakeTransport(lambda _: token(refresh_token="r", id="x"))  # both a token and a playlist
    session = transport.session()
    SpotifyClient(url, TokenSource(url, "client", None, SecretStr("r"), session), session).playlist(ID)
    assert transport.requests[-1].path == f"/v1/playlists/{ID}"


def test_several_calls_share_one_token(fake: FakeSpotify) -> None:
    client = fake.client()
    for _ in range(3):
        client.playlist(ID)
    assert fake.asked()["/api/token"] == 1


def test_a_client_needs_credentials(settings_for: Callable[..., Settings]) -> None:
    with pytest.raises(LoginError, match="No Spotify credentials"):
        SpotifyClient.from_settings(settings_for("http://127.0.0.1:1", SPOTIPY_CLIENT_ID=""))


def test_a_client_is_made_of_settings_alone(settings_for: Callable[..., Settings], fake: FakeSpotify) -> None:
    with served(fake) as url, SpotifyClient.from_settings(settings_for(url)) as client:
        assert client.is_user
        assert json.loads(client.playlist(ID))["id"] == ID
    with served(fake) as url, SpotifyClient.from_settings(settings_for(url, SPOTIFY_REFRESH_TOKEN="")) as client:
        assert not client.is_user


def test_nothing_is_written_into_the_working_directory(
    fake: FakeSpotify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fake.client().playlist(ID)
    fake.client(user=False).playlist(ID)
    assert list(tmp_path.iterdir()) == []


# Error answers


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_refusal_keeps_its_status_and_spotifys_words(status: int) -> None:
    client = client_of(lambda _: error(status, "Words of Spotify"))
    with pytest.raises(RefusedError, match=rf"^Spotify answered {status}: Words of Spotify$") as caught:
        client.playlist(ID)
    assert caught.value.status == status


def test_an_access_token_that_is_not_accepted_ends_everything() -> None:
    with pytest.raises(LoginError, match=r"\(Invalid access token\): check the credentials"):
        client_of(lambda _: error(401, "Invalid access token")).playlist(ID)


def test_what_only_a_user_may_read_is_refused_for_that_playlist_alone() -> None:
    with pytest.raises(RefusedError) as caught:
        client_of(lambda _: error(401, "Valid user authentication required")).playlist_items(ID, 0, 50)
    assert caught.value.status == 401


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "Forbidden"),
        (b"{}", "Forbidden"),
        (b"null", "null"),
        (b"[1]", "[1]"),
        (b'{"error": null}', '{"error": null}'),
        (b'{"error": "Access denied"}', '{"error": "Access denied"}'),
        (b"Check settings on developer.spotify.com\n", "Check settings on developer.spotify.com"),
        (b"<html>\n <h1>Blocked</h1>\n</html>\n", "<html> <h1>Blocked</h1> </html>"),
        (b"many words " * 1000, "many words " * 18 + "…"),
    ],
)
def test_an_error_answer_in_any_form_is_a_refusal_on_one_short_line(body: bytes, words: str) -> None:
    with pytest.raises(RefusedError) as caught:
        client_of(lambda _: Answer(body, 403)).playlist(ID)
    assert str(caught.value) == f"Spotify answered 403: {words}"


@pytest.mark.parametrize("body", [b"", b'{"error": "Bad gateway"}', b"<html>Bad gateway</html>"])
def test_a_server_error_may_pass(body: bytes) -> None:
    with pytest.raises(UnreachableError, match=r"^Spotify answered 502 again and again; try again later\.$") as caught:
        client_of(lambda _: Answer(body, 502)).playlist(ID)
    assert caught.value.may_pass


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (requests.ConnectionError("<object at 0x7f>"), "no connection"),
        (requests.ConnectTimeout(), "connecting timed out"),
        (requests.ReadTimeout(), "no answer in time"),
        (requests.exceptions.SSLError(), "its certificate is not accepted"),
        (requests.exceptions.ChunkedEncodingError(), "the answer was cut off"),
        (requests.TooManyRedirects(), "TooManyRedirects"),
    ],
)
def test_no_answer_is_reported_with_the_cause_and_what_to_check(problem: requests.RequestException, words: str) -> None:
    def fail(_: Request) -> Answer:
        raise problem

    sentence = rf"^Cannot reach Spotify at {API} \({words}\): check the network and SPOTIFY_PIPELINE_API_URL\.$"
    with pytest.raises(UnreachableError, match=sentence):
        client_of(fail).playlist(ID)


@pytest.mark.parametrize("body", [b"", b'{"id": "x", "tra', b"[1, 2]", b"null", b'"text"', b"<html>Welcome</html>"])
def test_success_without_a_json_object_is_malformed_and_keeps_the_body(body: bytes) -> None:
    with pytest.raises(MalformedError, match=r"empty, cut off or not a JSON object") as caught:
        client_of(lambda _: Answer(body)).playlist(ID)
    assert caught.value.body == body


def test_a_dead_refresh_token_comes_through_as_such() -> None:
    fake = FakeSpotify()
    fake.on("/api/token", lambda _: refused("invalid_grant"))
    with pytest.raises(LoginError, match="invalid_grant"):
        fake.client().playlist(ID)


# Waiting


def test_a_rate_limit_is_waited_for_exactly_as_long_as_spotify_says() -> None:
    waits: list[float] = []
    client = client_of(sequence(RATE_LIMIT, error(429, "", Retry_After="2"), found({"id": "x"})), waits.append)
    assert client.playlist(ID) == b'{"id": "x"}'
    assert waits == [7, 2]


@pytest.mark.parametrize(
    ("header", "wait"), [({}, 1), ({"Retry_After": "Fri, 07 Nov 2026 23:59:59 GMT"}, 1), ({"Retry_After": "-3"}, 0)]
)
def test_a_rate_limit_without_a_number_of_seconds_is_waited_for_shortly(header: dict[str, str], wait: float) -> None:
    waits: list[float] = []
    client_of(sequence(error(429, "Slow down", **header), found({"id": "x"})), waits.append).playlist(ID)
    assert waits == [wait]


@pytest.mark.parametrize("body", [b"Too many requests", b'{"error": "Too many requests"}', b""])
def test_a_rate_limit_is_known_by_its_status_whatever_its_body(body: bytes) -> None:
    waits: list[float] = []
    client_of(sequence(Answer(body, 429, {"Retry-After": "3"}), found({"id": "x"})), waits.append).playlist(ID)
    assert waits == [3]


def test_a_rate_limit_that_does_not_end_is_given_up() -> None:
    waits: list[float] = []
    with pytest.raises(UnreachableError, match="limits the rate of requests"):
        client_of(lambda _: RATE_LIMIT, waits.append).playlist(ID)
    assert waits == [7] * 5


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (QUOTA, "13.9 hours"),
        (error(429, "Too many requests", "QUOTA_EXCEEDED", Retry_After="5"), "0 minutes"),
        (error(429, "API rate limit exceeded", Retry_After="61"), "1 minutes"),
        (Answer(b"Too many requests", 429, {"Retry-After": "86400"}), "24.0 hours"),
    ],
)
def test_a_used_up_quota_is_not_waited_for(answer: Answer, told: str) -> None:
    waits: list[float] = []
    with pytest.raises(QuotaError, match=rf"quota for this app is used up; it may ask again in {told}"):
        client_of(lambda _: answer, waits.append).playlist(ID)
    assert waits == []


def test_after_the_quota_is_used_up_nothing_more_is_sent(fake: FakeSpotify) -> None:
    client = fake.client()
    fake.on(f"playlists/{ID}", lambda _: QUOTA)
    for _ in range(2):
        with pytest.raises(QuotaError):
            client.playlist(ID)
    with pytest.raises(QuotaError), ThreadPoolExecutor(1) as pool:
        pool.submit(client.my_playlists, 0).result()
    assert fake.asked() == {"/api/token": 1, f"playlists/{ID}": 1}
    assert client.requests_made == 1


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)) | st.floats().map(str))
def test_any_retry_after_ends_in_a_wait_of_at_most_a_minute_or_in_a_quota_error(header: str) -> None:
    waits: list[float] = []
    client = client_of(sequence(error(429, "Slow down", Retry_After=header), found({"id": "x"})), waits.append)
    try:
        client.playlist(ID)
    except QuotaError:
        assert waits == []
    else:
        [wait] = waits
        assert 0 <= wait <= 60


# Outages


def test_after_many_requests_without_an_answer_no_more_are_sent(fake: FakeSpotify) -> None:
    client = fake.client()
    fake.on("playlists/.*", dropped, times=1000)
    for _ in range(30):
        with pytest.raises(UnreachableError):
            client.playlist(ID)
    assert client.requests_made == 8


def test_any_answer_ends_an_outage(fake: FakeSpotify) -> None:
    client = fake.client()
    fake.on("playlists/.*", dropped, times=7)
    fake.on("playlists/.*", lambda _: error(404, "Resource not found"), times=1)
    fake.on("playlists/.*", dropped, times=7)
    for expected in (*[UnreachableError] * 7, RefusedError, *[UnreachableError] * 7):
        with pytest.raises(expected):
            client.playlist(ID)
    client.my_playlists(0)
    assert client.requests_made == 16


# Counting


def test_requests_are_counted_for_each_thread_and_without_those_for_tokens(fake: FakeSpotify) -> None:
    client = fake.client()

    def read(times: int) -> int:
        for _ in range(times):
            client.playlist(ID)
        return client.requests_made

    assert client.requests_made == 0
    for times in (2, 3):
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(read, times).result() == times
    assert read(1) == 1


def test_a_request_that_is_repeated_after_a_rate_limit_counts_twice() -> None:
    client = client_of(sequence(RATE_LIMIT, found({"id": "x"})))
    client.playlist(ID)
    assert client.requests_made == 2


# Over a real connection, since repeating happens below the transport


def serving(answering: Answering) -> tuple[Answering, list[Request]]:
    seen: list[Request] = []

    def answer(request: Request) -> Answer:
        if request.path == "/api/token":
            return token()
        seen.append(request)
        return answering(request)

    return answer, seen


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_repeated_and_then_forgotten(status: int) -> None:
    answering, seen = serving(sequence(Answer(b"", status), Answer(b"", status), found({"id": "x"})))
    with served(answering) as url, over_http(url) as client:
        assert client.playlist(ID) == b'{"id": "x"}'
        assert client.requests_made == 1
    assert len(seen) == 3


def test_server_errors_without_end_are_given_up_after_four_attempts_however_long_spotify_says_to_wait() -> None:
    answering, seen = serving(lambda _: error(503, "Service unavailable", Retry_After="4"))
    start = time.monotonic()
    with (
        served(answering) as url,
        over_http(url) as client,
        pytest.raises(UnreachableError, match="Spotify answered 503 again and again"),
    ):
        client.playlist(ID)
    assert len(seen) == 4
    assert time.monotonic() - start < 4


def dropped(_: Request) -> Answer:
    raise requests.ConnectionError


def test_a_dropped_connection_is_repeated_and_then_forgotten() -> None:
    lost = iter([True, True, False])
    answering, seen = serving(lambda request: dropped(request) if next(lost) else found({"id": "x"}))
    with served(answering) as url, over_http(url) as client:
        assert client.playlist(ID) == b'{"id": "x"}'
    assert len(seen) == 3


def test_connections_that_are_always_dropped_are_given_up() -> None:
    answering, seen = serving(dropped)
    with (
        served(answering) as url,
        over_http(url) as client,
        pytest.raises(UnreachableError, match=r"\(no connection\)"),
    ):
        client.playlist(ID)
    assert len(seen) == 4


def test_an_answer_that_ends_early_is_reported_as_cut_off() -> None:
    answering, _ = serving(lambda _: Answer(b'{"id": ', headers={"Content-Length": "1000"}))
    with (
        served(answering) as url,
        over_http(url) as client,
        pytest.raises(UnreachableError, match=r"\(the answer was cut off\)"),
    ):
        client.playlist(ID)


@pytest.mark.parametrize("status", [HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND])
def test_a_refusal_is_not_repeated(status: int) -> None:
    answering, seen = serving(lambda _: error(status, "No"))
    with served(answering) as url, over_http(url) as client, pytest.raises(RefusedError):
        client.playlist(ID)
    assert len(seen) == 1


def test_a_quota_error_over_a_real_connection_comes_at_once() -> None:
    answering, seen = serving(lambda _: QUOTA)
    waits: list[float] = []
    with served(answering) as url, over_http(url, waits.append) as client, pytest.raises(QuotaError):
        client.playlist(ID)
    assert (len(seen), waits) == (1, [])


@pytest.mark.parametrize(
    "answer",
    [found({"id": "x"}), error(401, "Invalid access token"), error(404, "Not found"), error(500, "Oh"), Answer(b"cut")],
)
def test_no_secret_is_logged_or_told_in_an_error(answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answering, _ = serving(lambda _: answer)
    told = ""
    with served(answering) as url, over_http(url) as client:
        try:
            client.playlist(ID)
        except SpotifyError as problem:
            told = "".join(traceback.format_exception(problem)) + repr(problem)
    assert f"GET /v1/playlists/{ID}" in caplog.text
    assert [secret for secret in SECRETS if secret in caplog.text + told] == []
