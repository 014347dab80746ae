import json
import threading
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_pipeline.spotify.errors import ClockError, LoginError, MalformedError, RefusedError, UnreachableError
from spotify_pipeline.spotify.extraction import METADATA_ONLY, Extracted, Wanted, extract, list_mine
from spotify_pipeline.spotify.manifest import Reading, Status
from spotify_pipeline_tests.spotify.fake_spotify import (
    KEYS,
    TOKEN_PATH,
    Answer,
    FakePlaylist,
    FakeSpotify,
    Request,
    Shape,
    entry,
    error,
    found,
    playlist_id,
    refused,
)

YESTERDAY, TODAY = date(2026, 1, 1), date(2026, 1, 2)
SHAPES: list[Shape] = ["old", "new", "both"]
ID, OTHER = playlist_id(1), playlist_id(2)
ATTEMPTS = 4  # of a request without a usable answer
QUOTA = error(429, "Too many requests", "QUOTA_EXCEEDED", Retry_After="50000")


def extracted(
    fake: FakeSpotify,
    *wanted: Wanted,
    readings: Iterable[tuple[str, Reading]] = (),
    closing_listing: bool = False,
) -> dict[str, Extracted]:
    """What comes of the playlists; of all that the fake has, where none is named."""
    queue = wanted or [Wanted(playlist.id) for playlist in fake.playlists]
    with fake.client() as client:
        results = list(extract(client, queue, dict(readings), TODAY, closing_listing=closing_listing))
    assert sorted(result.coverage.playlist_id for result in results) == sorted(want.playlist_id for want in queue)
    return {result.coverage.playlist_id: result for result in results}


def one(playlist: FakePlaylist) -> tuple[FakeSpotify, Extracted]:
    fake = FakeSpotify([playlist])
    return fake, extracted(fake)[playlist.id]


def entries_of(result: Extracted, key: str) -> list[dict[str, Any]]:
    assert result.document is not None
    entries: list[dict[str, Any]] = json.loads(result.document)[key]["items"]
    return entries


def reading_of(status: Status = Status.OBSERVED, snapshot_id: str = "snapshot-1", items: int = 3) -> Reading:
    """Yesterday's reading of a playlist."""
    return Reading(
        snapshot_date=YESTERDAY,
        status=status,
        observed_date=date(2025, 12, 24) if status.has_rows else None,
        snapshot_id=snapshot_id,
        items_total=items,
        items_read=items if status.has_rows else 0,
        fetched_at=datetime(2026, 1, 1, 5, tzinfo=UTC),
    )


# Whole playlists


@pytest.mark.parametrize(
    ("shape", "pages"),
    [
        ("old", [(ID, 100, 100), (ID, 200, 100), (ID, 300, 100)]),
        ("new", [(ID, 100, 50), (ID, 150, 50), (ID, 200, 50), (ID, 250, 50), (ID, 300, 50)]),
        ("both", [(ID, 100, 50), (ID, 150, 50), (ID, 200, 50), (ID, 250, 50), (ID, 300, 50)]),
    ],
)
def test_a_long_playlist_is_read_page_after_page_without_the_embedded_one(
    shape: Shape, pages: list[tuple[str, int, int]]
) -> None:
    fake, result = one(FakePlaylist(ID, length=301, shape=shape))
    assert fake.pages_asked() == pages
    assert entries_of(result, KEYS[shape][0]) == [entry(number, shape) for number in range(301)]
    coverage = result.coverage
    assert (coverage.status, coverage.items_total, coverage.items_read) == (Status.OBSERVED, 301, 301)
    assert coverage.requests == 1 + len(pages) + 1  # the last one looks whether it was edited meanwhile


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("length", [0, 1, 100])
def test_a_playlist_that_is_embedded_whole_costs_one_request(shape: Shape, length: int) -> None:
    fake, result = one(FakePlaylist(ID, length=length, shape=shape))
    assert fake.asked() == {TOKEN_PATH: 1, f"playlists/{ID}": 1}
    assert len(entries_of(result, KEYS[shape][0])) == length
    assert (result.coverage.status, result.coverage.requests) == (Status.OBSERVED, 1)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 350), st.sampled_from(SHAPES))
def test_a_document_holds_all_entries_in_order(length: int, shape: Shape) -> None:
    _, result = one(FakePlaylist(ID, length=length, shape=shape))
    key = "track" if shape == "old" else "item"
    names = [item[key]["name"] for item in entries_of(result, KEYS[shape][0])]
    assert names == [f"Song {number}" for number in range(length)]
    assert result.coverage.items_read == length


def test_an_observed_playlist_tells_when_it_was_read_and_what_decides_whether_it_has_changed() -> None:
    before = datetime.now(UTC)
    _, result = one(FakePlaylist(ID, snapshot_id="snapshot-9"))
    coverage = result.coverage
    assert coverage.observed_date == TODAY
    assert coverage.fetched_at is not None
    assert before <= coverage.fetched_at <= datetime.now(UTC)
    assert coverage.reason is None
    assert coverage.last_reading == Reading(TODAY, Status.OBSERVED, TODAY, "snapshot-9", 3, 3, coverage.fetched_at, 1)


def test_a_document_is_kept_on_one_line_with_fields_that_no_table_needs() -> None:
    fake = FakeSpotify([FakePlaylist(ID)])
    body = json.dumps({"unheard_of": [1.0, "\u00e9"], **FakePlaylist(ID).document()}, indent=4)
    fake.on(f"playlists/{ID}", lambda _: Answer(body.encode()))
    document = extracted(fake)[ID].document
    assert document is not None
    assert b"\n" not in document
    assert document.startswith(b'{"unheard_of":[1.0,"\\u00e9"],')


# Playlists without rows


def test_metadata_without_contents_is_restricted_and_kept() -> None:
    fake, result = one(FakePlaylist(ID, readable=False))
    assert (result.coverage.status, result.coverage.reason) == (Status.RESTRICTED, METADATA_ONLY)
    assert (result.coverage.items_read, result.coverage.observed_date, result.coverage.requests) == (0, None, 1)
    assert result.document is not None
    assert json.loads(result.document)["name"] == f"Playlist {ID}"
    assert fake.pages_asked() == []


@pytest.mark.parametrize(("status", "message"), [(403, "Forbidden"), (401, "Valid user authentication required")])
def test_a_playlist_whose_further_pages_are_refused_is_restricted(status: int, message: str) -> None:
    fake = FakeSpotify([FakePlaylist(ID, length=120)])
    fake.on("/items", lambda _: error(status, message))
    coverage = extracted(fake)[ID].coverage
    assert coverage.status is Status.RESTRICTED
    assert coverage.reason == f"{METADATA_ONLY} (Spotify answered {status}: {message})"
    assert (coverage.items_total, coverage.items_read) == (120, 0)


@pytest.mark.parametrize("status", [404, 400])
def test_a_playlist_that_spotify_does_not_know_is_not_found(status: int) -> None:
    fake = FakeSpotify()
    fake.on("playlists/.*", lambda _: error(status, "Resource not found"))
    result = extracted(fake, Wanted(ID))[ID]
    assert result.coverage.status is Status.NOT_FOUND
    assert result.coverage.reason == f"Spotify answered {status}: Resource not found"
    assert (result.document, result.copy_from, result.coverage.fetched_at) == (None, None, None)


def test_a_playlist_that_is_deleted_while_it_is_read_is_not_found() -> None:
    fake = FakeSpotify([FakePlaylist(ID, length=120)])
    fake.on("/items", lambda _: error(404, "Resource not found"))
    assert extracted(fake)[ID].coverage.status is Status.NOT_FOUND


def drop(_: Request) -> Answer:
    raise requests.ConnectionError


@pytest.mark.parametrize(
    ("answering", "reason"),
    [
        (lambda _: error(403, "User not registered"), "Spotify answered 403: User not registered"),
        (lambda _: Answer(b"", 502), "Spotify answered 502 again and again"),
        (drop, "Cannot reach Spotify"),
    ],
)
def test_a_playlist_that_cannot_be_had_fails_alone_with_the_reason(answering: Any, reason: str) -> None:
    fake = FakeSpotify([FakePlaylist(ID), FakePlaylist(OTHER)])
    fake.on(f"playlists/{ID}", answering, times=ATTEMPTS)
    results = extracted(fake)
    assert results[ID].coverage.status is Status.FAILED
    assert reason in str(results[ID].coverage.reason)
    assert (results[ID].document, results[ID].rejected) == (None, None)
    assert results[OTHER].coverage.status is Status.OBSERVED


def test_a_failure_keeps_the_last_reading_for_the_next_day() -> None:
    fake = FakeSpotify([FakePlaylist(ID)])
    fake.on(f"playlists/{ID}", drop, times=ATTEMPTS)
    reading = reading_of(snapshot_id="snapshot-0")
    coverage = extracted(fake, Wanted(ID), readings=[(ID, reading)])[ID].coverage
    assert (coverage.status, coverage.last_reading) == (Status.FAILED, reading)
    assert (coverage.observed_date, coverage.fetched_at) == (None, None)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "empty, cut off or not a JSON object"),
        (b'{"id": "x", "na', "empty, cut off or not a JSON object"),
        (b'{"name": "no id"}', "missing required field `id`"),
        (
            b'{"id": "x", "items": {"items": [{"item": {"duration_ms": "3:05"}}]}}',
            "`$.items.items[0].item.duration_ms`",
        ),
        (b'{"id": "x", "items": {"items": [{"added_at": null}]}}', "neither `item` nor `track`"),
    ],
)
def test_a_malformed_playlist_fails_and_its_body_is_kept(body: bytes, problem: str) -> None:
    fake = FakeSpotify([FakePlaylist(ID), FakePlaylist(OTHER)])
    fake.on(f"playlists/{ID}", lambda _: Answer(body), times=ATTEMPTS)
    results = extracted(fake)
    assert results[ID].coverage.status is Status.FAILED
    assert problem in str(results[ID].coverage.reason)
    assert results[ID].rejected == body
    assert results[ID].document is None
    assert results[OTHER].coverage.status is Status.OBSERVED


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"items": null}', b'{"items": [{}]}', b'{"total": 120}'])
def test_a_malformed_page_fails_its_playlist_and_is_kept(body: bytes) -> None:
    fake = FakeSpotify([FakePlaylist(ID, length=120), FakePlaylist(OTHER)])
    fake.on(f"{ID}/items", lambda _: Answer(body), times=ATTEMPTS)
    results = extracted(fake)
    assert results[ID].coverage.status is Status.FAILED
    assert results[ID].rejected == body
    assert results[OTHER].coverage.status is Status.OBSERVED


# Playlists that have not changed


def test_a_playlist_whose_listed_snapshot_is_known_costs_no_request() -> None:
    fake = FakeSpotify([FakePlaylist(ID)])
    reading = reading_of()
    result = extracted(fake, Wanted(ID, "snapshot-1"), readings=[(ID, reading)])[ID]
    assert fake.asked() == {}
    assert (result.document, result.copy_from) == (None, YESTERDAY)
    coverage = result.coverage
    assert (coverage.status, coverage.requests, coverage.reason) == (Status.UNCHANGED, 0, None)
    assert (coverage.items_total, coverage.items_read) == (3, 3)
    assert (coverage.observed_date, coverage.fetched_at) == (reading.observed_date, reading.fetched_at)
    assert coverage.last_reading is not None
    assert coverage.last_reading.snapshot_date == TODAY


@pytest.mark.parametrize("listed", [None, "snapshot-0"])
def test_a_playlist_whose_own_snapshot_is_known_costs_no_further_page(listed: str | None) -> None:
    fake = FakeSpotify([FakePlaylist(ID, length=120)])
    result = extracted(fake, Wanted(ID, listed), readings=[(ID, reading_of(items=120))])[ID]
    assert fake.asked() == {TOKEN_PATH: 1, f"playlists/{ID}": 1}
    assert (result.coverage.status, result.copy_from) == (Status.UNCHANGED, YESTERDAY)
    assert (result.coverage.items_read, result.coverage.requests) == (120, 1)


def test_a_changed_snapshot_is_read_whole() -> None:
    fake = FakeSpotify([FakePlaylist(ID, length=120, snapshot_id="snapshot-2")])
    coverage = extracted(fake, Wanted(ID, "snapshot-2"), readings=[(ID, reading_of())])[ID].coverage
    assert (coverage.status, coverage.observed_date, coverage.items_read) == (Status.OBSERVED, TODAY, 120)


def test_without_snapshots_nothing_counts_as_unchanged() -> None:
    fake = FakeSpotify()
    fake.on(f"playlists/{ID}", lambda _: found({"id": ID, "items": {"items": [], "total": 0}}))
    reading = Reading(YESTERDAY, Status.OBSERVED, YESTERDAY, None, 0, 0, datetime(2026, 1, 1, tzinfo=UTC))
    assert extracted(fake, Wanted(ID), readings=[(ID, reading)])[ID].coverage.status is Status.OBSERVED


@pytest.mark.parametrize("listed", ["snapshot-1", None])
def test_a_restricted_playlist_that_has_not_changed_stays_restricted(listed: str | None) -> None:
    fake = FakeSpotify([FakePlaylist(ID, readable=False)])
    result = extracted(fake, Wanted(ID, listed), readings=[(ID, reading_of(Status.RESTRICTED))])[ID]
    assert (result.coverage.status, result.coverage.reason) == (Status.RESTRICTED, METADATA_ONLY)
    assert (result.coverage.observed_date, result.coverage.items_read) == (None, 0)
    assert result.copy_from == YESTERDAY
    assert fake.pages_asked() == []


def test_a_restricted_playlist_that_has_become_readable_is_read_although_its_snapshot_is_known() -> None:
    fake = FakeSpotify([FakePlaylist(ID)])
    result = extracted(fake, Wanted(ID), readings=[(ID, reading_of(Status.RESTRICTED))])[ID]
    assert (result.coverage.status, result.coverage.items_read) == (Status.OBSERVED, 3)


def test_a_playlist_that_is_no_longer_readable_is_restricted_although_its_snapshot_is_known() -> None:
    fake = FakeSpotify([FakePlaylist(ID, readable=False)])
    result = extracted(fake, Wanted(ID), readings=[(ID, reading_of())])[ID]
    assert (result.coverage.status, result.coverage.observed_date) == (Status.RESTRICTED, None)
    assert result.document is not None


# Playlists that are edited while they are read


def test_a_playlist_that_is_edited_between_two_pages_is_read_again() -> None:
    playlist = FakePlaylist(ID, length=220)
    fake = FakeSpotify([playlist])

    def remove_first_entries(_: Request) -> None:
        playlist.length, playlist.snapshot_id = 210, "snapshot-2"

    fake.on("/items", remove_first_entries, after=1)
    result = extracted(fake)[ID]
    assert (result.coverage.status, result.coverage.items_read) == (Status.OBSERVED, 210)
    assert result.coverage.last_reading is not None
    assert result.coverage.last_reading.snapshot_id == "snapshot-2"
    assert len(entries_of(result, "items")) == 210
    assert fake.asked()[f"playlists/{ID}"] == 3  # twice whole, and once more to see that it has not changed again


def test_an_edit_that_keeps_the_length_is_noticed_by_the_snapshot() -> None:
    playlist = FakePlaylist(ID, length=120)
    fake = FakeSpotify([playlist])

    def move_an_entry(_: Request) -> None:
        playlist.snapshot_id = "snapshot-2"

    fake.on("/items", move_an_entry)
    coverage = extracted(fake)[ID].coverage
    assert coverage.status is Status.OBSERVED
    assert coverage.last_reading is not None
    assert coverage.last_reading.snapshot_id == "snapshot-2"
    assert fake.pages_asked() == [(ID, 100, 50), (ID, 100, 50)]


def test_an_edit_is_noticed_by_the_length_where_the_snapshot_lags_behind() -> None:
    playlist = FakePlaylist(ID, length=220)
    fake = FakeSpotify([playlist])

    def add_an_entry(_: Request) -> None:
        playlist.length = 221

    fake.on("/items", add_an_entry, after=1)
    result = extracted(fake)[ID]
    assert (result.coverage.status, result.coverage.items_read) == (Status.OBSERVED, 221)
    assert len(entries_of(result, "items")) == 221


def test_a_playlist_that_is_edited_all_the_time_fails_after_three_readings() -> None:
    playlist = FakePlaylist(ID, length=120)
    fake = FakeSpotify([playlist])

    def edit(request: Request) -> None:
        playlist.snapshot_id = f"snapshot after {request.path} {len(fake.transport.requests)}"

    fake.on("/items", edit, times=100)
    result = extracted(fake)[ID]
    assert result.coverage.status is Status.FAILED
    assert result.coverage.reason == "it was edited while it was read, in each of 3 readings"
    assert len(fake.pages_asked()) == 3
    assert result.document is None
    assert result.coverage.requests == 9


@pytest.mark.parametrize(("length", "total"), [(3, 4), (4, 3), (120, 130), (150, 170)])
def test_a_total_that_never_fits_fails_with_the_numbers(length: int, total: int) -> None:
    _, result = one(FakePlaylist(ID, length=length, total=total))
    assert result.coverage.status is Status.FAILED
    assert result.coverage.reason == (
        f"Spotify says that it has {total} entries but sent {length}, in each of 3 readings"
    )
    assert result.document is None


@pytest.mark.parametrize(("change", "status"), [("gone", Status.NOT_FOUND), ("private", Status.RESTRICTED)])
@pytest.mark.parametrize("closing_listing", [False, True])
def test_a_playlist_that_is_deleted_or_made_private_between_two_pages_is_so(
    change: str, status: Status, closing_listing: bool
) -> None:
    playlist = FakePlaylist(ID, length=220)
    fake = FakeSpotify([playlist, FakePlaylist(OTHER)])

    def happen(_: Request) -> None:
        playlist.readable = False
        if change == "gone":
            fake.playlists.remove(playlist)

    fake.on(f"{ID}/items", happen, after=1)
    results = extracted(fake, Wanted(ID), Wanted(OTHER), closing_listing=closing_listing)
    assert (results[ID].coverage.status, results[ID].unconfirmed) == (status, False)
    assert results[OTHER].coverage.status is Status.OBSERVED


def test_a_playlist_of_which_the_first_entries_were_sent_only_is_asked_for_again_the_next_day() -> None:
    fake = FakeSpotify([FakePlaylist(ID, length=220)])
    fake.on("/items", lambda _: error(403, "Forbidden"))
    refused_reading = extracted(fake)[ID].coverage.last_reading
    assert refused_reading is not None
    result = extracted(fake, Wanted(ID, "snapshot-1"), readings=[(ID, refused_reading)])[ID]
    assert (result.coverage.status, result.coverage.items_read) == (Status.OBSERVED, 220)


# Playlists whose entries Spotify does not send


def test_entries_that_spotify_never_sends_are_taken_down_as_none_after_three_readings() -> None:
    fake, result = one(FakePlaylist(ID, length=0, total=300))
    assert fake.asked()[f"playlists/{ID}"] == 3
    coverage = result.coverage
    assert (coverage.status, coverage.items_total, coverage.items_read) == (Status.OBSERVED, 300, 0)
    assert (coverage.requests, result.readings) == (3, 3)
    assert coverage.last_reading is not None
    assert coverage.last_reading.lacks_rows
    assert result.document is not None


@pytest.mark.parametrize("readings", [1, 2])
def test_entries_that_spotify_sends_late_are_read(readings: int) -> None:
    playlist = FakePlaylist(ID, length=0, total=40)
    fake = FakeSpotify([playlist])

    def send(_: Request) -> None:
        playlist.length = 40

    fake.on(f"playlists/{ID}", send, after=readings)
    coverage = extracted(fake)[ID].coverage
    assert (coverage.status, coverage.items_read, coverage.requests) == (Status.OBSERVED, 40, readings + 1)


@pytest.mark.parametrize("listed", ["snapshot-1", None])
def test_entries_that_were_not_sent_are_asked_for_again_although_the_snapshot_is_known(listed: str | None) -> None:
    lacking = extracted(FakeSpotify([FakePlaylist(ID, length=0, total=40)]))[ID].coverage.last_reading
    assert lacking is not None
    result = extracted(FakeSpotify([FakePlaylist(ID, length=40)]), Wanted(ID, listed), readings=[(ID, lacking)])[ID]
    assert (result.coverage.status, result.coverage.items_read) == (Status.OBSERVED, 40)


def test_an_empty_playlist_lacks_nothing() -> None:
    empty = one(FakePlaylist(ID, length=0))[1].coverage.last_reading
    assert empty is not None
    result = extracted(FakeSpotify(), Wanted(ID, "snapshot-1"), readings=[(ID, empty)])[ID]
    assert result.coverage.status is Status.UNCHANGED


# With a closing listing


@pytest.mark.parametrize("shape", SHAPES)
def test_a_playlist_of_several_pages_waits_for_the_closing_listing_without_a_further_call(shape: Shape) -> None:
    fake = FakeSpotify([FakePlaylist(ID, length=220, shape=shape)])
    result = extracted(fake, closing_listing=True)[ID]
    assert result.unconfirmed
    assert fake.asked()[f"playlists/{ID}"] == 1
    assert result.coverage.requests == 1 + len(fake.pages_asked()) == sum(fake.asked().values()) - 1
    assert (result.coverage.status, result.coverage.items_read, result.readings) == (Status.OBSERVED, 220, 1)
    assert len(entries_of(result, KEYS[shape][0])) == 220


@pytest.mark.parametrize("length", [0, 1, 100])
def test_a_playlist_of_one_page_needs_no_closing_listing(length: int) -> None:
    fake = FakeSpotify([FakePlaylist(ID, length=length)])
    result = extracted(fake, closing_listing=True)[ID]
    assert (result.unconfirmed, result.coverage.status) == (False, Status.OBSERVED)
    assert fake.asked() == {TOKEN_PATH: 1, f"playlists/{ID}": 1}


def test_what_needs_no_reading_needs_no_closing_listing() -> None:
    fake = FakeSpotify([FakePlaylist(ID, readable=False)])
    unchanged = Wanted(OTHER, "snapshot-1")
    results = extracted(fake, Wanted(ID), unchanged, readings=[(OTHER, reading_of(items=300))], closing_listing=True)
    assert not any(result.unconfirmed for result in results.values())


def test_an_edit_that_changes_the_length_is_noticed_without_the_closing_listing() -> None:
    playlist = FakePlaylist(ID, length=220)
    fake = FakeSpotify([playlist])

    def remove_first_entries(_: Request) -> None:
        playlist.length = 210

    fake.on("/items", remove_first_entries, after=1)
    result = extracted(fake, closing_listing=True)[ID]
    assert (result.coverage.items_read, result.unconfirmed, result.readings) == (210, True, 2)


@pytest.mark.parametrize(("before", "more"), [(0, 3), (1, 2), (2, 1), (3, 0)])
def test_readings_that_were_in_vain_before_count(before: int, more: int) -> None:
    playlist = FakePlaylist(ID, length=120)
    fake = FakeSpotify([playlist])

    def edit(_: Request) -> None:
        playlist.snapshot_id = f"snapshot after {len(fake.transport.requests)}"

    fake.on("/items", edit, times=100)
    coverage = extracted(fake, Wanted(ID, readings=before))[ID].coverage
    assert len(fake.pages_asked()) == more
    assert (coverage.status, coverage.requests) == (Status.FAILED, 3 * more)
    assert coverage.reason == "it was edited while it was read, in each of 3 readings"


# The day as a whole


def test_a_quota_that_is_used_up_fails_the_rest_and_keeps_what_is_complete() -> None:
    playlists = [FakePlaylist(playlist_id(number)) for number in range(20)]
    fake = FakeSpotify(playlists)
    fake.on("playlists/.*", lambda _: QUOTA, after=8, times=100)
    results = extracted(fake)
    observed = [result for result in results.values() if result.coverage.status is Status.OBSERVED]
    failed = [result for result in results.values() if result.coverage.status is Status.FAILED]
    assert len(observed) == 8
    assert len(failed) == 12
    assert all(result.document for result in observed)
    assert all("quota for this app is used up" in str(result.coverage.reason) for result in failed)
    assert fake.asked()[TOKEN_PATH] == 1
    assert 9 <= len(fake.transport.requests) - 1 <= 12  # at most the four that were under way are sent


def test_a_quota_in_the_middle_of_a_playlist_fails_it() -> None:
    fake = FakeSpotify([FakePlaylist(ID, length=220)])
    fake.on("/items", lambda _: QUOTA, after=1)
    result = extracted(fake)[ID]
    assert (result.coverage.status, result.document) == (Status.FAILED, None)


def test_unchanged_playlists_need_no_quota() -> None:
    fake = FakeSpotify([FakePlaylist(ID), FakePlaylist(OTHER)])
    fake.on("playlists/.*", lambda _: QUOTA, times=100)
    results = extracted(fake, Wanted(ID), Wanted(OTHER, "snapshot-1"), readings=[(OTHER, reading_of())])
    assert results[ID].coverage.status is Status.FAILED
    assert results[OTHER].coverage.status is Status.UNCHANGED


@pytest.mark.parametrize("number", [1, 20])
def test_refused_credentials_fail_everything_and_are_sent_once(number: int) -> None:
    fake = FakeSpotify([FakePlaylist(playlist_id(n)) for n in range(number)])
    fake.on(TOKEN_PATH, lambda _: refused("invalid_grant"), times=100)
    results = extracted(fake)
    assert {result.coverage.status for result in results.values()} == {Status.FAILED}
    assert all("invalid_grant" in str(result.coverage.reason) for result in results.values())
    assert fake.asked() == {TOKEN_PATH: 1}


def test_an_access_token_that_is_withdrawn_fails_the_rest_and_keeps_what_is_complete() -> None:
    fake = FakeSpotify([FakePlaylist(playlist_id(number)) for number in range(20)])
    fake.on("playlists/.*", lambda _: error(401, "The access token expired"), after=5, times=100)
    results = extracted(fake)
    statuses = [result.coverage.status for result in results.values()]
    assert (statuses.count(Status.OBSERVED), statuses.count(Status.FAILED)) == (5, 15)
    assert any("The access token expired" in str(result.coverage.reason) for result in results.values())
    # Those before, and those under way, each with the old token and the new one.
    assert len(fake.transport.requests) - fake.asked()[TOKEN_PATH] <= 5 + 4 * 2


def test_an_outage_fails_the_rest_without_asking_for_it() -> None:
    fake = FakeSpotify([FakePlaylist(playlist_id(number)) for number in range(50)])
    fake.on("playlists/.*", drop, times=10_000)
    results = extracted(fake)
    assert {result.coverage.status for result in results.values()} == {Status.FAILED}
    assert 8 * ATTEMPTS <= len(fake.transport.requests) - 1 <= (8 + 3) * ATTEMPTS


def test_a_wrong_clock_ends_the_day() -> None:
    fake = FakeSpotify([FakePlaylist(playlist_id(number)) for number in range(20)])
    wrong = Answer(b"{}", headers={"Date": "Fri, 02 Jan 2026 15:00:00 GMT"})
    fake.on("playlists/.*", lambda _: wrong, after=5, times=100)
    with pytest.raises(ClockError):
        extracted(fake)


def test_a_consumer_that_breaks_down_ends_all_waiting() -> None:
    fake = FakeSpotify([FakePlaylist(playlist_id(number)) for number in range(40)])
    client = fake.client()
    results = extract(client, [Wanted(playlist.id) for playlist in fake.playlists], {}, TODAY)
    next(results)
    results.close()
    with pytest.raises(UnreachableError, match="interrupted"):
        client.playlist(ID)
    assert len(fake.transport.requests) - 1 <= 1 + 4


def test_four_playlists_are_read_at_once_and_no_more() -> None:
    fake = FakeSpotify([FakePlaylist(playlist_id(number)) for number in range(12)])
    four = threading.Barrier(4)
    lock = threading.Lock()
    now, most = 0, 0

    def wait_for_four(_: Request) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        four.wait(5)  # fails where there are never four at once
        with lock:
            now -= 1

    fake.on("playlists/.*", wait_for_four, times=100)
    results = extracted(fake)
    assert {result.coverage.status for result in results.values()} == {Status.OBSERVED}
    assert most == 4


def test_a_playlist_is_handed_on_before_the_next_ones_are_asked_for() -> None:
    fake = FakeSpotify([FakePlaylist(playlist_id(number)) for number in range(50)])
    with fake.client() as client:
        results = extract(client, [Wanted(playlist.id) for playlist in fake.playlists], {}, TODAY)
        next(results)
        assert len(fake.transport.requests) - 1 <= 4
        assert len(list(results)) == 49


def test_nothing_wanted_asks_nothing() -> None:
    fake = FakeSpotify()
    with fake.client() as client:
        assert list(extract(client, [], {}, TODAY)) == []
    assert fake.transport.requests == []


# The user's own list


def test_all_of_the_users_playlists_are_listed_fifty_a_request() -> None:
    playlists = [FakePlaylist(playlist_id(number), snapshot_id=f"s{number}") for number in range(120)]
    listing: list[FakePlaylist | None] = [*playlists[:49], None, None, *playlists[49:], None]
    fake = FakeSpotify(playlists, listing)
    with fake.client() as client:
        listed = list_mine(client)
        assert client.requests_sent == 3
    assert listed.wanted == [Wanted(playlist.id, playlist.snapshot_id) for playlist in playlists]
    assert listed.hidden == 3
    assert [request.query.get("offset") for request in fake.transport.requests[1:]] == ["0", "50", "100"]


@pytest.mark.parametrize(("number", "requests_made"), [(0, 1), (1, 1), (50, 1), (51, 2), (100, 2)])
def test_listing_asks_for_no_page_too_many(number: int, requests_made: int) -> None:
    with FakeSpotify([FakePlaylist(playlist_id(n)) for n in range(number)]).client() as client:
        assert len(list_mine(client).wanted) == number
        assert client.requests_sent == requests_made


def test_a_playlist_that_is_listed_twice_is_read_once() -> None:
    playlist = FakePlaylist(ID)
    with FakeSpotify([playlist], [playlist, None, playlist]).client() as client:
        assert list_mine(client).wanted == [Wanted(ID, "snapshot-1")]


def test_a_listing_that_promises_more_than_it_has_is_read_three_times_and_not_called_whole() -> None:
    fake = FakeSpotify()
    fake.on("me/playlists", lambda _: found({"items": [], "total": 7}), times=100)
    with fake.client() as client:
        listed = list_mine(client)
        assert (listed.wanted, listed.whole) == ([], False)
        assert client.requests_sent == 3


def test_a_listing_that_is_edited_between_its_pages_is_read_again() -> None:
    fake = FakeSpotify()
    totals = iter([3, 2, 2, 2])  # of two readings in two pages each
    page = {"items": [{"id": ID, "snapshot_id": "snapshot-1"}]}
    fake.on("me/playlists", lambda _: found(page | {"total": next(totals)}), times=4)
    with fake.client() as client:
        listed = list_mine(client)
        assert listed.whole
        assert client.requests_sent == 4


def test_nobodys_list_cannot_be_asked_for() -> None:
    fake = FakeSpotify()
    with (
        fake.client(user=False) as client,
        pytest.raises(LoginError, match=r"run `spotify-pipeline login`, or name public"),
    ):
        list_mine(client)
    assert fake.transport.requests == []


@pytest.mark.parametrize(
    ("answering", "problem"),
    [
        (drop, UnreachableError),
        (lambda _: error(403, "User not registered"), RefusedError),
        (lambda _: Answer(b'{"items": [{}], "total": 1}'), MalformedError),
        (lambda _: Answer(b'{"items": []}'), MalformedError),
    ],
)
def test_a_list_that_cannot_be_had_is_an_error(answering: Any, problem: type[Exception]) -> None:
    fake = FakeSpotify()
    fake.on("me/playlists", answering, times=ATTEMPTS)
    with fake.client() as client, pytest.raises(problem):
        list_mine(client)
