"""What the manifest says of a run: why it was stopped, what it cost, what is accepted."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
import requests

from spotify_pipeline.errors import SettingsError, SpotifyError
from spotify_pipeline.progress import Progress
from spotify_pipeline.spotify.errors import LoginError, QuotaError, UnreachableError
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Reading, Status
from spotify_pipeline.steps.extract import extract_day
from spotify_pipeline.steps.publish import accept_losses
from spotify_pipeline_tests.fake_backends import FakeBackends
from spotify_pipeline_tests.spotify.fake_spotify import (
    TOKEN_PATH,
    Answer,
    FakePlaylist,
    FakeSpotify,
    Request,
    error,
    playlist_id,
)

DAYS = [date(2026, 1, 2) + timedelta(days=number) for number in range(6)]
DAY, NEXT_DAY = DAYS[:2]
ID = playlist_id(1)
NAMED = {"SPOTIFY_PIPELINE_PLAYLISTS": ",".join(playlist_id(number) for number in range(1, 21))}
QUOTA = error(429, "Too many requests", "QUOTA_EXCEEDED", Retry_After="50000")
PLAYLISTS = "playlists/.*"

On = Callable[..., FakeBackends]


@pytest.fixture
def fake() -> FakeSpotify:
    """Twenty short playlists."""
    return FakeSpotify([FakePlaylist(playlist_id(number)) for number in range(1, 21)])


@pytest.fixture
def on(fake: FakeSpotify, tmp_path: Path) -> On:
    """The backends of a day: `on(day, **settings)`."""
    return lambda day=DAY, **variables: FakeBackends(fake, tmp_path / "data", day, **variables)


def sent(fake: FakeSpotify) -> int:
    """How many requests were sent since this was last called, those for tokens left out."""
    number = sum(request.path != TOKEN_PATH for request in fake.transport.requests)
    fake.transport.requests.clear()
    return number


def drop(_: Request) -> Answer:
    raise requests.ConnectionError


# Stopped

_STOPS = {
    "quota": (lambda _: QUOTA, QuotaError, "Spotify's quota for this app is used up"),
    "outage": (drop, UnreachableError, "Spotify did not answer again and again, so no more was asked"),
    "login": (lambda _: error(401, "The access token expired"), LoginError, "Spotify does not accept the access token"),
}
each_stop = pytest.mark.parametrize(("answering", "problem", "words"), _STOPS.values(), ids=_STOPS.keys())
each_way = pytest.mark.parametrize("variables", [NAMED, {}], ids=["named", "mine"])


@each_stop
@each_way
def test_a_run_that_is_stopped_before_anything_was_read_makes_no_day(
    answering: Callable[[Request], Answer],
    problem: type[SpotifyError],
    words: str,
    variables: dict[str, str],
    on: On,
    fake: FakeSpotify,
) -> None:
    fake.on(PLAYLISTS, answering, times=1_000)
    with pytest.raises(problem, match=words):
        on(**variables).extract()
    assert on().raw.days() == []


@each_stop
@each_way
def test_a_run_that_is_stopped_in_the_middle_keeps_what_is_complete_and_says_why_the_rest_is_missing(
    answering: Callable[[Request], Answer],
    problem: type[SpotifyError],
    words: str,
    variables: dict[str, str],
    on: On,
    fake: FakeSpotify,
) -> None:
    fake.on(PLAYLISTS, answering, after=6, times=1_000)
    manifest = on(**variables).extract()
    counts = manifest.counts()
    assert (counts["observed"], counts["failed"]) == (6, 14)
    assert len(on().raw.documents(DAY)) == 6
    assert str(manifest.stopped).startswith(words)
    reasons = {str(row.reason) for row in manifest.playlists if row.status is Status.FAILED}
    assert all(words in reason or "Cannot reach Spotify" in reason for reason in reasons)
    assert manifest.requests == sent(fake)


@each_way
def test_a_budget_stops_the_run_in_the_middle(variables: dict[str, str], on: On, fake: FakeSpotify) -> None:
    manifest = on(SPOTIFY_PIPELINE_REQUEST_BUDGET="9", **variables).extract()
    assert manifest.requests == sent(fake)
    listings = 0 if variables else 1  # and as many are kept back for the closing listing, which nobody needs
    assert manifest.requests == 9 - listings
    assert manifest.counts()["observed"] == 9 - 2 * listings
    assert str(manifest.stopped).startswith("The budget of 9 requests a day is used up")


def test_the_next_day_goes_on_where_the_budget_has_stopped(on: On, fake: FakeSpotify) -> None:
    seen = []
    for day in DAYS[:4]:
        manifest = on(day, SPOTIFY_PIPELINE_REQUEST_BUDGET="9").extract()
        counts = manifest.counts()
        seen.append((counts["unchanged"], counts["observed"], sent(fake), manifest.stopped is None))
    assert seen == [(0, 7, 8, False), (7, 7, 8, False), (14, 6, 7, True), (20, 0, 1, True)]


def test_a_run_that_is_not_stopped_says_nothing(on: On, fake: FakeSpotify) -> None:
    fake.on(f"playlists/{ID}", drop, times=4)
    manifest = on().extract()
    assert (manifest.counts()["failed"], manifest.stopped) == (1, None)


def test_a_stopped_run_of_the_same_day_changes_nothing(on: On, fake: FakeSpotify) -> None:
    fake.on(PLAYLISTS, lambda _: error(403, "Forbidden"), after=5, times=15)
    first = on(**NAMED).extract()
    assert first.counts()["observed"] == 5
    fake.as_usual()
    fake.on(PLAYLISTS, lambda _: QUOTA, times=100)
    with pytest.raises(QuotaError):
        on(**NAMED).extract()
    assert on().raw.open_day(DAY).manifest == first


def test_what_an_interrupted_run_has_read_is_kept_by_one_that_is_stopped_at_once(on: On, fake: FakeSpotify) -> None:
    fake.on(PLAYLISTS, lambda _: error(403, "Forbidden"), after=5, times=15)
    extract_day(on(**NAMED), DAY)  # and never committed
    fake.as_usual()
    fake.on(PLAYLISTS, lambda _: QUOTA, times=100)
    manifest = on(**NAMED).extract()
    assert (manifest.counts()["observed"], manifest.counts()["failed"]) == (5, 15)
    assert str(manifest.stopped).startswith("Spotify's quota for this app is used up")


def test_why_a_run_is_stopped_is_told_once_and_not_for_each_playlist(on: On, fake: FakeSpotify) -> None:
    counted: list[str] = []

    class Heard(Progress):
        def count(self, done: int, total: int, text: str) -> None:
            del done, total
            counted.append(text)

    fake.on(PLAYLISTS, lambda _: QUOTA, after=6, times=1_000)
    extract_day(on(), DAY, progress=Heard())
    assert len(counted) == 21
    assert sum("quota" in text for text in counted) <= 4


# What it cost


def test_every_request_counts_also_one_that_is_repeated(on: On, fake: FakeSpotify) -> None:
    fake.on("me/playlists", lambda _: Answer(b"", 502), times=2)
    fake.on(PLAYLISTS, drop, after=3, times=3)
    fake.on(PLAYLISTS, lambda _: error(429, "Slow down", Retry_After="2"), after=9, times=2)
    fake.on(PLAYLISTS, lambda _: error(401, "The access token expired"), after=15)
    manifest = on().extract()
    assert manifest.counts()["observed"] == 20
    assert manifest.requests == sent(fake) == 1 + 20 + 2 + 3 + 2 + 1
    assert sum(row.requests for row in manifest.playlists) == manifest.requests - 3
    assert on().quota(DAY).state().spent == manifest.requests


def test_the_quota_counts_all_runs_of_a_day(on: On, fake: FakeSpotify) -> None:
    for _ in range(3):
        on().extract(refresh=True)
    assert on().quota(DAY).state().spent == sent(fake) == 3 * 21
    on(NEXT_DAY).extract()
    assert on(NEXT_DAY).quota(NEXT_DAY).state().spent == 1


def test_requests_that_were_avoided_are_those_that_reading_would_take(on: On, fake: FakeSpotify) -> None:
    fake.playlists[0].length = 220  # four requests, and one to see whether it was edited
    first = on(**NAMED).extract()
    assert (first.requests, first.requests_avoided) == (19 + 5, 0)
    again = on(**NAMED).extract()
    assert (again.requests, again.requests_avoided) == (0, 19 + 5)
    named = on(NEXT_DAY, **NAMED).extract()
    assert (named.requests, named.requests_avoided) == (20, 4)
    mine = on(DAYS[2]).extract()
    assert (mine.requests, mine.requests_avoided) == (1, 19 + 5)
    fake.playlists[3].snapshot_id = "snapshot-2"
    changed = on(DAYS[3]).extract()
    assert (changed.requests, changed.requests_avoided) == (2, 18 + 5)
    refreshed = on(DAYS[3], **NAMED).extract(refresh=True)
    assert (refreshed.requests, refreshed.requests_avoided) == (19 + 5, 0)


def test_what_is_not_read_avoids_nothing(on: On, fake: FakeSpotify) -> None:
    on().extract()
    fake.listing = [None]
    manifest = on(NEXT_DAY).extract()
    assert manifest.counts()["not_found"] == 20
    assert manifest.requests_avoided == 0


# Rows that are missing, and what is accepted


def test_entries_that_spotify_does_not_send_are_taken_down_as_none_and_asked_for_again_the_next_day(
    on: On, fake: FakeSpotify
) -> None:
    fake.playlists[0].length, fake.playlists[0].total = 0, 300
    row = on().extract().by_id()[ID]
    assert (row.status, row.items_total, row.items_read, row.requests) == (Status.OBSERVED, 300, 0, 3)
    assert json.loads(on().raw.open_day(DAY).document(ID))["items"]["items"] == []
    fake.playlists[0].length, fake.playlists[0].total = 60, 60
    row = on(NEXT_DAY).extract().by_id()[ID]
    assert (row.status, row.items_read) == (Status.OBSERVED, 60)


def test_a_run_may_accept_what_a_playlist_has_lost(on: On) -> None:
    manifest = on().extract(accept=f"{playlist_id(3)} {ID}")
    assert {row.playlist_id for row in manifest.playlists if row.accepted} == {playlist_id(3), ID}
    again = on().extract()
    assert {row.playlist_id for row in again.playlists if row.accepted} == {playlist_id(3), ID}


def test_what_is_accepted_today_is_not_so_tomorrow(on: On) -> None:
    on().extract(accept=ID)
    assert not any(row.accepted for row in on(NEXT_DAY).extract().playlists)


@pytest.mark.parametrize("unknown", ["0" * 21 + "x", playlist_id(2)])
def test_only_playlists_with_rows_that_day_can_be_accepted(unknown: str, on: On, fake: FakeSpotify) -> None:
    fake.playlists[1].readable = False
    sentence = rf"^There are no rows of {unknown} to accept on 2026-01-02: it was not read\.$"
    with pytest.raises(SettingsError, match=sentence):
        on().extract(accept=f"{ID} {unknown}")
    assert on().raw.days() == []
    on().extract()
    with pytest.raises(SettingsError, match=sentence):
        accept_losses(on().raw, DAY, [unknown])
    assert not any(row.accepted for row in on().raw.open_day(DAY).manifest.playlists)


def test_accepting_keeps_what_was_accepted_before() -> None:
    rows = [Coverage(name, Status.OBSERVED) for name in "pqr"]
    manifest = Manifest(DAY, rows).accepting("p").accepting("q").accepting([])
    assert [row.accepted for row in manifest.playlists] == [True, True, False]
    assert rows[0].accepted is False


@pytest.mark.parametrize(
    ("status", "total", "read", "lacks"),
    [
        (Status.OBSERVED, 3, 0, True),
        (Status.UNCHANGED, 3, 0, True),
        (Status.OBSERVED, 3, 3, False),
        (Status.OBSERVED, 0, 0, False),
        (Status.OBSERVED, None, 0, False),
        (Status.RESTRICTED, 3, 0, False),
    ],
)
def test_a_reading_lacks_rows_where_there_should_be_some(
    status: Status, total: int | None, read: int, lacks: bool, on: On
) -> None:
    fetched_at = on().clock.now()
    assert Reading(DAY, status, DAY, "snapshot", total, read, fetched_at).lacks_rows is lacks
