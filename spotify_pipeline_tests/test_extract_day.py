"""A day's extraction against a server that replays real answers: what is staged, and what the manifest says."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Self

import pytest
import requests

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.errors import SettingsError
from spotify_pipeline.progress import Progress
from spotify_pipeline.spotify.errors import (
    LoginError,
    MalformedError,
    QuotaError,
    RefusedError,
    UnreachableError,
)
from spotify_pipeline.spotify.extraction import METADATA_ONLY, NO_LONGER_LISTED
from spotify_pipeline.spotify.manifest import Manifest, Status
from spotify_pipeline.steps.extract import extract_day
from spotify_pipeline_tests.spotify.fake_clock import FakeClock

DAY = date(2021, 4, 8)
NEXT_DAY = DAY + timedelta(days=1)
MODES = ["development", "extended"]
UNKNOWN = "0" * 22
QUOTA = {"status": 429, "times": -1, "headers": {"Retry-After": "50000"}, "body": "QUOTA_EXCEEDED"}

Replay = Callable[..., Any]
BackendsFor = Callable[..., Backends]


def run(backends: Backends, *, refresh: bool = False) -> Manifest:
    """Extract today and commit it, as every way of running a day does."""
    manifest = extract_day(backends, backends.settings.today(), refresh=refresh)
    backends.raw.commit(manifest)
    return manifest


def statuses(manifest: Manifest) -> dict[str, str]:
    return {row.playlist_id: row.status.value for row in manifest.playlists}


def run_counts(backends: Backends) -> dict[str, int]:
    """How many playlists have each status on the day as it was last committed."""
    return backends.raw.open_day(DAY).manifest.counts()


def document(backends: Backends, playlist_id: str, day: date = DAY) -> bytes:
    return backends.raw.open_day(day).document(playlist_id)


def asked(server: Any) -> dict[str, int]:
    """How many requests of each kind the server has got since this was last called, tokens left out."""
    counts: dict[str, int] = server.log()["families"]
    server.clear_log()
    return {family: number for family, number in counts.items() if family != "token"}


def length(server: Any, playlist_id: str) -> int:
    return len(server.library.version(playlist_id, DAY.isoformat()).entries)


def peoples(server: Any) -> list[str]:
    """The playlists that Spotify has not made itself, shortest first."""
    made_by_people = (playlist_id for playlist_id in server.library.meta if not playlist_id.startswith("37i9dQ"))
    return sorted(made_by_people, key=lambda playlist_id: length(server, playlist_id))


def spotifys_own(server: Any) -> str:
    """A playlist that Spotify has made: in development mode nobody else may read it."""
    playlists: list[str] = sorted(server.library.meta)
    return next(playlist_id for playlist_id in playlists if playlist_id.startswith("37i9dQ"))


def some(server: Any) -> list[str]:
    """A short and a long playlist."""
    return [peoples(server)[5], peoples(server)[-1]]


def listing_pages(server: Any) -> int:
    """How many requests the list of the user's playlists takes, hidden ones included."""
    return -(-len(server.library.meta) // 50)


class Recorded(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.counted: list[tuple[int, int, str]] = []
        self.told: list[str] = []

    def count(self, done: int, total: int, text: str) -> None:
        self.counted.append((done, total, text))

    def tell(self, text: str) -> None:
        self.told.append(text)


class PlainReader:
    """Reads playlists with plain requests: the first answer, with the entries of all further pages."""

    def __init__(self, server: Any) -> None:
        self._server, self._session = server, requests.Session()
        form = {"grant_type": "refresh_token", "refresh_token": "any"}
        token = self._session.post(f"{server.url}/api/token", form, auth=("client", "secret")).json()
        self._session.headers["Authorization"] = f"Bearer {token['access_token']}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def first_answer(self, playlist_id: str) -> bytes:
        url = f"{self._server.url}/v1/playlists/{playlist_id}?additional_types=track,episode"
        return self._session.get(url).content

    def playlist(self, playlist_id: str) -> Any:
        """The whole playlist; numbers with a point are kept as they are written."""
        playlist = json.loads(self.first_answer(playlist_id), parse_float=str)
        contents = playlist["items" if "items" in playlist else "tracks"]
        while contents["next"]:
            page = json.loads(self._session.get(contents["next"]).content, parse_float=str)
            contents["items"] += page["items"]
            contents["next"] = page["next"]
        return playlist


# What is kept


@pytest.mark.parametrize("mode", MODES)
def test_every_playlist_is_kept_as_all_its_pages_together(mode: str, replay: Replay, backends_for: BackendsFor) -> None:
    server = replay(mode=mode)
    named = peoples(server)
    backends = backends_for(server.url, SPOTIFY_PIPELINE_PLAYLISTS=",".join(named))
    manifest = run(backends)
    assert [row.playlist_id for row in manifest.playlists] == sorted(named)
    for row in manifest.playlists:
        total = length(server, row.playlist_id)
        assert (row.status, row.items_total, row.items_read) == (Status.OBSERVED, total, total)
        assert row.observed_date == DAY
    documents = dict(backends.raw.open_day(DAY))
    assert documents.keys() == set(named)
    with PlainReader(server) as reader:
        for playlist_id, raw in documents.items():
            assert b"\n" not in raw
            assert json.loads(raw, parse_float=str) == reader.playlist(playlist_id)


@pytest.mark.parametrize("mode", MODES)
def test_the_manifest_counts_every_request_and_one_token_serves_them_all(
    mode: str, replay: Replay, backends_for: BackendsFor
) -> None:
    server = replay(mode=mode)
    manifest = run(backends_for(server.url, SPOTIFY_PIPELINE_PLAYLISTS=",".join(peoples(server)[-8:])))
    assert server.log()["families"]["token"] == 1
    assert manifest.requests == sum(asked(server).values()) == sum(row.requests for row in manifest.playlists)


def test_all_of_the_users_playlists_are_read_and_hidden_ones_counted(replay: Replay, backends_for: BackendsFor) -> None:
    server = replay(mode="development")
    manifest = run(backends_for(server.url))
    assert statuses(manifest) == dict.fromkeys(sorted(peoples(server)), "observed")
    assert manifest.hidden_playlists == len(server.library.meta) - len(peoples(server)) > 0
    assert manifest.requests == sum(asked(server).values()) > sum(row.requests for row in manifest.playlists)


def test_progress_is_told_of_every_playlist(replay: Replay, backends_for: BackendsFor) -> None:
    server = replay()
    named = [*some(server), UNKNOWN]
    progress = Recorded()
    backends = backends_for(server.url, SPOTIFY_PIPELINE_PLAYLISTS=",".join(named))
    extract_day(backends, DAY, progress=progress)
    assert [(done, of) for done, of, _ in progress.counted] == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert sorted(text for _, _, text in progress.counted[1:]) == sorted(
        [
            f"{some(server)[0]} observed",
            f"{some(server)[1]} observed",
            f"{UNKNOWN} not_found: Spotify answered 404: Resource not found",
        ]
    )
    assert progress.told == []


def test_progress_is_told_of_waiting(replay: Replay, backends_for: BackendsFor) -> None:
    server = replay(faults=[{"match": "/v1/playlists/", "status": 429, "headers": {"Retry-After": "17"}}])
    progress = Recorded()
    extract_day(backends_for(server.url, SPOTIFY_PIPELINE_PLAYLISTS=some(server)[0]), DAY, progress=progress)
    assert progress.told == ["Spotify limits the rate of requests: waiting 17 s"]


def test_nothing_holds_before_the_manifest_is_committed(replay: Replay, backends_for: BackendsFor) -> None:
    server = replay()
    backends = backends_for(server.url, SPOTIFY_PIPELINE_PLAYLISTS=some(server)[0])
    manifest = extract_day(backends, DAY)
    assert backends.raw.days() == []
    backends.raw.commit(manifest)
    assert backends.raw.days() == [DAY]


def test_what_an_interrupted_run_has_read_does_not_slip_into_the_next_one(
    replay: Replay, backends_for: BackendsFor
) -> None:
    server = replay()
    short, long = some(server)
    extract_day(backends_for(server.url, SPOTIFY_PIPELINE_PLAYLISTS=long), DAY)  # and never committed
    backends = backends_for(server.url, SPOTIFY_PIPELINE_PLAYLISTS=short)
    assert statuses(run(backends)) == {short: "observed"}
    assert backends.raw.documents(DAY) == {short}


# Named playlists


def test_named_playlists_are_read_in_any_form_each_once(replay: Replay, backends_for: BackendsFor) -> None:
    server = replay()
    short, long = some(server)
    text = f"https://open.spotify.com/intl-de/playlist/{long}?si=1, spotify:playlist:{short} {long}"
    manifest = run(backends_for(server.url, SPOTIFY_PIPELINE_PLAYLISTS=text))
    assert statuses(manifest) == {short: "observed", long: "observed"}
    assert "my_playlists" not in asked(server)


def test_a_playlist_that_does_not_exist_is_not_found_and_the_others_are_read(
    replay: Replay, backends_for: BackendsFor
) -> None:
    server = replay(mode="development")
    short, hidden = some(server)[0], spotifys_own(server)
    backends = backends_for(server.url, SPOTIFY_PIPELINE_PLAYLISTS=f"{UNKNOWN},{hidden},{short}")
    manifest = run(backends)
    assert statuses(manifest) == {UNKNOWN: "not_found", hidden: "not_found", short: "observed"}
    assert backends.raw.documents(DAY) == {short}


@pytest.mark.parametrize("text", ["spotify:album:1111111111222222222233", "somebody's playlist", ","])
def test_what_names_no_playlist_is_refused_before_anything_is_asked(
    text: str, replay: Replay, backends_for: BackendsFor
) -> None:
    server = replay()
    backends = backends_for(server.url, SPOTIFY_PIPELINE_PLAYLISTS=text)
    with pytest.raises(SettingsError, match=r"is not a playlist|is empty"):
        extract_day(backends, DAY)
    assert asked(server) == {}
    assert not backends.settings.data_dir.exists()


# Logging in


def test_the_app_alone_reads_public_playlists_in_extended_mode(replay: Replay, backends_for: BackendsFor) -> None:
    server = replay(mode="extended")
    named = some(server)
    backends = backends_for(server.url, SPOTIFY_REFRESH_TOKEN="", SPOTIFY_PIPELINE_PLAYLISTS=",".join(named))
    assert statuses(run(backends)) == dict.fromkeys(sorted(named), "observed")


def test_the_app_alone_gets_metadata_only_in_development_mode(replay: Replay, backends_for: BackendsFor) -> None:
    server = replay(mode="development")
    short, _ = some(server)
    backends = backends_for(server.url, SPOTIFY_REFRESH_TOKEN="", SPOTIFY_PIPELINE_PLAYLISTS=short)
    [row] = run(backends).playlists
    assert (row.status, row.reason, row.items_read) == (Status.RESTRICTED, METADATA_ONLY, 0)
    assert json.loads(document(backends, short))["id"] == short


def test_the_app_alone_has_no_playlists_of_its_own(replay: Replay, backends_for: BackendsFor) -> None:
    server = replay()
    with pytest.raises(LoginError, match="no user has logged in"):
        extract_day(backends_for(server.url, SPOTIFY_REFRESH_TOKEN=""), DAY)
    assert asked(server) == {}


@pytest.mark.parametrize("playlists", ["mine", UNKNOWN])
def test_a_dead_refresh_token_ends_the_day_with_nothing_kept(
    playlists: str, replay: Replay, backends_for: BackendsFor
) -> None:
    server = replay()
    backends = backends_for(
        server.url, SPOTIFY_REFRESH_TOKEN=server.expired_refresh_token, SPOTIFY_PIPELINE_PLAYLISTS=playlists
    )
    with pytest.raises(LoginError, match="invalid_grant"):
        extract_day(backends, DAY)
    assert server.log()["families"] == {"token": 1}
    assert backends.raw.days() == []


def test_without_credentials_nothing_is_asked(replay: Replay, backends_for: BackendsFor) -> None:
    server = replay()
    with pytest.raises(LoginError, match="No Spotify credentials"):
        extract_day(backends_for(server.url, SPOTIPY_CLIENT_ID=""), DAY)
    assert asked(server) == {}


# The right day


@pytest.mark.parametrize("day", [DAY - timedelta(days=1), NEXT_DAY])
def test_another_day_than_today_is_refused_with_the_reason(
    day: date, replay: Replay, backends_for: BackendsFor
) -> None:
    server = replay()
    backends = backends_for(server.url)
    sentence = rf"so {day} cannot be extracted, only today, {DAY} \(UTC\); transform and publish run for any day"
    with pytest.raises(SettingsError, match=sentence):
        extract_day(backends, day)
    assert asked(server) == {}
    assert not backends.settings.data_dir.exists()


# The same day again, and the next one


def test_the_day_again_asks_for_the_list_only_and_changes_nothing(replay: Replay, backends_for: BackendsFor) -> None:
    server = replay(mode="development")
    backends = backends_for(server.url)
    first = run(backends)
    before = dict(backends.raw.open_day(DAY))
    asked(server)
    second = run(backends)
    assert asked(server) == {"my_playlists": listing_pages(server)}
    assert (second.playlists, second.hidden_playlists) == (first.playlists, first.hidden_playlists)
    assert dict(backends.raw.open_day(DAY)) == before


@pytest.mark.parametrize("mode", MODES)
def test_the_day_again_asks_nothing_for_named_playlists_that_are_done(
    mode: str, replay: Replay, backends_for: BackendsFor
) -> None:
    server = replay(mode=mode)
    short, long = some(server)
    first = run(backends_for(server.url, SPOTIFY_PIPELINE_PLAYLISTS=short))
    asked(server)
    backends = backends_for(server.url, SPOTIFY_PIPELINE_PLAYLISTS=f"{short},{long},{UNKNOWN}")
    second = run(backends)
    assert asked(server)["playlist"] == 3  # the long one, whether it was edited meanwhile, and the unknown one
    assert second.by_id()[short] == first.by_id()[short]
    assert statuses(second) == {short: "observed", long: "observed", UNKNOWN: "not_found"}
    assert backends.raw.documents(DAY) == {short, long}


def test_a_refresh_reads_everything_again(replay: Replay, backends_for: BackendsFor) -> None:
    server = replay()
    backends = backends_for(server.url, SPOTIFY_PIPELINE_PLAYLISTS=",".join(some(server)))
    first = run(backends)
    asked_first = asked(server)
    second = run(backends, refresh=True)
    assert asked(server) == asked_first
    assert statuses(second) == statuses(first) == dict.fromkeys(sorted(some(server)), "observed")
    for before, after in zip(first.playlists, second.playlists, strict=True):
        assert before.fetched_at is not None
        assert after.fetched_at is not None
        assert after.fetched_at > before.fetched_at


@pytest.mark.parametrize(
    "fault",
    [
        {"match": "/v1/playlists/", "status": 403, "times": -1},
        {"match": "/v1/playlists/", "status": 404, "times": -1},
        {"match": "/v1/playlists/", "kind": "truncate", "times": -1},
        {"match": "/v1/playlists/", "kind": "drop", "times": -1},
    ],
)
def test_a_refresh_that_fails_takes_nothing_away(
    fault: dict[str, Any], replay: Replay, backends_for: BackendsFor
) -> None:
    server = replay()
    backends = backends_for(server.url, SPOTIFY_PIPELINE_PLAYLISTS=",".join(some(server)))
    first = run(backends)
    documents = dict(backends.raw.open_day(DAY))
    server.set_faults([fault])
    assert run(backends, refresh=True).playlists == first.playlists
    assert dict(backends.raw.open_day(DAY)) == documents


def test_a_refresh_that_gets_metadata_only_takes_nothing_away(replay: Replay, backends_for: BackendsFor) -> None:
    readable = replay(mode="development")
    short, _ = some(readable)
    variables = {"SPOTIFY_PIPELINE_PLAYLISTS": short}
    backends = backends_for(readable.url, **variables)
    first = run(backends)
    whole = document(backends, short)
    assert run(backends_for(replay(owned="nobody's").url, **variables), refresh=True).playlists == first.playlists
    assert document(backends, short) == whole


@pytest.mark.parametrize("refresh", [False, True])
def test_a_restricted_playlist_stays_so_when_the_day_again_fails(
    refresh: bool, replay: Replay, backends_for: BackendsFor
) -> None:
    server = replay(mode="development", owned="nobody's")
    short, _ = some(server)
    backends = backends_for(server.url, SPOTIFY_PIPELINE_PLAYLISTS=short)
    assert statuses(run(backends)) == {short: "restricted"}
    server.set_faults([{"match": "/v1/playlists/", "status": 500, "times": -1}])
    assert statuses(run(backends, refresh=refresh)) == {short: "restricted"}


def test_what_a_used_up_quota_has_cut_short_is_completed_by_the_day_again(
    replay: Replay, backends_for: BackendsFor, clock: FakeClock
) -> None:
    server = replay()
    named = peoples(server)[20:40]
    backends = backends_for(server.url, SPOTIFY_PIPELINE_PLAYLISTS=",".join(named))
    server.set_faults([{"match": "/v1/playlists/", "after": 5} | QUOTA])
    counts = run(backends).counts()
    assert (counts["observed"], counts["failed"]) == (5, 15)
    server.set_faults([])
    asked(server)
    with pytest.raises(QuotaError):  # it is remembered, and not asked for
        run(backends)
    assert asked(server) == {}
    assert run_counts(backends) == counts
    clock.pass_(50_000)
    assert statuses(run(backends)) == dict.fromkeys(sorted(named), "observed")
    assert asked(server) == {"playlist": 15}


@pytest.mark.parametrize("mode", MODES)
def test_on_the_next_day_only_what_has_changed_is_read(mode: str, replay: Replay, backends_for: BackendsFor) -> None:
    server = replay(mode=mode, owned="all", date=DAY.isoformat())
    changed = set(sorted(server.changes(DAY.isoformat(), NEXT_DAY.isoformat()))[:5])
    named = sorted({*changed, *some(server)})
    variables = {"SPOTIFY_PIPELINE_PLAYLISTS": ",".join(named)}
    run(backends_for(server.url, **variables))
    server.set_date(NEXT_DAY.isoformat())
    asked(server)
    backends = backends_for(server.url, NEXT_DAY, **variables)
    manifest = run(backends)
    assert {row.playlist_id for row in manifest.playlists if row.status is Status.OBSERVED} == changed
    assert {row.playlist_id for row in manifest.playlists if row.status is Status.UNCHANGED} == set(some(server))
    for playlist_id in some(server):
        row = manifest.by_id()[playlist_id]
        assert (row.requests, row.observed_date) == (1, DAY)
        assert document(backends, playlist_id, NEXT_DAY) == document(backends, playlist_id)


def test_a_listed_playlist_that_has_not_changed_costs_no_request_on_the_next_day(
    replay: Replay, backends_for: BackendsFor
) -> None:
    server = replay(mode="development")
    run(backends_for(server.url))
    asked(server)
    backends = backends_for(server.url, NEXT_DAY)
    manifest = run(backends)
    assert asked(server) == {"my_playlists": listing_pages(server)}
    assert statuses(manifest) == dict.fromkeys(sorted(peoples(server)), "unchanged")
    assert backends.raw.documents(NEXT_DAY) == set(peoples(server))


def test_an_unchanged_playlist_whose_document_is_gone_is_read_again(replay: Replay, backends_for: BackendsFor) -> None:
    server = replay()
    short, long = some(server)
    variables = {"SPOTIFY_PIPELINE_PLAYLISTS": f"{short},{long}"}
    backends = backends_for(server.url, **variables)
    run(backends)
    backends.raw.quarantine_document(DAY, short)
    manifest = run(backends_for(server.url, NEXT_DAY, **variables))
    assert statuses(manifest) == {short: "observed", long: "unchanged"}


def test_a_playlist_that_fails_for_a_day_is_known_as_unchanged_on_the_day_after(
    replay: Replay, backends_for: BackendsFor
) -> None:
    server = replay()
    short, _ = some(server)
    for day, faults, status in [
        (DAY, [], "observed"),
        (NEXT_DAY, [{"match": "/v1/playlists/", "status": 403}], "failed"),
        (NEXT_DAY + timedelta(days=1), [], "unchanged"),
    ]:
        server.set_faults(faults)
        backends = backends_for(server.url, day, SPOTIFY_PIPELINE_PLAYLISTS=short)
        assert statuses(run(backends)) == {short: status}
    assert document(backends, short, day) == document(backends, short, DAY)


def test_a_playlist_that_is_no_longer_listed_is_not_found(replay: Replay, backends_for: BackendsFor) -> None:
    everything = replay(owned="all")
    gone, kept = spotifys_own(everything), some(everything)[0]
    less = replay(owned=kept)
    run(backends_for(everything.url, SPOTIFY_PIPELINE_PLAYLISTS=f"{gone},{kept}"))
    backends = backends_for(less.url, NEXT_DAY)
    manifest = run(backends)
    assert statuses(manifest)[kept] == "unchanged"
    row = manifest.by_id()[gone]
    assert (row.status, row.reason, row.requests) == (Status.NOT_FOUND, NO_LONGER_LISTED, 0)
    assert row.last_reading is not None
    assert row.last_reading.snapshot_date == DAY
    assert gone not in backends.raw.documents(NEXT_DAY)


def test_what_was_read_today_stays_read_when_it_is_no_longer_listed(replay: Replay, backends_for: BackendsFor) -> None:
    everything, less = replay(owned="all"), replay(owned="nobody's")
    gone = spotifys_own(everything)
    backends = backends_for(everything.url, SPOTIFY_PIPELINE_PLAYLISTS=gone)
    first = run(backends)
    assert run(backends_for(less.url)).by_id()[gone] == first.by_id()[gone]
    assert gone in backends.raw.documents(DAY)


# Faults


@pytest.mark.parametrize("kind", ["truncate", "empty"])
def test_a_malformed_answer_is_put_aside_and_read_again_by_the_day_again(
    kind: str, replay: Replay, backends_for: BackendsFor
) -> None:
    server = replay()
    short, long = some(server)
    backends = backends_for(server.url, SPOTIFY_PIPELINE_PLAYLISTS=f"{short},{long}")
    server.set_faults([{"match": f"{short}$", "kind": kind, "times": 4}])
    row = run(backends).by_id()[short]
    assert row.status is Status.FAILED
    kept = backends.settings.data_dir / f"raw/_quarantine/playlists/snapshot_date={DAY}/{short}.body"
    assert row.reason == f"Spotify's answer is empty, cut off or not a JSON object; the answer is kept in {kept}"
    with PlainReader(server) as reader:
        body = reader.first_answer(short)
    assert kept.read_bytes() == (b"" if kind == "empty" else body[: len(body) // 2])
    assert backends.raw.documents(DAY) == {long}
    assert statuses(run(backends)) == {short: "observed", long: "observed"}


def test_a_playlist_that_is_edited_while_it_is_read_is_kept_as_it_was_afterwards(
    replay: Replay, backends_for: BackendsFor
) -> None:
    server = replay()
    _, long = some(server)
    backends = backends_for(server.url, SPOTIFY_PIPELINE_PLAYLISTS=long)
    server.set_faults([{"match": "/items", "kind": "edit", "count": 7, "after": 1}])
    [row] = run(backends).playlists
    assert (row.status, row.items_read) == (Status.OBSERVED, length(server, long) - 7)
    with PlainReader(server) as reader:
        assert json.loads(document(backends, long), parse_float=str) == reader.playlist(long)


def test_playlists_of_other_people_are_restricted_and_their_metadata_kept(
    replay: Replay, backends_for: BackendsFor
) -> None:
    server = replay(mode="development", owned="nobody's")
    short, long = some(server)
    backends = backends_for(server.url, SPOTIFY_PIPELINE_PLAYLISTS=f"{short},{long}")
    manifest = run(backends)
    assert statuses(manifest) == {short: "restricted", long: "restricted"}
    assert asked(server) == {"playlist": 2}
    assert json.loads(document(backends, short))["id"] == short


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ({"status": 403}, RefusedError),
        (QUOTA, QuotaError),
        ({"status": 401, "times": -1}, LoginError),
        ({"kind": "drop", "times": -1}, UnreachableError),
        ({"body": {"items": 7}, "status": 200}, MalformedError),
    ],
)
def test_without_the_users_list_there_is_no_day(
    fault: dict[str, Any], problem: type[Exception], replay: Replay, backends_for: BackendsFor
) -> None:
    server = replay()
    server.set_faults([{"match": "/me/playlists"} | fault])
    backends = backends_for(server.url)
    with pytest.raises(problem):
        extract_day(backends, DAY)
    assert backends.raw.days() == []
