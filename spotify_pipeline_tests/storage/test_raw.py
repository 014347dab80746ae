import gzip
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_pipeline.errors import DataError
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Reading, Status
from spotify_pipeline.storage.objects import FolderStore, ObjectNotFoundError, ObjectStore
from spotify_pipeline.storage.raw import RawStore
from spotify_pipeline_tests.storage.crashes import Crash, CrashingStore, crashed_everywhere

DAY, NEXT, LATER = date(2025, 3, 1), date(2025, 3, 2), date(2025, 11, 30)
FOLDER = "playlists/snapshot_date=2025-03-01"
_GZIPPED = gzip.compress(b"{}")
NewStore = Callable[[], ObjectStore]


@pytest.fixture
def raw(objects: ObjectStore) -> RawStore:
    return RawStore(objects)


def observed(playlist_id: str, reason: str | None = None) -> Coverage:
    return Coverage(playlist_id, Status.OBSERVED, reason)


def stage(raw: RawStore, playlist_id: str, document: bytes = b"{}", day: date = DAY) -> None:
    raw.stage_document(day, observed(playlist_id), document)


def manifest(*playlist_ids: str, day: date = DAY, requests: int = 0) -> Manifest:
    return Manifest(day, [observed(playlist_id) for playlist_id in playlist_ids], requests)


def write_day(raw: RawStore, documents: dict[str, bytes], day: date = DAY) -> Manifest:
    """Extract a day as the pipeline does."""
    raw.begin(day)
    for playlist_id, document in documents.items():
        stage(raw, playlist_id, document, day)
    written = manifest(*documents, day=day)
    raw.commit(written)
    return written


def contents(raw: RawStore, day: date = DAY) -> tuple[Manifest, dict[str, bytes]]:
    """What whoever opens the day is shown."""
    opened = raw.open_day(day)
    return opened.manifest, dict(opened)


def test_a_committed_day_has_its_manifest_and_documents(raw: RawStore) -> None:
    written = write_day(raw, {"p": b'{"id": "p"}', "q": '{"id": "q é"}'.encode()})
    assert contents(raw) == (written, {"p": b'{"id": "p"}', "q": '{"id": "q é"}'.encode()})
    assert raw.documents(DAY) == {"p", "q"}


def test_documents_lie_where_the_design_says_as_gzipped_json(raw: RawStore, objects: ObjectStore) -> None:
    write_day(raw, {"p": b'{"id": "p"}'})
    assert objects.list("") == [f"{FOLDER}/_manifest.json", f"{FOLDER}/p.json.gz"]
    assert gzip.decompress(objects.get(f"{FOLDER}/p.json.gz")) == b'{"id": "p"}'
    assert json.loads(objects.get(f"{FOLDER}/_manifest.json"))["snapshot_date"] == "2025-03-01"
    assert raw.uri(DAY) == objects.uri(FOLDER)


def test_the_same_documents_are_the_same_bytes(new_store: NewStore) -> None:
    stores = [new_store(), new_store()]
    for store in stores:
        write_day(RawStore(store), {"p": b"{}"})
    first, second = ([store.get(key) for key in store.list("")] for store in stores)
    assert first == second


def test_a_manifest_comes_back_as_it_was_written(raw: RawStore) -> None:
    written = Manifest(DAY, [observed("p"), Coverage("q", Status.FAILED, 'a "reason"\n é', requests=3)], 9, 2)
    raw.begin(DAY)
    stage(raw, "p", b"{}")
    raw.commit(written)
    assert raw.open_day(DAY).manifest == written


def test_only_playlists_with_a_document_are_iterated_over(raw: RawStore) -> None:
    raw.begin(DAY)
    stage(raw, "p", b"1")
    stage(raw, "r", b"2")
    statuses = {"p": Status.UNCHANGED, "q": Status.FAILED, "r": Status.RESTRICTED, "s": Status.NOT_FOUND}
    raw.commit(Manifest(DAY, [Coverage(playlist_id, status) for playlist_id, status in statuses.items()]))
    assert list(raw.open_day(DAY)) == [("p", b"1"), ("r", b"2")]


def test_documents_are_read_when_they_are_asked_for(raw: RawStore, objects: ObjectStore) -> None:
    write_day(raw, {"p": b"1", "q": b"2"})
    documents = iter(raw.open_day(DAY))
    assert next(documents) == ("p", b"1")
    objects.delete(f"{FOLDER}/q.json.gz")
    with pytest.raises(DataError):
        next(documents)


def test_an_empty_day_is_a_day(raw: RawStore) -> None:
    write_day(raw, {})
    assert raw.days() == [DAY]
    assert contents(raw) == (manifest(), {})
    assert raw.documents(DAY) == set()


def test_finished_days_are_listed_oldest_first(raw: RawStore) -> None:
    assert raw.days() == []
    for day in (LATER, DAY, NEXT):
        write_day(raw, {"p": b"{}"}, day)
    stage(raw, "p", day=date(2025, 3, 3))
    assert raw.days() == [DAY, NEXT, LATER]


def test_a_manifest_in_which_an_earlier_version_says_more_can_be_read(raw: RawStore, objects: ObjectStore) -> None:
    raw.commit(Manifest(DAY, [Coverage("p", Status.FAILED)]))
    key = f"playlists/snapshot_date={DAY}/_manifest.json"
    more = objects.get(key).replace(b'"playlist_id"', b'"previous": null, "playlist_id"')
    assert b"previous" in more
    objects.put(key, more)
    assert raw.open_day(DAY).manifest == Manifest(DAY, [Coverage("p", Status.FAILED)])


def test_the_newest_manifest_is_that_of_the_day_or_the_last_one_before(raw: RawStore) -> None:
    assert raw.newest_manifest(DAY) is None
    first = write_day(raw, {"p": b"{}"}, DAY)
    last = write_day(raw, {"p": b"{}"}, LATER)
    assert raw.newest_manifest(date(2025, 2, 28)) is None
    assert raw.newest_manifest(DAY) == raw.newest_manifest(date(2025, 11, 29)) == first
    assert raw.newest_manifest(LATER) == raw.newest_manifest(date(2026, 1, 1)) == last


def test_a_day_without_raw_data_is_refused(raw: RawStore) -> None:
    write_day(raw, {}, NEXT)
    with pytest.raises(DataError, match="There is no raw data for 2025-03-01: extract it on that day"):
        raw.open_day(DAY)


# Staging


def test_what_is_staged_is_not_seen_before_the_commit(raw: RawStore) -> None:
    raw.begin(DAY)
    stage(raw, "p", b"{}")
    assert raw.days() == []
    assert raw.documents(DAY) == set()
    with pytest.raises(DataError):
        raw.open_day(DAY)


def test_running_a_day_again_keeps_what_it_does_not_replace(raw: RawStore) -> None:
    write_day(raw, {"p": b"old p", "q": b"old q"})
    raw.begin(DAY)
    stage(raw, "q", b"new q")
    assert contents(raw) == (manifest("p", "q"), {"p": b"old p", "q": b"old q"})
    raw.commit(manifest("p", "q", requests=1))
    assert contents(raw) == (manifest("p", "q", requests=1), {"p": b"old p", "q": b"new q"})


def test_a_document_is_copied_from_an_earlier_day_byte_by_byte(raw: RawStore, objects: ObjectStore) -> None:
    write_day(raw, {"p": b"{}"})
    raw.begin(NEXT)
    raw.stage_copy(NEXT, "p", DAY)
    raw.commit(manifest("p", day=NEXT))
    assert contents(raw, NEXT)[1] == contents(raw, DAY)[1] == {"p": b"{}"}
    key = "playlists/snapshot_date=2025-03-02/p.json.gz"
    assert objects.get(key) == objects.get(f"{FOLDER}/p.json.gz")


def test_a_document_of_the_day_itself_is_there_already(raw: RawStore, objects: ObjectStore) -> None:
    write_day(raw, {"p": b"{}"})
    raw.begin(DAY)
    raw.stage_copy(DAY, "p", DAY)
    assert objects.list("_staged/") == []
    raw.commit(manifest("p"))
    assert contents(raw)[1] == {"p": b"{}"}


def test_copying_a_document_that_is_not_there_names_it(raw: RawStore, objects: ObjectStore) -> None:
    with pytest.raises(ObjectNotFoundError) as caught:
        raw.stage_copy(NEXT, "p", DAY)
    assert objects.uri(f"{FOLDER}/p.json.gz") in str(caught.value)


def test_what_is_staged_for_playlists_that_are_not_in_the_manifest_or_have_no_document_there_is_let_go(
    raw: RawStore, objects: ObjectStore
) -> None:
    for playlist_id in "pqrs":
        stage(raw, playlist_id)
    rows = [observed("p"), Coverage("q", Status.FAILED, "it failed"), Coverage("r", Status.NOT_FOUND)]
    raw.commit(Manifest(DAY, rows))
    assert objects.list("") == [f"{FOLDER}/_manifest.json", f"{FOLDER}/p.json.gz"]


def test_rows_that_are_staged_beside_documents_never_reach_the_day(raw: RawStore, objects: ObjectStore) -> None:
    for number in range(3):
        stage(raw, f"p{number}")
    raw.commit(manifest("p0", "p1", "p2"))
    assert [key for key in objects.list("") if "row" in key] == []
    assert raw.documents(DAY) == {"p0", "p1", "p2"}


# Going on after an interruption


def full_row(playlist_id: str, status: Status = Status.OBSERVED) -> Coverage:
    """A row in which every field says something."""
    moment = datetime(2025, 3, 1, 6, 30, 0, 123_456, tzinfo=UTC)
    reading = Reading(DAY, status, DAY, "snapshot", 7, 6, moment, requests=3)
    return Coverage(playlist_id, status, 'a "reason"\n é', DAY, 7, 6, 4, moment, reading, accepted=True)


def test_beginning_a_day_gives_the_rows_of_what_an_interrupted_extraction_has_staged(raw: RawStore) -> None:
    rows = [full_row("p"), full_row("q", Status.RESTRICTED)]
    raw.begin(DAY)
    for row in rows:
        raw.stage_document(DAY, row, b"{}")
    stage(raw, "other", day=NEXT)
    assert raw.begin(DAY) == {row.playlist_id: row for row in rows}
    raw.commit(Manifest(DAY, rows))
    assert raw.begin(DAY) == {}
    assert contents(raw) == (Manifest(DAY, rows), {"p": b"{}", "q": b"{}"})


@pytest.mark.parametrize("lost", ["p.json.gz", "p.row.json"])
def test_a_document_without_its_row_or_a_row_without_its_document_is_not_gone_on_with(
    lost: str, raw: RawStore, objects: ObjectStore
) -> None:
    for playlist_id in "pq":
        stage(raw, playlist_id)
    objects.delete(f"_staged/{FOLDER}/{lost}")
    assert raw.begin(DAY).keys() == {"q"}


def test_a_copy_of_an_earlier_document_is_not_gone_on_with_since_it_costs_nothing(raw: RawStore) -> None:
    write_day(raw, {"p": b"{}"})
    raw.stage_copy(NEXT, "p", DAY)
    assert raw.begin(NEXT) == {}


def test_what_is_staged_can_be_cleared_but_for_some_playlists(raw: RawStore, objects: ObjectStore) -> None:
    write_day(raw, {"copied": b"{}"})
    for playlist_id in "pqr":
        stage(raw, playlist_id, day=NEXT)
    raw.stage_copy(NEXT, "copied", DAY)
    objects.delete("_staged/playlists/snapshot_date=2025-03-02/r.row.json")
    stage(raw, "p", day=LATER)
    raw.clear_staged(NEXT, keep={"p"})
    assert raw.begin(NEXT).keys() == {"p"}
    assert objects.list("_staged/playlists/snapshot_date=2025-03-02/") == [
        "_staged/playlists/snapshot_date=2025-03-02/p.json.gz",
        "_staged/playlists/snapshot_date=2025-03-02/p.row.json",
    ]
    assert len(objects.list("_staged/")) == 4
    raw.clear_staged(NEXT, keep=())
    assert len(objects.list("_staged/")) == 2


def test_what_is_left_of_days_before_yesterday_is_cleared_away(raw: RawStore, objects: ObjectStore) -> None:
    write_day(raw, {"p": b"published"}, DAY - timedelta(days=2))
    for days in (-40, -2, -1, 0, 1):
        stage(raw, "p", day=DAY + timedelta(days=days))
    raw.begin(DAY)
    left = {key.split("=")[1][:10] for key in objects.list("_staged/")}
    assert left == {"2025-02-28", "2025-03-01", "2025-03-02"}
    assert contents(raw, DAY - timedelta(days=2))[1] == {"p": b"published"}


@pytest.mark.parametrize("changes", [1, 2, 3])
def test_a_commit_of_an_older_day_that_was_cut_off_is_completed_rather_than_cleared_away(
    changes: int, raw: RawStore, objects: ObjectStore
) -> None:
    for playlist_id in "pq":
        stage(raw, playlist_id)
    with pytest.raises(Crash):
        RawStore(CrashingStore(objects, changes)).commit(manifest("p", "q"))
    raw.begin(LATER)
    assert objects.list("_staged/") == []
    assert contents(raw) == (manifest("p", "q"), {"p": b"{}", "q": b"{}"})


def test_a_crash_at_any_moment_of_staging_leaves_what_was_staged_before(new_store: NewStore) -> None:
    def stage_three(store: ObjectStore) -> None:
        for playlist_id in "pqr":
            stage(RawStore(store), playlist_id)

    seen = [set(RawStore(store).begin(DAY)) for store in crashed_everywhere(new_store, lambda _: None, stage_three)]
    assert seen == [set(), set(), {"p"}, {"p"}, {"p", "q"}, {"p", "q"}, {"p", "q", "r"}]


# Readings that are not confirmed


def test_what_waits_to_be_confirmed_is_in_no_day(raw: RawStore) -> None:
    raw.set_pending(full_row("p"), b"{}")
    assert raw.pending() == {"p": full_row("p")}
    assert raw.begin(DAY) == {}
    raw.commit(manifest())
    assert raw.documents(DAY) == set()
    assert raw.begin(LATER) == {}
    assert raw.pending() == {"p": full_row("p")}


def test_what_is_confirmed_is_staged_with_its_new_row(raw: RawStore, objects: ObjectStore) -> None:
    for playlist_id in "pq":
        raw.set_pending(full_row(playlist_id), playlist_id.encode())
    row = full_row("p", Status.UNCHANGED)
    raw.stage_pending(NEXT, row)
    assert raw.pending().keys() == {"q"}
    assert raw.begin(NEXT) == {"p": row}
    raw.commit(manifest("p", day=NEXT))
    assert contents(raw, NEXT)[1] == {"p": b"p"}
    assert objects.list("_staged/") == []


def test_what_is_not_confirmed_is_let_go(raw: RawStore, objects: ObjectStore) -> None:
    for playlist_id in "pq":
        raw.set_pending(full_row(playlist_id), b"{}")
    raw.drop_pending("p")
    raw.drop_pending("p")
    assert raw.pending().keys() == {"q"}
    raw.drop_pending("q")
    assert objects.list("") == []


def test_a_newer_reading_takes_the_place_of_one_that_waits(raw: RawStore) -> None:
    raw.set_pending(observed("p", "first"), b"1")
    raw.set_pending(observed("p", "second"), b"2")
    raw.stage_pending(DAY, raw.pending()["p"])
    raw.commit(manifest("p"))
    assert contents(raw)[1] == {"p": b"2"}


def test_a_crash_at_any_moment_of_confirming_leaves_no_half_of_a_reading(new_store: NewStore) -> None:
    def confirm(store: ObjectStore) -> None:
        RawStore(store).stage_pending(DAY, observed("p"))

    seen = []
    for store in crashed_everywhere(
        new_store, lambda store: RawStore(store).set_pending(observed("p"), b"{}"), confirm
    ):
        raw = RawStore(store)
        staged, pending = raw.begin(DAY), raw.pending()
        assert staged or pending
        assert len(store.list("_pending/")) == 2 * len(pending)
        if staged:
            raw.commit(manifest("p"))
            assert contents(raw)[1] == {"p": b"{}"}
        if pending:
            raw.stage_pending(NEXT, pending["p"])
            raw.commit(manifest("p", day=NEXT))
            assert contents(raw, NEXT)[1] == {"p": b"{}"}
        seen.append((bool(pending), bool(staged)))
    assert seen[0] == (True, False)
    assert seen[-1] == (False, True)


def test_a_crash_at_any_moment_of_letting_go_leaves_no_half_of_a_reading(new_store: NewStore) -> None:
    def drop(store: ObjectStore) -> None:
        RawStore(store).drop_pending("p")

    for store in crashed_everywhere(new_store, lambda store: RawStore(store).set_pending(observed("p"), b"{}"), drop):
        raw = RawStore(store)
        raw.begin(DAY)
        assert len(store.list("_pending/")) == 2 * len(raw.pending())


# Crashes


def test_a_crash_at_any_moment_leaves_the_old_or_the_new_day_whole(new_store: NewStore) -> None:
    old = {"p": b"old p", "q": b"old q"}
    after = {"p": b"new p", "q": b"old q", "r": b"new r"}

    def extract_again(store: ObjectStore) -> None:
        raw = RawStore(store)
        raw.begin(DAY)
        stage(raw, "p", after["p"])
        stage(raw, "r", after["r"])
        raw.commit(manifest(*after))

    seen = []
    for store in crashed_everywhere(new_store, lambda store: write_day(RawStore(store), old), extract_again):
        found, documents = contents(RawStore(store))
        assert (found, documents) in ((manifest(*old), old), (manifest(*after), after))
        assert RawStore(store).documents(DAY) >= documents.keys()
        seen.append(documents == after)
        extract_again(store)  # whoever runs the day again is not disturbed by what was left
        assert contents(RawStore(store)) == (manifest(*after), after)
        assert store.list("_staged/") == []
    assert seen == sorted(seen)  # old up to some moment, then new
    assert set(seen) == {False, True}


def test_a_crash_at_any_moment_of_a_new_day_leaves_no_day_or_a_whole_one(new_store: NewStore) -> None:
    seen = []
    for store in crashed_everywhere(
        new_store, lambda _: None, lambda store: write_day(RawStore(store), {"p": b"1", "q": b"2"})
    ):
        raw = RawStore(store)
        days = raw.days()
        seen.append(days == [DAY])
        if days:
            assert contents(raw) == (manifest("p", "q"), {"p": b"1", "q": b"2"})
        else:
            with pytest.raises(DataError, match="no raw data"):
                raw.open_day(DAY)
    assert set(seen) == {False, True}


@pytest.mark.parametrize(
    "look",
    [
        lambda raw: raw.open_day(DAY).manifest.by_id(),
        lambda raw: raw.newest_manifest(LATER).by_id(),
        lambda raw: raw.documents(DAY),
        lambda raw: dict(raw.open_day(raw.days()[0])),
    ],
    ids=["open_day", "newest_manifest", "documents", "days"],
)
@pytest.mark.parametrize("days_before", [0, 1])
def test_whoever_looks_next_completes_an_interrupted_commit(
    look: Callable[[RawStore], set[str]], days_before: int, objects: ObjectStore
) -> None:
    for _ in range(days_before):
        write_day(RawStore(objects), {"p": b"1"})
    for playlist_id in "pq":
        stage(RawStore(objects), playlist_id, b"2")
    with pytest.raises(Crash):
        RawStore(CrashingStore(objects, changes=2)).commit(manifest("p", "q"))
    assert set(look(RawStore(objects))) == {"p", "q"}
    assert contents(RawStore(objects)) == (manifest("p", "q"), {"p": b"2", "q": b"2"})


def test_beginning_a_day_again_completes_an_interrupted_commit_rather_than_clear_it_away(objects: ObjectStore) -> None:
    stage(RawStore(objects), "p", b"1")
    with pytest.raises(Crash):
        RawStore(CrashingStore(objects, changes=1)).commit(manifest("p"))
    RawStore(objects).begin(DAY)
    assert contents(RawStore(objects)) == (manifest("p"), {"p": b"1"})


def test_several_may_complete_an_interrupted_commit_at_once(objects: ObjectStore) -> None:
    documents = {f"p{number}": b"1" for number in range(10)}
    for playlist_id, document in documents.items():
        stage(RawStore(objects), playlist_id, document)
    with pytest.raises(Crash):
        RawStore(CrashingStore(objects, changes=1)).commit(manifest(*documents))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: contents(RawStore(objects)), range(4)))
    assert found == [(manifest(*documents), documents)] * 4


# Damage and quarantine


@pytest.mark.parametrize(
    "damaged",
    [b"no gzip", _GZIPPED[:-3], _GZIPPED + b"more", _GZIPPED[:10] + b"\xff" * 12],
    ids=["no gzip", "cut", "more behind it", "garbled"],
)
def test_a_damaged_document_is_named(damaged: bytes, raw: RawStore, objects: ObjectStore) -> None:
    write_day(raw, {"p": b"{}", "q": b"fine"})
    objects.put(f"{FOLDER}/p.json.gz", damaged)
    day = raw.open_day(DAY)
    with pytest.raises(DataError) as caught:
        day.document("p")
    assert str(caught.value).startswith(f"{objects.uri(f'{FOLDER}/p.json.gz')} is damaged: ")
    assert day.document("q") == b"fine"


@settings(deadline=None)
@given(position=st.integers(0), byte=st.integers(0, 255))
def test_no_damage_to_a_document_is_anything_but_a_data_error(
    position: int, byte: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    document = json.dumps({"id": "p", "name": "a name " * 20}).encode()
    damaged = bytearray(gzip.compress(document))
    damaged[position % len(damaged)] = byte
    key = f"{FOLDER}/p.json.gz"
    store = FolderStore(tmp_path_factory.getbasetemp() / "damaged")
    store.put(key, bytes(damaged))
    try:
        assert RawStore(store).read_document(DAY, "p") == document
    except DataError as error:
        assert store.uri(key) in str(error)  # noqa: PT017  # damage to the header's flags changes nothing


def test_a_missing_document_is_named(raw: RawStore, objects: ObjectStore) -> None:
    write_day(raw, {"p": b"{}"})
    objects.delete(f"{FOLDER}/p.json.gz")
    with pytest.raises(DataError) as caught:
        raw.open_day(DAY).document("p")
    assert str(caught.value) == f"There is no {objects.uri(f'{FOLDER}/p.json.gz')}."


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "damaged"),
        (b'{"snapshot_date": "2025-03', "damaged"),
        (b"\xff", "damaged"),
        (b'{"snapshot_date": "2025-03-01", "playlists": [{"playlist_id": "\xff", "status": "failed"}]}', "damaged"),
        (b'{"snapshot_date": "2025-03-01"}', "playlists"),
        (b'{"snapshot_date": "2025-03-01", "playlists": [{"playlist_id": "p", "status": "fine"}]}', "$.playlists[0]"),
    ],
)
def test_a_damaged_manifest_is_named_with_what_is_wrong(
    content: bytes, says: str, raw: RawStore, objects: ObjectStore
) -> None:
    objects.put(f"{FOLDER}/_manifest.json", content)
    with pytest.raises(DataError) as caught:
        raw.open_day(DAY)
    assert str(caught.value).startswith(f"The manifest {objects.uri(f'{FOLDER}/_manifest.json')} is damaged: ")
    assert says in str(caught.value)


def test_a_quarantined_document_is_kept_as_it_was_out_of_the_day(raw: RawStore, objects: ObjectStore) -> None:
    write_day(raw, {"p": b"{}", "q": b"{}"})
    before = objects.get(f"{FOLDER}/p.json.gz")
    raw.quarantine_document(DAY, "p")
    assert raw.documents(DAY) == {"q"}
    assert objects.get(f"_quarantine/{FOLDER}/p.json.gz") == before
    assert raw.days() == [DAY]


def test_quarantining_a_document_that_is_not_there_is_done_already(raw: RawStore) -> None:
    write_day(raw, {"p": b"{}"})
    raw.quarantine_document(DAY, "q")
    assert raw.documents(DAY) == {"p"}


def test_an_answer_is_quarantined_as_it_arrived(raw: RawStore, objects: ObjectStore) -> None:
    where = raw.quarantine_answer(DAY, "p", b"<html>\xff")
    assert where == objects.uri(f"_quarantine/{FOLDER}/p.body")
    assert objects.get(f"_quarantine/{FOLDER}/p.body") == b"<html>\xff"
    assert raw.days() == []
