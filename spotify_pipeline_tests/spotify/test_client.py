import json
import logging
import math
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from spotify_pipeline.errors import SpotifyError
from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.client import SpotifyClient
from spotify_pipeline.spotify.errors import (
    ClockError,
    LoginError,
    MalformedError,
    QuotaError,
    RefusedError,
    UnreachableError,
)
from spotify_pipeline.spotify.patience import Clock, Patience, Tell
from spotify_pipeline.spotify.quota import Forgetful, Quota
from spotify_pipeline.spotify.tokens import TokenSource
from spotify_pipeline.spotify.transport import new_session
from spotify_pipeline_tests.spotify.fake_clock import FakeClock
from spotify_pipeline_tests.spotify.fake_spotify import (
    ACCOUNTS,
    API,
    TOKEN_PATH,
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
GOOD = found({"id": "x"})
RATE_LIMIT = error(429, "API rate limit exceeded", Retry_After="7")
QUOTA = error(429, "Too many requests", "QUOTA_EXCEEDED", Retry_After="50000")


def answered_by(answering: Answering, *, after: int = 0) -> FakeSpotify:
    """A Web API that gives tokens and otherwise what `answering` says."""
    fake = FakeSpotify([FakePlaylist(ID)])
    fake.on(r"/v1/.*", answering, after=after, times=1_000)
    return fake


def client_of(answering: Answering, clock: FakeClock | None = None, tell: Tell = lambda _: None) -> SpotifyClient:
    return answered_by(answering).client(clock, tell=tell)


def sequence(*answers: Answer | Exception) -> Answering:
    """One answer after the other; an exception is raised in place of one."""
    rest = iter(answers)

    def answer(_: Request) -> Answer:
        given_next = next(rest)
        if isinstance(given_next, Exception):
            raise given_next
        return given_next

    return answer


def dropped(_: Request) -> Answer:
    raise requests.ConnectionError


def over_http(url: str, clock: FakeClock | None = None) -> SpotifyClient:
    """A client with the real transport."""
    patience = (clock or FakeClock()).patience()
    session = new_session(patience.answer_seconds)
    tokens = TokenSource(url, "client", SecretStr("app-secret"), SecretStr("refresh-token"), session, patience)
    quota = Quota(Forgetful(), patience.clock, patience.clock.now().date())
    return SpotifyClient(f"{url}/v1/", tokens, session, quota, patience, dated_by_clock=False)


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
def test_the_api_is_found_with_or_without_a_slash(url: str, clock: FakeClock) -> None:
    transport = FakeTransport(lambda _: token(refresh_token="r", id="x"))  # both a token and a playlist
    session, patience = transport.session(), clock.patience()
    tokens = TokenSource(url, "client", None, SecretStr("r"), session, patience)
    quota = Quota(Forgetful(), patience.clock, clock.now().date())
    SpotifyClient(url, tokens, session, quota, patience).playlist(ID)
    assert transport.requests[-1].path == f"/v1/playlists/{ID}"


def test_several_calls_share_one_token(fake: FakeSpotify) -> None:
    client = fake.client()
    for _ in range(3):
        client.playlist(ID)
    assert fake.asked()[TOKEN_PATH] == 1


@pytest.mark.parametrize(("answer", "extended"), [(GOOD, True), (error(403, "Forbidden"), False)])
def test_an_app_that_may_ask_for_several_objects_at_once_is_extended(answer: Answer, extended: bool) -> None:
    fake = answered_by(lambda _: answer)
    assert fake.client().is_extended() is extended
    assert "ids" in asked(fake).query


def test_whether_an_app_is_extended_is_not_known_from_another_refusal() -> None:
    with pytest.raises(RefusedError):
        client_of(lambda _: error(400, "Bad request")).is_extended()


def test_a_client_needs_credentials(settings_for: Callable[..., Settings], clock: FakeClock) -> None:
    quota = Quota(Forgetful(), clock.patience().clock, clock.now().date())
    with pytest.raises(LoginError, match="No Spotify credentials"):
        SpotifyClient.from_settings(settings_for("http://127.0.0.1:1", SPOTIPY_CLIENT_ID=""), clock.patience(), quota)


@pytest.mark.parametrize(("refresh_token", "is_user"), [("refresh-token", True), ("", False)])
def test_a_client_is_made_of_settings(
    refresh_token: str, is_user: bool, settings_for: Callable[..., Settings], fake: FakeSpotify, clock: FakeClock
) -> None:
    patience = clock.patience()
    quota = Quota(Forgetful(), patience.clock, clock.now().date())
    with served(fake) as url:
        settings = settings_for(url, SPOTIFY_REFRESH_TOKEN=refresh_token)
        with SpotifyClient.from_settings(settings, patience, quota) as client:
            assert client.is_user is is_user
            assert json.loads(client.playlist(ID))["id"] == ID
    assert quota.state().spent == 1


def test_the_settings_say_how_long_to_wait_at_most(settings_for: Callable[..., Settings], clock: FakeClock) -> None:
    patience = clock.patience()
    quota = Quota(Forgetful(), patience.clock, clock.now().date())
    with served(answered_by(lambda _: RATE_LIMIT)) as url:
        settings = settings_for(url, SPOTIFY_PIPELINE_LONGEST_WAIT="6")
        with SpotifyClient.from_settings(settings, patience, quota) as client, pytest.raises(QuotaError):
            client.playlist(ID)
    assert clock.waits == []


def test_nothing_is_written_into_the_working_directory(
    fake: FakeSpotify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fake.client().playlist(ID)
    fake.client(user=False).playlist(ID)
    assert list(tmp_path.iterdir()) == []


# Error answers


@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_a_refusal_keeps_its_status_and_spotifys_words_and_is_not_repeated(status: int) -> None:
    client = client_of(lambda _: error(status, "Words of Spotify"))
    with pytest.raises(RefusedError, match=rf"^Spotify answered {status}: Words of Spotify$") as caught:
        client.playlist(ID)
    assert caught.value.status == status
    assert client.requests_sent == 1


def test_what_only_a_user_may_read_is_refused_for_that_playlist_alone(fake: FakeSpotify) -> None:
    client = fake.client()
    fake.on("/items", lambda _: error(401, "Valid user authentication required"))
    with pytest.raises(RefusedError) as caught:
        client.playlist_items(ID, 0, 50)
    assert caught.value.status == 401
    assert client.stopped is None
    client.playlist(ID)


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
        (b"[" * 100_000, "…"),
    ],
)
def test_an_error_answer_in_any_form_is_a_refusal_on_one_short_line(body: bytes, words: str) -> None:
    with pytest.raises(RefusedError) as caught:
        client_of(lambda _: Answer(body, 403)).playlist(ID)
    assert str(caught.value) == f"Spotify answered 403: {words}"


def test_a_dead_refresh_token_comes_through_as_such(fake: FakeSpotify) -> None:
    fake.on(TOKEN_PATH, lambda _: refused("invalid_grant"))
    with pytest.raises(LoginError, match="invalid_grant"):
        fake.client().playlist(ID)


# Asking again

_NO_ANSWER: list[Answer | Exception] = [
    requests.ConnectionError(),
    requests.ConnectTimeout(),
    requests.ReadTimeout(),
    requests.exceptions.ChunkedEncodingError(),
    *(Answer(b"", status) for status in (500, 502, 503, 504)),
    error(503, "Service unavailable", Retry_After="3600"),
    Answer(b'{"error": "Bad gateway"}', 502),
    Answer(b"<html>Bad gateway</html>", 502),
]
_NO_DOCUMENT = [
    b"",
    b'{"id": "x", "tra',
    b"[1, 2]",
    b"null",
    b'"text"',
    b"<html>Welcome</html>",
    b'{"id": "\xff',
    b'{"a": ' * 100_000,
]
_UNUSABLE = [*_NO_ANSWER, *map(Answer, _NO_DOCUMENT)]


def word(answer: Answer | Exception) -> str:
    return f"{answer.status} {answer.body[:20]!r}" if isinstance(answer, Answer) else type(answer).__name__


@pytest.mark.parametrize("unusable", _UNUSABLE, ids=word)
def test_a_request_without_a_usable_answer_is_sent_again_after_longer_and_longer_pauses(
    unusable: Answer | Exception, clock: FakeClock
) -> None:
    client = client_of(sequence(unusable, unusable, unusable, GOOD), clock)
    assert client.playlist(ID) == GOOD.body
    assert [math.ceil(2 * seconds) / 2 for seconds in clock.waits] in ([0.5, 1, 1.5], [0.5, 1, 2])
    assert (client.requests_sent, client.quota.state().spent) == (4, 4)


@pytest.mark.parametrize("unusable", _UNUSABLE, ids=word)
def test_after_four_attempts_it_is_given_up(unusable: Answer | Exception, clock: FakeClock) -> None:
    client = client_of(sequence(*[unusable] * 4, GOOD), clock)
    with pytest.raises((UnreachableError, MalformedError)) as caught:
        client.playlist(ID)
    assert (client.requests_sent, client.quota.state().spent, len(clock.waits)) == (4, 4, 3)
    assert getattr(caught.value, "may_pass", False) is isinstance(caught.value, UnreachableError)


@pytest.mark.parametrize("body", [b"", b'{"error": "Bad gateway"}', b"<html>Bad gateway</html>"])
def test_server_errors_are_named_by_their_status(body: bytes) -> None:
    with pytest.raises(UnreachableError, match=r"^Spotify answered 502 again and again; try again later\.$"):
        client_of(lambda _: Answer(body, 502)).playlist(ID)


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


@pytest.mark.parametrize("body", _NO_DOCUMENT, ids=lambda body: str(body[:20]))
def test_success_without_a_json_object_is_malformed_and_keeps_the_body(body: bytes) -> None:
    with pytest.raises(MalformedError, match=r"empty, cut off or not a JSON object") as caught:
        client_of(lambda _: Answer(body)).playlist(ID)
    assert caught.value.body == body


def test_a_wait_of_a_second_or_more_is_told(clock: FakeClock) -> None:
    told: list[str] = []
    lost = [requests.ConnectionError()] * 3
    client = client_of(sequence(*[GOOD] * 40, *lost, GOOD, RATE_LIMIT, GOOD), clock, told.append)
    for _ in range(42):
        client.playlist(ID)
    assert told == [
        f"No usable answer from Spotify, which is asked again: waiting {clock.waits[2]:.0f} s",
        "Spotify limits the rate of requests: waiting 7 s",
    ]


def test_a_token_that_cannot_be_had_is_no_request_and_is_not_asked_for_once_more_by_the_client(
    fake: FakeSpotify,
) -> None:
    fake.on(TOKEN_PATH, dropped, times=1_000)
    client = fake.client()
    with pytest.raises(UnreachableError, match="No access token"):
        client.playlist(ID)
    assert fake.asked() == {TOKEN_PATH: 4}
    assert (client.requests_sent, client.quota.state().spent) == (0, 0)


# The rate limit


def after_a_hundred_requests(answering: Answering, clock: FakeClock) -> SpotifyClient:
    """A client that knows that so many are allowed."""
    client = answered_by(answering, after=100).client(clock)
    for _ in range(100):
        client.playlist(ID)
    return client


def test_a_rate_limit_is_waited_for_exactly_as_long_as_spotify_says(clock: FakeClock) -> None:
    client = after_a_hundred_requests(sequence(RATE_LIMIT, error(429, "", Retry_After="30.5"), GOOD), clock)
    assert client.playlist(ID) == GOOD.body
    assert clock.waits == [7, 30.5]
    assert (client.requests_sent, client.quota.state().spent, client.stopped) == (103, 103, None)


@pytest.mark.parametrize(("seconds", "waits"), [(40, [40]), (-40, [1])])
def test_a_rate_limit_may_name_the_moment_at_which_it_ends(seconds: int, waits: list[float], clock: FakeClock) -> None:
    until = format_datetime(clock.now() + timedelta(seconds=seconds), usegmt=True)
    client_of(sequence(error(429, "Slow down", Retry_After=until), GOOD), clock).playlist(ID)
    assert clock.waits == waits


@pytest.mark.parametrize("body", [b"Too many requests", b'{"error": "Too many requests"}', b"", b"[" * 100_000])
def test_a_rate_limit_is_known_by_its_status_whatever_its_body(body: bytes, clock: FakeClock) -> None:
    client_of(sequence(Answer(body, 429, {"Retry-After": "3"}), GOOD), clock).playlist(ID)
    assert clock.waits == [3]


def test_a_rate_limit_that_does_not_end_is_given_up_after_five_waits(clock: FakeClock) -> None:
    client = after_a_hundred_requests(lambda _: RATE_LIMIT, clock)
    with pytest.raises(UnreachableError, match="limits the rate of requests"):
        client.playlist(ID)
    assert (len(clock.waits), clock.waits[:3], client.requests_sent) == (5, [7] * 3, 106)


@pytest.mark.parametrize("answer", [error(429, "Slow down"), error(429, "Slow down", Retry_After="0")])
def test_waits_of_which_spotify_does_not_say_how_long_outlast_its_window_of_thirty_seconds(
    answer: Answer, clock: FakeClock
) -> None:
    start = clock.monotonic()
    client = after_a_hundred_requests(lambda _: GOOD if clock.monotonic() > start + 30 else answer, clock)
    assert client.playlist(ID) == GOOD.body
    assert clock.waits == [1, 2, 4, 8, 16]


def test_a_rate_limit_slows_down_the_requests_that_follow(clock: FakeClock) -> None:
    client = client_of(sequence(*[GOOD] * 10, RATE_LIMIT, *[GOOD] * 5), clock)
    for _ in range(15):
        client.playlist(ID)
    assert clock.waits[0] == 7
    assert [round(seconds, 2) for seconds in clock.waits[1:]] == [round(30 / 9, 2)] * 4


def test_requests_that_are_repeated_keep_to_the_pace(clock: FakeClock) -> None:
    client = client_of(sequence(RATE_LIMIT, GOOD, requests.ConnectionError(), GOOD), clock)
    for _ in range(2):
        client.playlist(ID)
    first, turn, pause, next_turn = clock.waits
    assert (first, round(turn, 1)) == (7, 33.3)
    assert pause < 1
    assert round(pause + next_turn, 1) == 33.3


# The quota


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (QUOTA, 50_000),
        (error(429, "Too many requests", "QUOTA_EXCEEDED", Retry_After="5"), 5),
        (error(429, "Too many requests", "QUOTA_EXCEEDED"), 3_600),
        (error(429, "Too many requests", "QUOTA_EXCEEDED", Retry_After="soon"), 3_600),
        (error(429, "API rate limit exceeded", Retry_After="301"), 301),
        (Answer(b"Too many requests", 429, {"Retry-After": "86400"}), 86_400),
        (error(429, "API rate limit exceeded", Retry_After="999999999"), 7 * 86_400),
        (error(429, "Too many requests", Retry_After="Fri, 02 Jan 2026 15:00:00 GMT"), 10 * 3_600),
    ],
)
def test_a_used_up_quota_is_not_waited_for_but_remembered(answer: Answer, seconds: int, clock: FakeClock) -> None:
    memory = Forgetful()
    client = answered_by(lambda _: answer).client(clock, memory=memory)
    until = clock.now() + timedelta(seconds=seconds)
    sentence = (
        rf"^Spotify's quota for this app is used up: it may be asked again from {until:%Y-%m-%d %H:%M} UTC; run again "
        r"after that\.$"
    )
    with pytest.raises(QuotaError, match=sentence):
        client.playlist(ID)
    assert (clock.waits, client.requests_sent) == ([], 1)
    assert Quota(memory, clock.patience().clock, clock.now().date()).state().blocked_until == until


def test_the_longest_wait_can_be_set(clock: FakeClock) -> None:
    fake = answered_by(sequence(error(429, "Slow down", Retry_After="61"), GOOD))
    with pytest.raises(QuotaError):
        fake.client(clock, longest_wait=60).playlist(ID)
    fake = answered_by(sequence(error(429, "Slow down", Retry_After="61"), GOOD))
    fake.client(clock, longest_wait=61).playlist(ID)
    assert clock.waits == [61]


def test_after_the_quota_is_used_up_nothing_more_is_sent_by_any_thread(fake: FakeSpotify) -> None:
    client = fake.client()
    fake.on(f"playlists/{ID}", lambda _: QUOTA)
    for _ in range(2):
        with pytest.raises(QuotaError):
            client.playlist(ID)
    with pytest.raises(QuotaError), ThreadPoolExecutor(1) as pool:
        pool.submit(client.my_playlists, 0).result()
    assert fake.asked() == {TOKEN_PATH: 1, f"playlists/{ID}": 1}
    assert client.requests_sent == 1
    assert isinstance(client.stopped, QuotaError)


def test_the_next_client_sends_nothing_not_even_for_a_token_until_the_quota_is_there_again(
    fake: FakeSpotify, clock: FakeClock
) -> None:
    memory = Forgetful()
    fake.on(f"playlists/{ID}", lambda _: QUOTA)
    with fake.client(clock, memory=memory) as client, pytest.raises(QuotaError):
        client.playlist(ID)
    fake.transport.requests.clear()
    clock.pass_(49_999)
    with fake.client(clock, memory=memory) as client, pytest.raises(QuotaError, match="from 2026-01-02 18:53 UTC"):
        client.playlist(ID)
    assert fake.asked() == {}
    clock.pass_(1)
    with fake.client(clock, memory=memory) as client:
        client.playlist(ID)
    assert fake.asked() == {TOKEN_PATH: 1, f"playlists/{ID}": 1}


_HEADERS = (
    st.text(st.characters(min_codepoint=32, max_codepoint=126))
    | st.floats().map(str)
    | st.integers().map(str)
    | st.sampled_from(["-3", "nan", "inf", "-inf", "1e9", "9" * 400, "0x10", "١٢", "", " ", "7, 7", "0"])
    | st.from_regex(r"(Fri, )?[0-9]{1,12} Nov [0-9]{1,30} [0-9]{1,3}:[0-9]{1,30}(:[0-9]{1,3})? (GMT|[+-][0-9]{1,30})")
)


@given(_HEADERS, st.booleans())
def test_any_retry_after_ends_in_a_bearable_wait_or_in_a_block_of_a_week_at_most(header: str, is_quota: bool) -> None:
    clock = FakeClock()
    limit = error(429, "Slow down", "QUOTA_EXCEEDED" if is_quota else None, Retry_After=header)
    client = client_of(sequence(limit, GOOD), clock)
    try:
        client.playlist(ID)
    except QuotaError:
        assert clock.waits == []
        until = client.quota.state().blocked_until
        assert until is not None
        assert timedelta(0) <= until - clock.now() <= timedelta(days=7)
    else:
        assert not is_quota
        [wait] = clock.waits
        assert 1 <= wait <= 300


def test_a_budget_ends_the_requests_and_what_was_kept_back_of_it_may_be_spent_later(fake: FakeSpotify) -> None:
    client = fake.client(budget=5)
    client.quota.reserve(2)
    for _ in range(3):
        client.playlist(ID)
    for _ in range(2):
        with pytest.raises(QuotaError, match=r"^The budget of 5 requests a day is used up: run again tomorrow, or "):
            client.playlist(ID)
    assert isinstance(client.stopped, QuotaError)
    client.quota.reserve(0)
    for _ in range(2):
        client.my_playlists(0)
    with pytest.raises(QuotaError):
        client.my_playlists(0)
    assert client.requests_sent == fake.asked()[f"playlists/{ID}"] + fake.asked()["me/playlists"] == 5


def test_repeated_requests_count_for_the_budget(fake: FakeSpotify) -> None:
    fake.on("playlists/.*", dropped, times=1_000)
    client = fake.client(budget=3)
    with pytest.raises(QuotaError):
        client.playlist(ID)
    assert client.requests_sent == fake.asked()[f"playlists/{ID}"] == 3


# Access tokens that are refused


def accepting(fake: FakeSpotify, *good: str, refuse: Callable[[], object] = lambda: None) -> None:
    """Let the Web API accept these access tokens only, and give a new one each time it is asked for one."""
    numbers = iter(range(1, 100))
    fake.on(TOKEN_PATH, lambda _: token(next(numbers)), times=1_000)

    def check(request: Request) -> Answer | None:
        if request.headers["Authorization"].removeprefix("Bearer ") in good:
            return None
        refuse()
        return error(401, "The access token expired")

    fake.on(r"/v1/.*", check, times=1_000)


def test_a_refused_access_token_is_replaced_and_the_request_goes_on(fake: FakeSpotify, clock: FakeClock) -> None:
    accepting(fake, "access-token-2")
    client = fake.client(clock)
    assert json.loads(client.playlist(ID))["id"] == ID
    client.playlist(ID)
    assert fake.asked() == {TOKEN_PATH: 2, f"playlists/{ID}": 3}
    assert (client.requests_sent, client.stopped, clock.waits) == (3, None, [])


def test_an_access_token_that_is_refused_twice_ends_everything(fake: FakeSpotify) -> None:
    accepting(fake)
    client = fake.client()
    for _ in range(2):
        with pytest.raises(LoginError, match=r"\(The access token expired\): check the credentials"):
            client.playlist(ID)
    assert fake.asked() == {TOKEN_PATH: 2, f"playlists/{ID}": 2}
    assert isinstance(client.stopped, LoginError)


def test_threads_whose_token_is_refused_at_the_same_time_get_one_new_token(fake: FakeSpotify) -> None:
    together = threading.Barrier(4)
    accepting(fake, "access-token-2", refuse=lambda: together.wait(5))
    client = fake.client()
    with ThreadPoolExecutor(4) as pool:
        bodies = list(pool.map(lambda _: client.playlist(ID), range(4)))
    assert len(set(bodies)) == 1
    assert fake.asked() == {TOKEN_PATH: 2, f"playlists/{ID}": 8}


# Outages


def problem_of(client: SpotifyClient) -> SpotifyError | None:
    try:
        client.playlist(ID)
    except SpotifyError as problem:
        return problem
    return None


def test_after_many_requests_without_an_answer_no_more_are_sent(fake: FakeSpotify) -> None:
    client = fake.client()
    fake.on("playlists/.*", dropped, times=1000)
    for number in range(30):
        assert (client.stopped is not None) is (number >= 8)
        with pytest.raises(UnreachableError):
            client.playlist(ID)
    assert client.requests_sent == 8 * 4
    assert isinstance(client.stopped, UnreachableError)
    assert len(traceback.extract_tb(client.stopped.__traceback__)) < 10  # it does not grow with each request
    assert "did not answer again and again, so no more was asked (Cannot reach Spotify" in str(client.stopped)


@pytest.mark.parametrize("answers", [[GOOD], [error(404, "Resource not found")], [Answer(b"<html>")] * 4])
def test_any_answer_ends_an_outage(answers: list[Answer], fake: FakeSpotify) -> None:
    client = fake.client()
    lost = [requests.ConnectionError()] * 28  # seven times four attempts
    fake.on("playlists/.*", sequence(*lost, *answers, *lost), times=1_000)
    unreachable = [isinstance(problem_of(client), UnreachableError) for _ in range(15)]
    assert unreachable == [*[True] * 7, False, *[True] * 7]
    client.my_playlists(0)
    assert client.stopped is None


def test_an_account_service_that_does_not_answer_is_an_outage_too(fake: FakeSpotify) -> None:
    fake.on(TOKEN_PATH, dropped, times=1_000)
    client = fake.client()
    for _ in range(20):
        with pytest.raises(UnreachableError):
            client.playlist(ID)
    assert fake.asked() == {TOKEN_PATH: 8 * 4}


# Ending


def test_ending_a_client_ends_what_waits_at_once() -> None:
    waiting = threading.Event()

    def wait_really(seconds: float, interrupted: threading.Event) -> None:
        waiting.set()
        assert interrupted.wait(seconds)

    fake = answered_by(lambda _: error(429, "Slow down", Retry_After="60"))
    session, patience = fake.transport.session(), Patience(Clock(wait=wait_really))
    tokens = TokenSource(ACCOUNTS, "client", SecretStr("app-secret"), SecretStr("r"), session, patience)
    quota = Quota(Forgetful(), patience.clock, patience.clock.now().date())
    client = SpotifyClient(API, tokens, session, quota, patience)
    start = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(client.playlist, ID)
        assert waiting.wait(5)
        client.end()
        with pytest.raises(UnreachableError, match="interrupted"):
            result.result()
    assert time.monotonic() - start < 5
    assert client.requests_sent == 1


def test_a_client_that_has_ended_sends_nothing(fake: FakeSpotify) -> None:
    with fake.client() as client:
        client.playlist(ID)
    with pytest.raises(UnreachableError, match="interrupted"):
        client.playlist(ID)
    assert client.requests_sent == 1


def test_a_client_writes_down_in_the_end_what_it_has_spent(fake: FakeSpotify, clock: FakeClock) -> None:
    memory = Forgetful()
    with fake.client(clock, memory=memory) as client:
        for _ in range(3):
            client.playlist(ID)
    assert Quota(memory, clock.patience().clock, clock.now().date()).state().spent == 3


# The clock


def dated(moment: datetime) -> Answering:
    return lambda _: Answer(GOOD.body, headers={"Date": format_datetime(moment, usegmt=True)})


@pytest.mark.parametrize(("minutes", "words"), [(11, "11 minutes behind"), (-11, "11 minutes ahead of")])
def test_a_clock_that_is_wrong_is_an_error(minutes: int, words: str, clock: FakeClock) -> None:
    spotifys = clock.now() + timedelta(minutes=minutes)
    sentence = rf"clock is {words} Spotify's \({spotifys:%Y-%m-%d %H:%M} UTC\), so the day would get the wrong date"
    with pytest.raises(ClockError, match=sentence):
        client_of(dated(spotifys), clock).playlist(ID)


@pytest.mark.parametrize("minutes", [10, -10])
def test_a_clock_that_is_wrong_by_minutes_does_not_matter(minutes: int, clock: FakeClock) -> None:
    client_of(dated(clock.now() + timedelta(minutes=minutes)), clock).playlist(ID)


def test_the_clock_does_not_matter_where_the_day_is_set(clock: FakeClock) -> None:
    fake = answered_by(dated(clock.now() + timedelta(days=400)))
    assert fake.client(clock, dated_by_clock=False).playlist(ID) == GOOD.body


@given(_HEADERS)
def test_any_date_is_one_or_passed_over(header: str) -> None:
    try:
        client_of(lambda _: Answer(GOOD.body, headers={"Date": header})).playlist(ID)
    except ClockError:
        assert "Nov" in header


# Counting


def test_requests_are_counted_for_each_thread_and_without_those_for_tokens(fake: FakeSpotify) -> None:
    client = fake.client()

    def read(times: int) -> int:
        for _ in range(times):
            client.playlist(ID)
        return client.requests_of_thread

    assert client.requests_of_thread == 0
    for times in (2, 3):
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(read, times).result() == times
    assert read(1) == 1
    assert client.requests_sent == 6


# Over a real connection


def serving(answering: Answering) -> tuple[Answering, list[Request]]:
    seen: list[Request] = []

    def answer(request: Request) -> Answer:
        if request.path == TOKEN_PATH:
            return token()
        seen.append(request)
        return answering(request)

    return answer, seen


@pytest.mark.parametrize(
    "lost",
    [
        requests.ConnectionError(),
        error(503, "Service unavailable", Retry_After="4"),
        Answer(b'{"id": ', headers={"Content-Length": "1000"}),
        Answer(b""),
    ],
    ids=["dropped", "503", "cut off", "empty"],
)
def test_nothing_is_repeated_but_by_the_client_which_counts(lost: Answer | Exception, clock: FakeClock) -> None:
    answering, seen = serving(sequence(lost, lost, GOOD, *[lost] * 10))
    with served(answering) as url, over_http(url, clock) as client:
        assert client.playlist(ID) == GOOD.body
        assert (len(seen), client.requests_sent, len(clock.waits)) == (3, 3, 2)
        with pytest.raises((UnreachableError, MalformedError)):
            client.playlist(ID)
        assert (len(seen), client.requests_sent, client.quota.state().spent) == (7, 7, 7)


def test_an_answer_that_ends_early_is_reported_as_cut_off() -> None:
    answering, _ = serving(lambda _: Answer(b'{"id": ', headers={"Content-Length": "1000"}))
    with (
        served(answering) as url,
        over_http(url) as client,
        pytest.raises(UnreachableError, match=r"\(the answer was cut off\)"),
    ):
        client.playlist(ID)


def test_a_server_that_is_not_there_has_no_connection() -> None:
    with served(lambda _: token()) as url:
        pass
    with over_http(url) as client, pytest.raises(UnreachableError, match=r"\(no connection\)"):
        client.playlist(ID)


def test_a_quota_error_over_a_real_connection_comes_at_once(clock: FakeClock) -> None:
    answering, seen = serving(lambda _: QUOTA)
    with served(answering) as url, over_http(url, clock) as client, pytest.raises(QuotaError):
        client.playlist(ID)
    assert (len(seen), clock.waits) == (1, [])


@pytest.mark.parametrize(
    "answer",
    [GOOD, error(401, "Invalid access token"), error(404, "Not found"), error(500, "Oh"), Answer(b"cut"), QUOTA],
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
