"""Details of artists and albums, read from a server that replays real answers: what is asked, kept and shown."""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any

import pytest
import requests

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.progress import Progress
from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.details import ALBUMS, ARTISTS, Details
from spotify_pipeline.steps.details import Enrichment, enrich_day
from spotify_pipeline.steps.extract import extract_day
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline.storage.details import OBJECTS_IN_FILE
from spotify_pipeline.storage.objects import open_store
from spotify_pipeline.storage.raw import RawStore
from spotify_pipeline.tables.audit import AuditedDay, audit
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline.tables.parquet import to_parquet
from spotify_pipeline_tests.conftest import FIRST_ARCHIVE_DAY
from spotify_pipeline_tests.spotify.fake_clock import FakeClock
from spotify_pipeline_tests.storage.crashes import Crash, CrashingStore
from spotify_pipeline_tests.storage.staging import read_all
from spotify_pipeline_tests.tables.builders import transform

DAY = FIRST_ARCHIVE_DAY
NEXT_DAY = DAY + timedelta(days=1)
MODES = ["development", "extended"]
KINDS = (ARTISTS, ALBUMS)
QUOTA = {"status": 429, "times": -1, "headers": {"Retry-After": "50000"}, "body": "QUOTA_EXCEEDED"}

Replay = Callable[..., Any]
BackendsOn = Callable[..., Backends]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def backends_on(settings_for: Callable[..., Settings], clock: FakeClock) -> BackendsOn:
    """The backends of a day, with one playlist, or those named, and a clock that is always right on time."""

    def make(server: Any, day: date = DAY, *named: str, **variables: str) -> Backends:
        playlists = ",".join(named or [playlist(server)])
        settings = settings_for(server.url, day, SPOTIFY_PIPELINE_PLAYLISTS=playlists, **variables)
        return choose_backends(settings, new_patience=clock.patience)

    return make


def lengths(server: Any) -> dict[str, int]:
    """The playlists that people have made, shortest first."""
    found = {name: len(server.library.version(name, DAY.isoformat()).entries) for name in server.library.meta}
    return {name: found[name] for name in sorted(found, key=found.__getitem__) if not name.startswith("37i9dQ")}


def playlist(server: Any, at_least: int = 40) -> str:
    """The shortest playlist that has so many entries."""
    return next(name for name, length in lengths(server).items() if length >= at_least)


def few(server: Any) -> str:
    """A playlist with few artists and albums."""
    return playlist(server, 14)


def ids_in(server: Any, name: str) -> dict[str, set[str]]:
    """The artists and albums of the tracks in a playlist."""
    contents = [
        server.library.item(entry)["content"] for entry in server.library.version(name, DAY.isoformat()).entries
    ]
    tracks = [content for content in contents if content and content["type"] == "track"]
    albums = [track["album"] for track in tracks]
    artists = [artist for thing in (*tracks, *albums) for artist in thing["artists"]]
    return {kind: {one["id"] for one in found} for kind, found in (("artists", artists), ("albums", albums))}


def extracted(backends: Backends) -> Backends:
    backends.raw.commit(extract_day(backends, backends.settings.today()))
    return backends


def enriched(backends: Backends) -> Enrichment:
    """Today's enrichment, after the playlists have been read."""
    return enrich_day(extracted(backends), backends.settings.today())


def asked(server: Any) -> Counter[str]:
    """How many requests about details the server has got since this was last called, by kind: singly, or in batches."""
    families = server.log()["families"]
    server.clear_log()
    return Counter({name: families[name] for name in ("artist", "artists", "album", "albums") if name in families})


def ids_asked(server: Any) -> Counter[str]:
    """How often each artist and album was asked for and not refused."""
    paths = [path for _, path in server.log()["requests"]]
    singly = [path.split("/")[3] for path in paths if path.startswith(("/v1/artists/", "/v1/albums/"))]
    together = [path.split("?ids=")[1].split("%2C") for path in paths if "?ids=" in path and not server.development]
    return Counter(singly) + Counter(one for ids in together for one in ids)


def files(backends: Backends) -> dict[str, bytes]:
    store = open_store(str(backends.settings.data_dir / "raw"))
    return {key: store.get(key) for kind in KINDS for key in store.list(f"{kind.name}/")}


def stored(backends: Backends) -> dict[str, Any]:
    """What is kept of each artist and album; numbers with a point as they are written."""
    lines = [line for content in files(backends).values() for line in gzip.decompress(content).splitlines()]
    return {document["id"]: document for document in (json.loads(line, parse_float=str) for line in lines)}


@contextmanager
def plain_requests(server: Any) -> Iterator[Callable[[str, str], Any]]:
    """Ask the server for an object with a plain request; numbers with a point are kept as they are written."""
    with requests.Session() as session:
        form = {"grant_type": "refresh_token", "refresh_token": "any"}
        token = session.post(f"{server.url}/api/token", form, auth=("client", "secret")).json()
        session.headers["Authorization"] = f"Bearer {token['access_token']}"
        yield lambda kind, one: json.loads(session.get(f"{server.url}/v1/{kind}/{one}").content, parse_float=str)


def tables(backends: Backends, day: date = DAY) -> dict[str, bytes]:
    transform_day(backends, backends.raw.open_day(day))
    frames = read_all(backends.tables, day)
    return {name: to_parquet(TABLES[name], frame) for name, frame in frames.items()}


# What is asked, and kept


def test_apps_in_development_mode_ask_for_one_after_the_other(replay: Replay, backends_on: BackendsOn) -> None:
    server = replay(mode="development")
    ids = ids_in(server, playlist(server))
    enrichment = enriched(backends_on(server))
    artists, albums = len(ids["artists"]), len(ids["albums"])
    # One request tells that several may not be asked for at once.
    assert asked(server) == {"artists": 1, "artist": artists, "album": albums}
    assert enrichment == Enrichment(
        Details(artists, artists, 0), Details(albums, albums, 0), requests=1 + artists + albums, reason=None
    )


def test_apps_in_extended_mode_ask_for_fifty_artists_or_twenty_albums_at_once(
    replay: Replay, backends_on: BackendsOn
) -> None:
    server = replay(mode="extended")
    ids = ids_in(server, playlist(server))
    enrichment = enriched(backends_on(server))
    artists, albums = len(ids["artists"]), len(ids["albums"])
    assert artists > 50
    assert albums > 20
    assert asked(server) == {"artists": -(-artists // 50), "albums": -(-albums // 20)}
    assert (enrichment.artists, enrichment.albums) == (Details(artists, artists, 0), Details(albums, albums, 0))
    assert enrichment.requests == -(-artists // 50) - (-albums // 20)


@pytest.mark.parametrize("mode", MODES)
def test_every_object_is_kept_as_it_was_sent_some_in_each_file(
    mode: str, replay: Replay, backends_on: BackendsOn
) -> None:
    server = replay(mode=mode)
    backends = backends_on(server)
    enriched(backends)
    kept = stored(backends)
    with plain_requests(server) as ask:
        for kind, ids in ids_in(server, playlist(server)).items():
            assert {one: kept.pop(one) for one in ids} == {one: ask(kind, one) for one in ids}
    assert not kept
    for key, content in files(backends).items():
        assert key.split("/")[:2] in [["artists", f"snapshot_date={DAY}"], ["albums", f"snapshot_date={DAY}"]]
        assert gzip.decompress(content).count(b"\n") <= OBJECTS_IN_FILE


def test_details_are_wanted_of_exactly_the_artists_and_albums_in_the_tables(
    replay: Replay, backends_on: BackendsOn
) -> None:
    server = replay(mode="extended")
    backends = extracted(backends_on(server, DAY, *islice(lengths(server), 60)))
    transform_day(backends, backends.raw.open_day(DAY))
    frames = read_all(backends.tables, DAY)
    enrich_day(backends, DAY)
    assert backends.raw.details.ids(ARTISTS) == set(frames["artists"]["artist_id"])
    assert backends.raw.details.ids(ALBUMS) == set(frames["albums"]["album_id"])


@pytest.mark.parametrize("mode", MODES)
def test_the_same_day_again_asks_for_nothing_and_changes_nothing(
    mode: str, replay: Replay, backends_on: BackendsOn
) -> None:
    server = replay(mode=mode)
    backends = backends_on(server)
    first = enriched(backends)
    before, made = files(backends), tables(backends)
    server.clear_log()
    again = enrich_day(backends, DAY)
    assert server.log()["requests"] == []
    assert (again.artists, again.albums) == (
        Details(first.artists.wanted, 0, 0),
        Details(first.albums.wanted, 0, 0),
    )
    assert (again.requests, again.reason) == (0, None)
    assert files(backends) == before
    assert tables(backends) == made


def test_progress_is_told_as_they_are_read(replay: Replay, backends_on: BackendsOn) -> None:
    told: list[tuple[int, int, str]] = []

    class Told(Progress):
        def count(self, done: int, total: int, text: str) -> None:
            told.append((done, total, text))

    server = replay(mode="extended")
    backends = extracted(backends_on(server))
    enrichment = enrich_day(backends, DAY, progress=Told())
    artists, albums = enrichment.artists.read, enrichment.albums.read
    assert told == [
        (50, artists, "details of artists"),
        (artists, artists, "details of artists"),
        (20, albums, "details of albums"),
        (albums, albums, "details of albums"),
    ]


# When nothing is asked


def test_for_a_day_that_is_over_nothing_is_asked_and_that_is_said(replay: Replay, backends_on: BackendsOn) -> None:
    server = replay()
    extracted(backends_on(server))
    server.clear_log()
    enrichment = enrich_day(backends_on(server, NEXT_DAY), DAY)
    assert server.log()["requests"] == []
    assert enrichment.artists.missing == enrichment.artists.wanted > 0
    assert "only tells what is now" in str(enrichment.reason)


def test_while_playlists_are_missing_the_requests_are_left_to_them(replay: Replay, backends_on: BackendsOn) -> None:
    server = replay()
    backends = backends_on(server, DAY, playlist(server, 5), playlist(server))
    server.set_faults([QUOTA | {"match": "/playlists/", "after": 1}])
    extracted(backends)
    server.clear_log()
    enrichment = enrich_day(backends, DAY)
    assert server.log()["requests"] == []
    assert enrichment.reason == backends.raw.open_day(DAY).manifest.stopped is not None


def test_without_details_the_tables_are_those_of_the_documents_alone(replay: Replay, backends_on: BackendsOn) -> None:
    backends = extracted(backends_on(replay()))
    day = backends.raw.open_day(DAY)
    frames = transform(day.manifest, day.document).frames
    assert tables(backends) == {name: to_parquet(TABLES[name], frame) for name, frame in frames.items()}


def test_a_document_that_cannot_be_read_keeps_no_other_one_from_being_enriched(
    replay: Replay, backends_on: BackendsOn
) -> None:
    server = replay(mode="extended")
    backends = extracted(backends_on(server, DAY, few(server), playlist(server)))
    open_store(backends.raw.uri(DAY)).put(f"{playlist(server)}.json.gz", b"no gzip")
    enrich_day(backends, DAY)
    ids = ids_in(server, few(server))
    assert stored(backends).keys() == ids["artists"] | ids["albums"]


# Over several days


def test_without_a_budget_a_day_spends_no_more_than_spotify_can_spare(
    replay: Replay, backends_on: BackendsOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spotify_pipeline.steps.details._MOST_REQUESTS", 5)
    server = replay(mode="development", owned="all")
    enrichment = enriched(backends_on(server, DAY))
    assert enrichment.requests == 5
    assert enrichment.artists.missing > 0
    assert "requests a day are spent on details" in str(enrichment.reason)


@pytest.mark.parametrize(("mode", "budget"), [("development", 30), ("extended", 3)])
def test_with_a_budget_everything_is_read_over_some_days_and_nothing_twice(
    mode: str, budget: int, replay: Replay, backends_on: BackendsOn
) -> None:
    server = replay(mode=mode)
    ids = ids_in(server, playlist(server))
    wanted = ids["artists"] | ids["albums"]
    missing = len(wanted)
    for day in (DAY + timedelta(days=number) for number in count()):
        backends = backends_on(server, day, SPOTIFY_PIPELINE_REQUEST_BUDGET=str(budget))
        manifest = extract_day(backends, day)
        backends.raw.commit(manifest)
        enrichment = enrich_day(backends, day)
        assert manifest.requests + enrichment.requests <= budget
        missing -= enrichment.artists.read + enrichment.albums.read
        assert (
            missing == enrichment.artists.missing + enrichment.albums.missing == len(wanted - stored(backends).keys())
        )
        if not missing:
            assert enrichment.reason is None
            break
        assert f"budget of {budget} requests" in str(enrichment.reason)
    assert day > DAY
    assert ids_asked(server) == dict.fromkeys(wanted, 1)
    assert stored(backends).keys() == wanted


@pytest.mark.parametrize("mode", MODES)
def test_a_run_that_is_interrupted_keeps_all_that_was_read(mode: str, replay: Replay, backends_on: BackendsOn) -> None:
    server = replay(mode=mode)
    backends = extracted(backends_on(server))

    class Interrupted(Progress):
        def count(self, done: int, total: int, text: str) -> None:
            if text == "details of albums" and done > total // 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enrich_day(backends, DAY, progress=Interrupted())
    enrichment = enrich_day(backends, DAY)
    assert enrichment.artists.read == 0
    assert 0 < enrichment.albums.read < enrichment.albums.wanted
    ids = ids_in(server, playlist(server))
    assert ids_asked(server) == dict.fromkeys(ids["artists"] | ids["albums"], 1)


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_run_that_is_killed_loses_one_file_at_most(written: int, replay: Replay, backends_on: BackendsOn) -> None:
    server = replay(mode="development")
    backends = extracted(backends_on(server))
    objects = CrashingStore(open_store(str(backends.settings.data_dir / "raw")), written)
    backends.raw = RawStore(objects)
    server.clear_log()
    with pytest.raises(Crash):
        enrich_day(backends, DAY)
    read = ids_asked(server).total()
    del backends.raw
    assert read - OBJECTS_IN_FILE <= len(stored(backends)) < read
    enrichment = enrich_day(backends, DAY)
    assert (enrichment.artists.missing, enrichment.albums.missing) == (0, 0)
    again = ids_asked(server).total() - enrichment.artists.wanted - enrichment.albums.wanted
    assert 0 < again <= OBJECTS_IN_FILE


def test_only_what_is_new_is_read_on_the_next_day(replay: Replay, backends_on: BackendsOn) -> None:
    server = replay(mode="extended")
    enriched(backends_on(server))
    before = files(backends_on(server))
    known, added = ids_in(server, playlist(server)), ids_in(server, playlist(server, 50))
    server.clear_log()
    backends = backends_on(server, NEXT_DAY, playlist(server), playlist(server, 50))
    enriched(backends)
    new = (added["artists"] - known["artists"]) | (added["albums"] - known["albums"])
    assert ids_asked(server) == dict.fromkeys(new, 1)
    assert {key: content for key, content in files(backends).items() if str(NEXT_DAY) not in key} == before


# What Spotify does not know, or does not answer well


@pytest.mark.parametrize("status", [404, 400])
def test_an_id_that_does_not_exist_is_asked_for_once(status: int, replay: Replay, backends_on: BackendsOn) -> None:
    server = replay(mode="development")
    unknown = min(ids_in(server, few(server))["artists"])
    server.set_faults([{"match": f"/artists/{unknown}", "status": status, "times": -1}])
    backends = backends_on(server, DAY, few(server))
    enrichment = enriched(backends)
    assert (enrichment.artists.missing, enrichment.reason) == (0, None)
    assert stored(backends)[unknown] == {"id": unknown, "not_found": True}
    server.clear_log()
    assert enriched(backends_on(server, NEXT_DAY, few(server))).artists == Details(enrichment.artists.wanted, 0, 0)
    assert not asked(server)


def test_null_entries_stand_for_ids_that_do_not_exist(replay: Replay, backends_on: BackendsOn) -> None:
    server = replay(mode="extended")
    ids = sorted(ids_in(server, playlist(server))["artists"])
    known = {one: server.library.entity("artist", one) for one in ids[1:49]}
    body = {"artists": [known.get(one) for one in ids[:50]]}
    server.set_faults([{"match": "/artists", "status": 200, "body": body}])
    backends = backends_on(server)
    assert enriched(backends).artists == Details(len(ids), len(ids), 0)
    kept = stored(backends)
    assert [one for one in ids if "not_found" in kept[one]] == [ids[0], ids[49]]
    server.clear_log()
    enrich_day(backends, DAY)
    assert not asked(server)


def test_an_object_with_another_id_is_kept_as_such_and_the_asked_one_taken_as_unknown(
    replay: Replay, backends_on: BackendsOn
) -> None:
    server = replay(mode="development")
    asked_for = min(ids_in(server, few(server))["artists"])
    merged = {"id": "0" * 22, "name": "Merged"}
    server.set_faults([{"match": f"/artists/{asked_for}", "status": 200, "body": merged}])
    backends = backends_on(server, DAY, few(server))
    assert enriched(backends).artists.missing == 0
    kept = stored(backends)
    assert (kept["0" * 22], kept[asked_for]) == (merged, {"id": asked_for, "not_found": True})


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "empty"},
        {"kind": "truncate"},
        {"status": 200, "body": "<html>"},
        {"status": 200, "body": []},
        {"status": 200, "body": {"name": "Nobody"}},
        {"status": 200, "body": {"id": None}},
        {"status": 200, "body": {"id": "x", "popularity": "high"}},
    ],
)
def test_an_answer_that_is_no_artist_is_not_kept_and_asked_for_again_the_next_time(
    fault: dict[str, Any], replay: Replay, backends_on: BackendsOn
) -> None:
    server = replay(mode="development")
    spoiled = max(ids_in(server, few(server))["artists"])
    server.set_faults([{"match": f"/artists/{spoiled}", "times": -1} | fault])
    backends = backends_on(server, DAY, few(server))
    enrichment = enriched(backends)
    assert (enrichment.artists.missing, enrichment.albums.missing) == (1, 0)
    assert "Spotify's answer" in str(enrichment.reason)
    assert spoiled not in stored(backends)
    server.set_faults([])
    server.clear_log()
    again = enrich_day(backends, DAY)
    assert (again.artists.read, again.artists.missing, again.reason) == (1, 0, None)
    assert ids_asked(server) == {spoiled: 1}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"artists": None},
        {"artists": "many"},
        {"artists": [None]},
        {"artists": [{"id": 5}] * 50},
        {"artists": [{"name": "Nobody"}] * 50},
    ],
)
def test_what_a_malformed_answer_for_several_should_have_told_is_asked_for_one_by_one(
    body: dict[str, Any], replay: Replay, backends_on: BackendsOn
) -> None:
    server = replay(mode="extended")
    server.set_faults([{"match": r"/artists\?", "status": 200, "body": body}])
    enrichment = enriched(backends_on(server))
    assert (enrichment.artists.missing, enrichment.reason) == (0, None)
    assert asked(server)["artist"] == 50


def test_an_id_of_no_form_spoils_its_batch_only(replay: Replay, backends_on: BackendsOn) -> None:
    server = replay(mode="extended")
    server.set_faults([{"match": r"/artists\?", "status": 400}])
    enrichment = enriched(backends_on(server))
    assert enrichment.artists.missing == 0
    assert asked(server) == {"artists": 2, "artist": 50, "albums": 2}


@pytest.mark.parametrize("fault", [{"status": 403}, {"status": 500}, {"kind": "drop"}])
def test_after_some_failures_in_a_row_no_more_is_asked(
    fault: dict[str, Any], replay: Replay, backends_on: BackendsOn
) -> None:
    server = replay(mode="development")
    server.set_faults([{"match": "/(artists|albums)/", "after": 7, "times": -1} | fault])
    backends = backends_on(server, DAY, few(server))
    enrichment = enriched(backends)
    assert enrichment.artists.read == 7 == len(stored(backends))
    assert enrichment.albums.missing == enrichment.albums.wanted
    assert enrichment.reason
    attempts = asked(server)["artist"] - 7
    assert attempts == (5 if fault == {"status": 403} else 20)


def test_single_failures_leave_single_gaps(replay: Replay, backends_on: BackendsOn) -> None:
    server = replay(mode="development")
    ids = sorted(ids_in(server, few(server))["artists"])
    server.set_faults([{"match": "/artists/" + "|/artists/".join(ids[::2]), "status": 500, "times": -1}])
    backends = backends_on(server, DAY, few(server))
    enrichment = enriched(backends)
    assert enrichment.artists.missing == len(ids[::2])
    assert "500" in str(enrichment.reason)
    assert not stored(backends).keys() & set(ids[::2])


@pytest.mark.parametrize("mode", MODES)
def test_a_quota_that_ends_in_the_middle_ends_the_reading_and_leaves_what_was_read(
    mode: str, clock: FakeClock, replay: Replay, backends_on: BackendsOn
) -> None:
    server = replay(mode=mode)
    server.set_faults([QUOTA | {"match": "/albums", "after": 1}])
    backends = backends_on(server)
    enrichment = enriched(backends)
    assert enrichment.artists.missing == 0
    assert enrichment.albums.read == (1 if mode == "development" else 20)
    assert "quota for this app is used up" in str(enrichment.reason)
    server.set_faults([])
    server.clear_log()
    blocked = enrich_day(backends, DAY)
    assert not asked(server)
    assert blocked.reason == enrichment.reason
    clock.pass_(50_001)
    assert enrich_day(backends, DAY).albums.missing == 0


# What the tables get


@pytest.fixture
def full_objects(captures: Path, replay_library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server knows real full objects for the artists and albums of the archive, which has little but names."""
    for kind in ("artist", "album"):
        documents = (json.loads(path.read_bytes()) for path in sorted((captures / f"{kind}s").glob("*.json")))
        full = cycle(
            [document for document in documents if isinstance(document, dict) and document.get("type") == kind]
        )
        for one in replay_library._archive[kind]:
            monkeypatch.setitem(replay_library._objects[kind], one, next(full) | {"id": one})


@pytest.mark.parametrize("mode", MODES)
def test_nulls_in_the_tables_are_filled_with_what_the_server_says_of_the_objects(
    mode: str, full_objects: None, replay: Replay, backends_on: BackendsOn
) -> None:
    server = replay(mode=mode, owned="all")
    archived = next(name for name in server.library.meta if name not in lengths(server))
    backends = extracted(backends_on(server, DAY, archived, playlist(server)))
    day = backends.raw.open_day(DAY)
    transform_day(backends, day)
    bare = read_all(backends.tables, DAY)
    enrich_day(backends, DAY)
    transform_day(backends, day)
    filled = read_all(backends.tables, DAY)
    with plain_requests(server) as ask:
        for kind, key, reading in (("artists", "artist_id", artist_reading), ("albums", "album_id", album_reading)):
            rows = [row | filled_nulls(row, reading(ask(kind, row[key]))) for row in bare[kind].iter_rows(named=True)]
            assert filled[kind].rows(named=True) == rows
            assert not filled[kind].equals(bare[kind])
    for name in TABLES.keys() - {"artists", "albums"}:
        assert filled[name].equals(bare[name])
    assert [str(finding) for finding in audit(AuditedDay(filled.__getitem__)) if not finding.passed] == []


def filled_nulls(row: dict[str, Any], reading: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in reading.items() if row[name] is None}


def artist_reading(document: dict[str, Any]) -> dict[str, Any]:
    return {
        "genres": document.get("genres"),
        "followers_total": document.get("followers", {}).get("total"),
        "popularity": document.get("popularity"),
        "image_url": next((image["url"] for image in document["images"]), None),
        "url": document["external_urls"]["spotify"],
    }


def album_reading(document: dict[str, Any]) -> dict[str, Any]:
    same = ("album_type", "release_date", "release_date_precision", "total_tracks", "label", "popularity")
    year, month, day = (f"{document['release_date'] or '0001'}-01-01").split("-")[:3]
    return {name: document.get(name) for name in same} | {
        "release_day": date(int(year), int(month), int(day)) if document["release_date"] else None,
        "image_url": next((image["url"] for image in document["images"]), None),
        "url": document["external_urls"]["spotify"],
    }


def test_a_day_shows_what_had_been_read_by_then(replay: Replay, backends_on: BackendsOn) -> None:
    server = replay(mode="extended")
    extracted(backends_on(server))
    before = tables(backends_on(server))
    backends = backends_on(server, NEXT_DAY)
    enriched(backends)
    assert tables(backends, DAY) == before
    assert tables(backends, NEXT_DAY)["artists"] != before["artists"]
