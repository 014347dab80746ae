"""Playlists of several pages among the user's own: the list, read once more in the end, tells which were edited."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from spotify_pipeline.progress import Progress
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Status
from spotify_pipeline.steps.extract import extract_day
from spotify_pipeline_tests.fake_backends import FakeBackends
from spotify_pipeline_tests.spotify.fake_spotify import (
    TOKEN_PATH,
    Answer,
    FakePlaylist,
    FakeSpotify,
    Request,
    error,
    found,
    playlist_id,
)

DAY = date(2026, 1, 2)
NEXT_DAY = DAY + timedelta(days=1)
SHORT, LONG, LONGER = (playlist_id(number) for number in range(1, 4))
LISTING = "me/playlists"
QUOTA = error(429, "Too many requests", "QUOTA_EXCEEDED", Retry_After="3000")

On = Callable[..., FakeBackends]


@pytest.fixture
def fake() -> FakeSpotify:
    return FakeSpotify([FakePlaylist(SHORT), FakePlaylist(LONG, length=120), FakePlaylist(LONGER, length=220)])


@pytest.fixture
def on(fake: FakeSpotify, tmp_path: Path) -> On:
    """The backends of a day: `on(day, **settings)`."""
    return lambda day=DAY, **variables: FakeBackends(fake, tmp_path / "data", day, **variables)


def asked(fake: FakeSpotify) -> dict[str, int]:
    """What was asked for since this was last called, tokens left out."""
    counts = {path: number for path, number in fake.asked().items() if path != TOKEN_PATH}
    fake.transport.requests.clear()
    return counts


def statuses(manifest: Manifest) -> dict[str, Status]:
    return {row.playlist_id: row.status for row in manifest.playlists}


def row_of(manifest: Manifest, name: str = LONG) -> Coverage:
    return manifest.by_id()[name]


def names_in(backends: FakeBackends, name: str = LONG) -> list[str]:
    """The entries of the document that the day keeps."""
    document: dict[str, Any] = json.loads(backends.raw.open_day(backends.day).document(name))
    return [item["item"]["name"] for item in document["items"]["items"]]


def edit(fake: FakeSpotify, name: str = LONG, length: int | None = None) -> None:
    """Edit a playlist: its entries change, their number may not."""
    [playlist] = [playlist for playlist in fake.playlists if playlist.id == name]
    playlist.snapshot_id = f"{playlist.snapshot_id} and more"
    playlist.length = playlist.length if length is None else length


def when_a_page_is_asked_for(fake: FakeSpotify, name: str, act: Callable[[], object], *, times: int = 1) -> None:
    def answering(_: Request) -> None:
        act()

    fake.on(f"{name}/items", answering, times=times)


def fail_closing_listing(fake: FakeSpotify, answer: Answer = QUOTA) -> None:
    """Let the first listing of the next run pass, and answer every later one so."""
    fake.on(LISTING, lambda _: answer, after=1, times=4)


def extract_unconfirmed(on: On, fake: FakeSpotify) -> Manifest:
    """Extract the day, and leave what has several pages unconfirmed."""
    fail_closing_listing(fake, error(403, "Forbidden"))
    manifest = on().extract()
    fake.as_usual()
    asked(fake)
    return manifest


# How it is confirmed


def test_one_listing_confirms_all_playlists_of_several_pages(on: On, fake: FakeSpotify) -> None:
    manifest = on().extract()
    assert asked(fake) == {
        LISTING: 2,
        f"playlists/{SHORT}": 1,
        f"playlists/{LONG}": 1,
        f"playlists/{LONG}/items": 1,
        f"playlists/{LONGER}": 1,
        f"playlists/{LONGER}/items": 3,
    }
    assert statuses(manifest) == dict.fromkeys((SHORT, LONG, LONGER), Status.OBSERVED)
    assert [row.requests for row in manifest.playlists] == [1, 2, 4]
    assert manifest.requests == 2 + 1 + 2 + 4
    assert on().raw.pending() == {}
    assert len(names_in(on(), LONGER)) == 220


def test_where_no_playlist_has_several_pages_there_is_no_further_listing(on: On, fake: FakeSpotify) -> None:
    del fake.playlists[1:]
    fake.playlists += [FakePlaylist(LONG, length=100), FakePlaylist(LONGER, length=500, readable=False)]
    on().extract()
    assert asked(fake)[LISTING] == 1


def test_where_nothing_has_changed_there_is_no_further_listing(on: On, fake: FakeSpotify) -> None:
    on().extract()
    asked(fake)
    manifest = on(NEXT_DAY).extract()
    assert asked(fake) == {LISTING: 1}
    assert statuses(manifest) == dict.fromkeys((SHORT, LONG, LONGER), Status.UNCHANGED)
    assert (manifest.requests, manifest.requests_avoided) == (1, 1 + 2 + 4)


def test_it_is_told_that_it_is_being_asked(on: On) -> None:
    told: list[str] = []

    class Heard(Progress):
        def tell(self, text: str) -> None:
            told.append(text)

    extract_day(on(), DAY, progress=Heard())
    assert told == ["asking whether playlists were edited while they were read"]


# Edited meanwhile


def test_a_playlist_that_was_edited_is_read_again_and_asked_alone(on: On, fake: FakeSpotify) -> None:
    when_a_page_is_asked_for(fake, LONG, lambda: edit(fake))
    manifest = on().extract()
    counts = asked(fake)
    assert counts[LISTING] == 2
    assert counts[f"playlists/{LONG}"] == 3  # two readings, and whether it was edited again
    assert counts[f"playlists/{LONGER}"] == 1
    assert (row_of(manifest).status, row_of(manifest).requests) == (Status.OBSERVED, 2 + 2 + 1)
    reading = row_of(manifest).last_reading
    assert reading is not None
    assert reading.snapshot_id == "snapshot-1 and more"
    assert on().raw.pending() == {}


def test_what_is_kept_of_an_edited_playlist_is_its_last_reading(on: On, fake: FakeSpotify) -> None:
    when_a_page_is_asked_for(fake, LONG, lambda: edit(fake, length=90))
    manifest = on().extract()
    assert row_of(manifest).items_read == len(names_in(on())) == 90


@pytest.mark.parametrize("changes_length", [0, 1, 2, 3])
def test_a_playlist_that_is_edited_all_the_time_is_read_three_times_in_all(
    changes_length: int, on: On, fake: FakeSpotify
) -> None:
    lengths = iter([*range(121, 121 + changes_length), *[None] * 10])
    when_a_page_is_asked_for(fake, LONG, lambda: edit(fake, length=next(lengths)), times=100)
    manifest = on().extract()
    assert asked(fake)[f"playlists/{LONG}/items"] == 3
    assert row_of(manifest).status is Status.FAILED
    assert row_of(manifest).reason == "it was edited while it was read, in each of 3 readings"
    assert LONG not in on().raw.documents(DAY)
    assert row_of(manifest, LONGER).status is Status.OBSERVED


@pytest.mark.parametrize(("change", "status"), [("deleted", Status.NOT_FOUND), ("made private", Status.RESTRICTED)])
@pytest.mark.parametrize("moment", ["between two pages", "before the closing listing"])
def test_a_playlist_may_be_deleted_or_made_private(
    moment: str, change: str, status: Status, on: On, fake: FakeSpotify
) -> None:
    playlist = fake.playlists[1]

    def happen(_: Request | None = None) -> None:
        playlist.readable, playlist.snapshot_id = False, "snapshot-2"
        if change == "deleted" and playlist in fake.playlists:
            fake.playlists.remove(playlist)

    if moment == "between two pages":
        when_a_page_is_asked_for(fake, LONG, happen)
    else:
        fake.on(LISTING, happen, after=1)
    manifest = on().extract()
    assert row_of(manifest).status is status
    assert statuses(manifest)[SHORT] is statuses(manifest)[LONGER] is Status.OBSERVED
    assert on().raw.pending() == {}


def test_a_playlist_without_a_snapshot_id_is_asked_alone(on: On, fake: FakeSpotify) -> None:
    fake.playlists[1].snapshot_id = None  # type: ignore[assignment]  # as Spotify might
    manifest = on().extract()
    assert row_of(manifest).status is Status.OBSERVED


# When the closing listing cannot be had


@pytest.mark.parametrize(
    ("answer", "reason", "stopped"),
    [
        (QUOTA, "Spotify's quota for this app is used up", True),
        (Answer(b"", 500), "Spotify answered 500 again and again", False),
        (Answer(b"<html>"), "Spotify's answer is empty, cut off or not a JSON object", False),
        (error(403, "Forbidden"), "Spotify answered 403: Forbidden", False),
    ],
)
def test_what_was_read_waits_and_its_row_says_why(
    answer: Answer, reason: str, stopped: bool, on: On, fake: FakeSpotify
) -> None:
    fail_closing_listing(fake, answer)
    manifest = on().extract()
    assert statuses(manifest) == {SHORT: Status.OBSERVED, LONG: Status.FAILED, LONGER: Status.FAILED}
    sentence = f"it was read, but Spotify did not say whether it was edited meanwhile: {reason}"
    assert str(row_of(manifest).reason).startswith(sentence)
    assert (row_of(manifest).requests, row_of(manifest).items_read) == (2, 0)
    assert (manifest.stopped is not None) is stopped
    assert on().raw.pending().keys() == {LONG, LONGER}
    assert on().raw.documents(DAY) == {SHORT}


@pytest.mark.parametrize("day", [DAY, NEXT_DAY])
def test_the_next_run_takes_it_over_without_reading_it_again(day: date, on: On, fake: FakeSpotify) -> None:
    first = extract_unconfirmed(on, fake)
    read = on().raw.pending()
    manifest = on(day).extract()
    assert asked(fake) == {LISTING: 1}
    row = row_of(manifest)
    assert (row.status, row.reason, row.observed_date, row.items_read) == (Status.OBSERVED, None, day, 120)
    assert row.fetched_at == read[LONG].fetched_at
    assert row.requests == (2 if day == DAY else 0)
    assert row.last_reading is not None
    assert (row.last_reading.snapshot_date, row.last_reading.observed_date) == (day, day)
    assert names_in(on(day)) == [f"Song {number}" for number in range(120)]
    assert statuses(manifest)[SHORT] is (Status.OBSERVED if day == DAY else Status.UNCHANGED)
    assert on().raw.pending() == {}
    assert first.requests_avoided < manifest.requests_avoided == 1 + 2 + 4


def test_what_was_taken_over_is_unchanged_on_the_day_after(on: On, fake: FakeSpotify) -> None:
    extract_unconfirmed(on, fake)
    on(NEXT_DAY).extract()
    asked(fake)
    manifest = on(NEXT_DAY + timedelta(days=1)).extract()
    assert asked(fake) == {LISTING: 1}
    assert (row_of(manifest).status, row_of(manifest).observed_date) == (Status.UNCHANGED, NEXT_DAY)


@pytest.mark.parametrize("day", [DAY, NEXT_DAY])
def test_the_next_run_reads_again_what_was_edited_since(day: date, on: On, fake: FakeSpotify) -> None:
    extract_unconfirmed(on, fake)
    edit(fake, length=130)
    manifest = on(day).extract()
    assert asked(fake) == {LISTING: 2, f"playlists/{LONG}": 1, f"playlists/{LONG}/items": 1}
    assert (row_of(manifest).items_read, len(names_in(on(day)))) == (130, 130)
    assert on().raw.pending() == {}


def test_what_is_no_longer_listed_waits_no_longer(on: On, fake: FakeSpotify) -> None:
    extract_unconfirmed(on, fake)
    del fake.playlists[1]
    manifest = on(NEXT_DAY).extract()
    assert statuses(manifest)[LONG] is Status.NOT_FOUND
    assert on().raw.pending() == {}


def test_half_a_list_tells_nothing_of_those_that_are_not_in_it(on: On, fake: FakeSpotify) -> None:
    extract_unconfirmed(on, fake)
    others = [{"id": SHORT, "snapshot_id": "snapshot-1"}, {"id": LONGER, "snapshot_id": "snapshot-1"}]

    def half(request: Request) -> Answer:
        items = others if request.query["offset"] == "0" else []
        return found({"items": items, "total": 3})

    fake.on(LISTING, half, times=100)
    manifest = on(NEXT_DAY).extract()
    assert statuses(manifest)[LONG] is Status.FAILED
    assert LONG in on().raw.pending()
    assert on().raw.pending()[LONG].observed_date == DAY
    fake.as_usual()
    asked(fake)
    row = row_of(on(NEXT_DAY).extract())
    assert (row.status, row.observed_date) == (Status.OBSERVED, NEXT_DAY)
    assert f"playlists/{LONG}" not in asked(fake)


def test_a_refresh_takes_nothing_over(on: On, fake: FakeSpotify) -> None:
    extract_unconfirmed(on, fake)
    manifest = on().extract(refresh=True)
    assert asked(fake)[f"playlists/{LONG}"] == 1
    assert row_of(manifest).status is Status.OBSERVED
    assert on().raw.pending() == {}


def test_a_refresh_that_is_not_confirmed_takes_nothing_away(on: On, fake: FakeSpotify) -> None:
    before = on().extract()
    edit(fake, length=130)
    fail_closing_listing(fake, error(403, "Forbidden"))
    manifest = on().extract(refresh=True)
    assert row_of(manifest) == row_of(before)
    assert len(names_in(on())) == 120
    fake.as_usual()
    again = on().extract()
    assert (row_of(again), on().raw.pending()) == (row_of(before), {})  # the day has it already


def test_named_playlists_leave_alone_what_waits(on: On, fake: FakeSpotify) -> None:
    extract_unconfirmed(on, fake)
    on(NEXT_DAY, SPOTIFY_PIPELINE_PLAYLISTS=SHORT).extract()
    assert LISTING not in asked(fake)
    assert on().raw.pending().keys() == {LONG, LONGER}


def test_a_network_that_goes_away_before_the_closing_listing_costs_nothing(on: On, fake: FakeSpotify) -> None:
    def drop(_: Request) -> Answer:
        raise requests.ConnectionError

    fake.on(LISTING, drop, after=1, times=4)
    on().extract()
    asked(fake)
    assert statuses(on().extract()) == dict.fromkeys((SHORT, LONG, LONGER), Status.OBSERVED)
    assert asked(fake) == {LISTING: 1}


# With a budget


def test_the_requests_of_the_closing_listing_are_kept_back_of_the_budget(on: On, fake: FakeSpotify) -> None:
    fake.playlists += [FakePlaylist(playlist_id(number), length=150) for number in range(10, 100)]
    manifest = on(SPOTIFY_PIPELINE_REQUEST_BUDGET="41").extract()
    counts = asked(fake)
    assert manifest.requests == sum(counts.values()) == 41
    assert counts[LISTING] == 4
    assert manifest.counts()["observed"] >= 10
    assert not any("edited" in str(row.reason) for row in manifest.playlists)
    assert str(manifest.stopped).startswith("The budget of 41 requests a day is used up")
    assert on().raw.pending() == {}


def test_hidden_playlists_count_for_the_pages_of_the_closing_listing(on: On, fake: FakeSpotify) -> None:
    fake.playlists += [FakePlaylist(playlist_id(number), length=150) for number in range(10, 30)]
    fake.listing = [*fake.playlists, *[None] * 30]
    manifest = on(SPOTIFY_PIPELINE_REQUEST_BUDGET="25").extract()
    assert manifest.requests == 25
    assert asked(fake)[LISTING] == 4
    assert on().raw.pending() == {}
