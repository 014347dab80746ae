"""A day that is extracted again after it was cut off: what is kept, and what is not asked for again."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from spotify_pipeline.progress import Progress
from spotify_pipeline.spotify.manifest import Manifest, Status
from spotify_pipeline.steps.extract import extract_day
from spotify_pipeline.storage.objects import FolderStore, ObjectStore
from spotify_pipeline.storage.raw import RawStore
from spotify_pipeline_tests.fake_backends import FakeBackends
from spotify_pipeline_tests.spotify.fake_spotify import FakePlaylist, FakeSpotify, error, playlist_id
from spotify_pipeline_tests.storage.crashes import Crash, CrashingStore

DAY, NEXT_DAY = date(2026, 1, 2), date(2026, 1, 3)
SHORT, LONG, RESTRICTED, GONE = (playlist_id(number) for number in range(1, 5))
NAMED = {"SPOTIFY_PIPELINE_PLAYLISTS": f"{SHORT},{LONG},{RESTRICTED},{GONE}"}
MINE = {"SPOTIFY_PIPELINE_PLAYLISTS": "mine"}
each_way = pytest.mark.parametrize("variables", [NAMED, MINE], ids=["named", "mine"])

On = Callable[..., FakeBackends]


@pytest.fixture
def fake() -> FakeSpotify:
    """A short playlist, two of several pages, and one of which the metadata is shown only."""
    return FakeSpotify(
        [
            FakePlaylist(SHORT),
            FakePlaylist(LONG, length=220),
            FakePlaylist(RESTRICTED, readable=False),
            FakePlaylist(playlist_id(5), length=120),
        ]
    )


@pytest.fixture
def on(fake: FakeSpotify, tmp_path: Path) -> On:
    """The backends of a day: `on(day, **settings)`."""
    return lambda day=DAY, **variables: FakeBackends(fake, tmp_path / "data", day, **variables)


def asked(fake: FakeSpotify) -> Counter[str]:
    """Which playlists were asked for since this was last called, how often, pages included."""
    paths = [request.path.split("/") for request in fake.transport.requests]
    fake.transport.requests.clear()
    return Counter(path[3] for path in paths if path[2] == "playlists")


def outcome(backends: FakeBackends) -> tuple[dict[str, tuple[Any, ...]], dict[str, Any]]:
    """What whoever opens the day is shown, without times and numbers of requests."""
    day = backends.raw.open_day(backends.day)
    rows = {
        row.playlist_id: (row.status, row.reason, row.observed_date, row.items_total, row.items_read)
        for row in day.manifest.playlists
    }
    return rows, {name: json.loads(document) for name, document in day}


def cut_off(backends: FakeBackends, *, refresh: bool = False, commit: bool = False) -> None:
    """An extraction in a process that is killed: at a crash of the store, else before the commit."""
    try:
        manifest = extract_day(backends, backends.day, refresh=refresh)
        if commit:
            backends.raw.commit(manifest)
    except Crash:
        pass


def folders(tmp_path: Path) -> Iterator[tuple[Path, ObjectStore]]:
    """Empty folders, and stores for raw documents in them that crash after 0, 1, 2 … changes."""
    for changes in count():
        folder = tmp_path / str(changes)
        yield folder, CrashingStore(FolderStore(folder / "raw"), changes)


# Cut off anywhere


@each_way
def test_a_run_that_is_cut_off_anywhere_goes_on_where_it_was(
    variables: dict[str, str], fake: FakeSpotify, tmp_path: Path
) -> None:
    clean = FakeBackends(fake, tmp_path / "clean", DAY, **variables)
    clean.extract()
    expected, kept = outcome(clean), 0
    for folder, crashing in folders(tmp_path):
        cut_off(FakeBackends(fake, folder, DAY, crashing, **variables), commit=True)
        if RawStore(FolderStore(folder / "raw")).days():
            break
        backends = FakeBackends(fake, folder, DAY, **variables)
        done = backends.raw.begin(DAY).keys() | backends.raw.pending().keys()
        kept = max(kept, len(done))
        asked(fake)
        backends.extract()
        assert not asked(fake).keys() & done
        assert outcome(backends) == expected
        files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
        assert [name for name in files if "_staged" in name or "_pending" in name or ".row." in name] == []
    assert kept == len(expected[1]) >= 3


@each_way
def test_the_run_after_a_crash_in_the_commit_asks_for_nothing_that_is_done(
    variables: dict[str, str], fake: FakeSpotify, tmp_path: Path
) -> None:
    committed = False
    for folder, crashing in folders(tmp_path):
        cut_off(FakeBackends(fake, folder, DAY, crashing, **variables), commit=True)
        backends = FakeBackends(fake, folder, DAY, **variables)
        if not backends.raw.days():
            continue
        before = outcome(backends)
        asked(fake)
        backends.extract()
        assert asked(fake).keys() <= {RESTRICTED, GONE}
        assert outcome(backends) == before
        if committed:
            break
        committed = True


@each_way
def test_a_process_that_is_killed_before_the_commit_has_done_its_work(
    variables: dict[str, str], on: On, fake: FakeSpotify
) -> None:
    cut_off(on(**variables))
    assert on().raw.days() == []
    asked(fake)
    manifest = on(**variables).extract()
    assert asked(fake).keys() <= {GONE}
    assert manifest.by_id()[RESTRICTED].status is Status.RESTRICTED
    assert on().raw.documents(DAY) == {row.playlist_id for row in manifest.playlists if row.status.has_document}


@each_way
@pytest.mark.parametrize("counted", range(4))
def test_a_run_whose_progress_cannot_be_shown_goes_on_where_it_was(
    counted: int, variables: dict[str, str], on: On, fake: FakeSpotify
) -> None:
    class Breaking(Progress):
        def count(self, done: int, total: int, text: str) -> None:
            del total, text
            if done == counted:
                raise Crash

    backends = on(**variables)
    with pytest.raises(Crash) as caught:
        extract_day(backends, DAY, progress=Breaking())
    assert caught.tb is not None  # and with it all that nobody has closed
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("spotify")]
    assert backends.raw.days() == []
    done = backends.raw.begin(DAY).keys() | backends.raw.pending().keys()
    assert counted - 1 <= len(done) <= counted  # one may be gone, of which there is no document
    asked(fake)
    on(**variables).extract()
    assert not asked(fake).keys() & done


def test_what_is_gone_on_with_is_told_as_it_was_read(on: On) -> None:
    cut_off(on(**NAMED))
    first = on().raw.begin(DAY)
    manifest = on(**NAMED).extract()
    assert first == {name: row for name, row in manifest.by_id().items() if name != GONE}
    assert manifest.requests == 1
    assert manifest.requests_avoided == sum(row.requests for row in first.values()) == 1 + 5 + 1


@each_way
def test_a_run_may_be_cut_off_again_and_again(variables: dict[str, str], fake: FakeSpotify, tmp_path: Path) -> None:
    folder, total = tmp_path / "data", Counter[str]()
    for _ in range(12):
        store = CrashingStore(FolderStore(folder / "raw"), 5)
        cut_off(FakeBackends(fake, folder, DAY, store, **variables))
        total += asked(fake)
    backends = FakeBackends(fake, folder, DAY, **variables)
    backends.extract()
    assert asked(fake).keys() <= {GONE}
    clean = FakeBackends(fake, tmp_path / "clean", DAY, **variables)
    clean.extract()
    assert outcome(backends) == outcome(clean)


# What is not gone on with


@each_way
def test_a_refresh_reads_again_what_was_staged(variables: dict[str, str], on: On, fake: FakeSpotify) -> None:
    cut_off(on(**variables))
    once = asked(fake)
    for playlist in fake.playlists:
        playlist.snapshot_id, playlist.length = "snapshot-2", playlist.length + 1
    manifest = on(**variables).extract(refresh=True)
    assert asked(fake) == once
    assert manifest.by_id()[SHORT].items_read == 4
    assert len(json.loads(on().raw.open_day(DAY).document(SHORT))["items"]["items"]) == 4


def test_what_an_interrupted_refresh_has_staged_does_not_come_in_beside_the_old_row_of_the_day(
    on: On, fake: FakeSpotify
) -> None:
    variables = {"SPOTIFY_PIPELINE_PLAYLISTS": f"{SHORT},{LONG}"}
    on(**variables).extract()
    before = outcome(on())
    fake.playlists[0].length, fake.playlists[0].snapshot_id = 2, "snapshot-2"
    cut_off(on(**variables), refresh=True)
    fake.on(f"playlists/{SHORT}", lambda _: error(403, "Forbidden"), times=100)
    on(**variables).extract(refresh=True)
    assert outcome(on()) == before


def test_an_interrupted_refresh_is_gone_on_with_by_a_plain_run(on: On, fake: FakeSpotify) -> None:
    variables = {"SPOTIFY_PIPELINE_PLAYLISTS": f"{SHORT},{LONG}"}
    on(**variables).extract()
    fake.playlists[0].length, fake.playlists[0].snapshot_id = 2, "snapshot-2"
    cut_off(on(**variables), refresh=True)
    asked(fake)
    manifest = on(**variables).extract()
    assert asked(fake) == {}
    assert manifest.by_id()[SHORT].items_read == 2
    assert len(json.loads(on().raw.open_day(DAY).document(SHORT))["items"]["items"]) == 2


def test_playlists_that_are_no_longer_named_are_not_taken_into_the_day(on: On, fake: FakeSpotify) -> None:
    cut_off(on(SPOTIFY_PIPELINE_PLAYLISTS=f"{LONG},{RESTRICTED}"))
    manifest = on(SPOTIFY_PIPELINE_PLAYLISTS=SHORT).extract()
    assert [row.playlist_id for row in manifest.playlists] == [SHORT]
    assert on().raw.documents(DAY) == {SHORT}
    assert on().raw.begin(DAY) == {}


def test_playlists_that_are_no_longer_listed_are_not_taken_into_the_day(on: On, fake: FakeSpotify) -> None:
    on(NEXT_DAY - timedelta(days=1), **MINE).extract()
    fake.playlists[0].snapshot_id = "snapshot-2"
    cut_off(on(NEXT_DAY, **MINE))
    del fake.playlists[0]
    manifest = on(NEXT_DAY, **MINE).extract()
    assert manifest.by_id()[SHORT].status is Status.NOT_FOUND
    assert SHORT not in on().raw.documents(NEXT_DAY)


def test_what_was_staged_yesterday_is_not_taken_for_today(on: On, fake: FakeSpotify) -> None:
    cut_off(on(DAY, **NAMED))
    once = asked(fake)
    on(NEXT_DAY, **NAMED).extract()
    assert asked(fake) == once
    assert on().raw.begin(DAY).keys() == {SHORT, LONG, RESTRICTED}  # whoever reads it across midnight still needs it
    on(NEXT_DAY + timedelta(days=1), **NAMED).extract()
    assert on().raw.begin(DAY) == {}


def test_a_commit_of_yesterday_that_was_cut_off_is_completed_before_today_is_read(
    fake: FakeSpotify, on: On, tmp_path: Path
) -> None:
    manifest = extract_day(on(DAY, **MINE), DAY)
    with pytest.raises(Crash):
        RawStore(CrashingStore(FolderStore(tmp_path / "data/raw"), 3)).commit(manifest)
    asked(fake)
    manifest = on(NEXT_DAY, **MINE).extract()
    assert asked(fake) == {}
    assert manifest.counts() == Manifest(NEXT_DAY, []).counts() | {"unchanged": 3, "restricted": 1}
    assert on().raw.days() == [DAY, NEXT_DAY]
    assert outcome(on(DAY))[1] == outcome(on(NEXT_DAY))[1]
