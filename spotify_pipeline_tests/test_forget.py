"""Forgetting: no byte of it is left, nothing else changes, and whatever kills it, doing it again completes it."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.cli.daily_job import Step, execute_day, open_instance
from spotify_pipeline.spotify.details import ARTISTS
from spotify_pipeline.spotify.documents import Account
from spotify_pipeline.spotify.token_store import TokenRecord
from spotify_pipeline.steps.forget import forget, trace
from spotify_pipeline.steps.months import compact_month
from spotify_pipeline.steps.report import publish_report
from spotify_pipeline.storage.stage import Stage
from spotify_pipeline.storage.tables import TableStore
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.cli.conftest import Run, data_dir, run, working_dir  # noqa: F401  # some are fixtures
from spotify_pipeline_tests.data_folders import copied, opened
from spotify_pipeline_tests.searching import found_in
from spotify_pipeline_tests.storage.crashes import Crash, CrashingSharedStore
from spotify_pipeline_tests.tables.builders import Json, album, artist, entry, playlist, track
from spotify_pipeline_tests.test_publication import ask, publish, transform_and_stage, write_raw

DAYS = [date(2025, 2, 27) + timedelta(days=number) for number in range(4)]
TODAY = DAYS[-1]
ANA, BOB = "ana-canary", "bob-witness"
ANAS, BOBS, SHARED = ("A" * 22, "B" * 22, "C" * 22)
OF_ANAS_LIST = [ANAS, "CanaryName", "CanaryText", "snapshot-canary", "canary-track", "canary-artist", "CanaryFile"]
OF_ANA = [ANA, "Ana Canary", *OF_ANAS_LIST]


def user(user_id: str) -> Json:
    name = user_id.replace("-", " ").title()
    return {"id": user_id, "display_name": name, "uri": f"spotify:user:{user_id}", "type": "user"}


def by(user_id: str, content: Json | None) -> Json:
    return entry(content, added_by=user(user_id))


def documents(number: int) -> list[Json]:
    """Ana's playlist, Bob's, and one of Bob's in which both have put something; the first and last change each day."""
    lonely = track("canary-track", name="CanaryTitle", artists=[artist("canary-artist")], album=album("canary-album"))
    local = {"type": "track", "id": None, "uri": "spotify:local:CanaryFile", "name": "CanaryFile", "is_local": True}
    common = [track("t"), *(track(f"t{each}") for each in range(number))]
    return [
        playlist(
            ANAS,
            [by(ANA, lonely), by(ANA, local), *(by(BOB, each) for each in common)],
            name=f"CanaryName {number}",
            description="CanaryText",
            snapshot_id=f"snapshot-canary{number}",
            owner=user(ANA),
        ),
        playlist(BOBS, [by(BOB, track("t"))], owner=user(BOB), name="Witness"),
        playlist(
            SHARED,
            [by(BOB, track("t")), *(by(ANA, track(f"t{each}")) for each in range(number + 1))],
            owner=user(BOB),
            collaborative=True,
        ),
    ]


def without_ana(number: int) -> list[Json]:
    """The same, as if Ana had never been there."""
    kept = documents(number)[1:]
    for each in kept[1]["items"]["items"]:
        if each["added_by"]["id"] == ANA:
            each["added_by"] = None
    return kept


def lived(backends: Backends, history: Callable[[int], list[Json]] = documents) -> Backends:
    """Four days, of which the last one's tables are only staged, and what a history leaves beside its days."""
    for number, day in enumerate(DAYS[:-1]):
        publish(backends, *history(number), day=day)
    if history is documents:
        compact_month(backends, date(2025, 2, 1))
    write_raw(backends, *history(3), day=DAYS[-1])
    return backends


def leave_about(backends: Backends) -> None:
    """Traces wherever there can be any."""
    transform_and_stage(backends, DAYS[-1])
    (ana, *_, shared) = documents(3)
    rows = backends.raw.open_day(DAYS[-1]).manifest.by_id()
    backends.raw.set_pending(rows[ANAS], msgspec.json.encode(ana))
    backends.raw.stage_document(TODAY + timedelta(days=1), rows[ANAS], msgspec.json.encode(ana))
    backends.raw.stage_document(TODAY + timedelta(days=1), rows[SHARED], msgspec.json.encode(shared))
    backends.raw.quarantine_answer(DAYS[0], ANAS, b"CanaryName")
    backends.raw.quarantine_answer(DAYS[0], BOBS, f"not JSON of {ANA}".encode())
    with backends.raw.details.writer(ARTISTS, DAYS[0]) as writer:
        writer.add({each: msgspec.json.encode(artist(each)) for each in ("canary-artist", "singer")})
    for name, folder in (("raw", f"playlists/snapshot_date={DAYS[0]}"), ("tables", "coverage")):
        (backends.settings.data_dir / name / folder / ".writing-half").write_text(f"{ANA} {ANAS}")
    record = TokenRecord(
        refresh_token="token", account=Account(ANA, "Ana Canary"), consented_at=datetime(2025, 1, 1, tzinfo=UTC)
    )
    with backends.logins.locked():
        backends.logins.save("key", record)
        backends.logins.save("other", TokenRecord(refresh_token="other", account=Account(BOB)))
    publish_report(backends)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with that history, made once; copies of it are what tests work on."""
    folder = tmp_path_factory.mktemp("prepared")
    lived(opened(folder, TODAY))
    return folder


@pytest.fixture
def backends(prepared: Path, tmp_path: Path) -> Backends:
    return copied(prepared, tmp_path / "data", TODAY)


def bytes_of(folder: Path) -> dict[str, bytes]:
    """All files but databases, locks and the report, which are made anew."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in (".lock", ".duckdb", ".html")
    }


def do_forget(backends: Backends, *, playlists: tuple[str, ...] = (), users: tuple[str, ...] = ()) -> None:
    forget(backends, trace(backends, playlists, users))


def shown(backends: Backends) -> dict[str, list[tuple[Any, ...]]]:
    return {name: ask(backends, f"FROM {name} ORDER BY ALL") for name in TABLES}


def test_what_sql_shows_is_as_if_the_playlist_had_never_been_asked_for(backends: Backends, tmp_path: Path) -> None:
    other = opened(tmp_path / "other", TODAY)
    lived(other, lambda number: documents(number)[1:])
    do_forget(backends, playlists=(ANAS,))
    assert shown(backends) == shown(other)
    assert all(shown(backends).values())


def test_what_sql_shows_is_as_if_the_account_had_never_been_there(backends: Backends, tmp_path: Path) -> None:
    other = opened(tmp_path / "other", TODAY)
    lived(other, without_ana)
    do_forget(backends, users=(ANA,))
    assert shown(backends) == shown(other)


def test_nothing_but_what_names_it_changes(backends: Backends) -> None:
    before = bytes_of(backends.settings.data_dir)
    do_forget(backends, playlists=(ANAS,))
    after = bytes_of(backends.settings.data_dir)
    changed = {key for key in before if after.get(key) != before[key]}
    assert after.keys() <= before.keys()
    assert not [key for key in changed if BOBS in key or SHARED in key]
    assert {key.split("/")[1] for key in changed if key.startswith("tables/")} >= {"coverage", "tracks", "artists"}
    bobs = {key for key in before if BOBS in key}
    assert bobs
    do_forget(backends, users=(ANA,))
    assert {key: bytes_of(backends.settings.data_dir)[key] for key in bobs} == {key: before[key] for key in bobs}


def test_days_that_do_not_name_it_keep_their_bytes(backends: Backends) -> None:
    day = TODAY + timedelta(days=1)
    publish(backends, *documents(4)[1:], day=day)
    before = bytes_of(backends.settings.data_dir)
    do_forget(backends, playlists=(ANAS,))
    after = bytes_of(backends.settings.data_dir)
    last = {key for key in before if f"={day}" in key}
    assert len(last) > len(TABLES)
    assert {key: after[key] for key in last} == {key: before[key] for key in last}


def test_no_byte_of_an_account_is_left(backends: Backends) -> None:
    leave_about(backends)
    folder = backends.settings.data_dir
    before = {text for _, text in found_in(folder, OF_ANA)}
    assert before == set(OF_ANA)
    had_login = forget(backends, trace(backends, (), (ANA,)))
    assert had_login
    assert found_in(folder, OF_ANA) == set()
    assert {text for _, text in found_in(folder, [BOB, BOBS, SHARED, "Witness"])} == {BOB, BOBS, SHARED, "Witness"}
    assert backends.logins.read("other")
    assert list(backends.due.load()) == [DAYS[-1]]
    transform_and_stage(backends, DAYS[-1])
    assert found_in(folder, OF_ANA) == set()


def test_no_byte_of_a_playlist_is_left(backends: Backends) -> None:
    leave_about(backends)
    do_forget(backends, playlists=(ANAS,))
    assert found_in(backends.settings.data_dir, OF_ANAS_LIST) == set()
    assert backends.logins.read("key")


def test_documents_keep_the_tokens_of_all_else(backends: Backends) -> None:
    key = ("raw", "playlists", f"snapshot_date={DAYS[0]}", f"{SHARED}.json.gz")
    odd = documents(0)[2] | {"followers": "NUMBER"}
    body = msgspec.json.encode(odd).replace(b'"NUMBER"', b'{"total":1.50e0,"name":"\\u00e9"}')
    row = backends.raw.open_day(DAYS[0]).manifest.by_id()[SHARED]
    backends.raw.begin(DAYS[0])
    backends.raw.stage_document(DAYS[0], row, body)
    backends.raw.commit(backends.raw.open_day(DAYS[0]).manifest)
    assert backends.settings.data_dir.joinpath(*key).exists()
    do_forget(backends, users=(ANA,))
    anas = msgspec.json.encode(user(ANA))
    assert anas in body
    assert backends.raw.read_document(DAYS[0], SHARED) == body.replace(anas, b"null")


def test_files_of_others_in_the_data_folder_stay(backends: Backends) -> None:
    others = [backends.settings.data_dir / name for name in (".env", ".profile", ".git/HEAD", "raw/.hidden", "notes")]
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    do_forget(backends, users=(ANA,))
    assert [path.read_text() for path in others] == ["mine"] * len(others)


def test_doing_it_again_changes_nothing_and_finds_nothing(backends: Backends) -> None:
    do_forget(backends, users=(ANA,))
    before = bytes_of(backends.settings.data_dir)
    assert trace(backends, (ANAS,), (ANA,)).is_empty
    do_forget(backends, playlists=(ANAS,), users=(ANA,))
    assert bytes_of(backends.settings.data_dir) == before


def test_it_is_not_forgotten_before_whatever_else_knows_of_it_has_let_it_go(backends: Backends) -> None:
    def fail() -> None:
        raise Crash

    with pytest.raises(Crash):
        forget(backends, trace(backends, (), (ANA,)), then=fail)
    again = trace(backends, (BOBS[::-1],), ())
    assert again.goes_on
    assert not again.is_empty
    assert again.users == {ANA}
    asked = list[bool]()
    forget(backends, again, then=lambda: asked.append(True))
    assert asked == [True]
    assert trace(backends, (ANAS,), (ANA,)).is_empty


def test_what_others_stage_meanwhile_does_not_keep_it(backends: Backends, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the transformation does that a manifest starts in AWS: here it takes the stage away, and is held back."""
    publish_in_turn = iter([False, True, True, True])
    publish_one = type(backends.tables).publish

    def publish_or_not(tables: TableStore, day: date, audited: Stage) -> None:
        if next(publish_in_turn, True):
            publish_one(tables, day, audited)
        else:
            transform_and_stage(backends, day)

    monkeypatch.setattr(TableStore, "publish", publish_or_not)
    do_forget(backends, playlists=(ANAS,))
    assert found_in(backends.settings.data_dir, OF_ANAS_LIST) == set()
    assert list(backends.due.load()) == [DAYS[0]]


@pytest.mark.no_cover
def test_what_is_killed_anywhere_is_completed_by_doing_it_again(backends: Backends, tmp_path: Path) -> None:
    leave_about(backends)
    original, copy = backends.settings.data_dir, tmp_path / "copy"

    def outcome() -> dict[str, bytes]:
        left = bytes_of(copy)
        return {key: content for key, content in left.items() if key != "tables/_state/due-days.json"}  # marks differ

    do_forget(copied(original, copy, TODAY), users=(ANA,))
    expected = outcome()
    for changes in _moments():
        shutil.rmtree(copy)
        killed, again = copied(original, copy, TODAY), opened(copy, TODAY)
        killed.table_objects = CrashingSharedStore(killed.table_objects, changes)
        killed.raw_objects = CrashingSharedStore(killed.raw_objects, changes)
        was_killed = False
        try:
            do_forget(killed, users=(ANA,))
        except Crash:
            was_killed = True
        sound(again)
        # Once it is noted what is to be forgotten, it does not matter what the next one is asked for.
        do_forget(again, playlists=("X" * 22,), users=(ANA,) if changes == 0 else ())
        left = outcome()
        assert {key for key in left.keys() | expected.keys() if left.get(key) != expected.get(key)} == set(), changes
        assert found_in(copy, OF_ANA) == set()
        if not was_killed:
            return
    pytest.fail("it was always killed")


def _moments() -> Iterator[int]:
    yield 0
    yield from range(1, 400, 13)


def sound(backends: Backends) -> None:
    """Each day that SQL shows is whole: every track of its playlists is there, and each table of it."""
    assert not ask(
        backends,
        "SELECT * FROM playlist_items AS i ANTI JOIN tracks AS t USING (snapshot_date, track_id) WHERE track_id <> ''",
    )
    assert not ask(backends, "SELECT * FROM playlist_items ANTI JOIN coverage USING (snapshot_date, playlist_id)")
    for day in DAYS[:-1]:
        for name in TABLES:
            assert isinstance(backends.tables.read_published(name, day), pl.DataFrame)


def test_the_command_forgets_what_dagster_has_shown(
    data_dir: Path,  # noqa: F811
    run: Run,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SPOTIFY_PIPELINE_TODAY", str(TODAY))
    monkeypatch.setenv("SPOTIFY_PIPELINE_API_URL", "http://127.0.0.1:1/v1/")
    backends = opened(data_dir, TODAY)
    for number, day in enumerate(DAYS[:2]):
        write_raw(backends, *documents(number), day=day)
        with open_instance(data_dir) as instance:
            execute_day(backends, day, instance, step=Step.TRANSFORM)
    places = {path.split("/")[0] for path, _ in found_in(data_dir, OF_ANA)}
    assert places == {"raw", "tables", "dagster", "report.html"}

    told = run("forget", "--account", ANA, "--dry-run")
    assert told.code == 0
    assert told.out.startswith("2 published days, 2025-02-27 to 2025-02-28; 2 files of 1 playlists:\n")
    assert f"  {ANAS} CanaryName 1\n" in told.out
    assert {path.split("/")[0] for path, _ in found_in(data_dir, OF_ANA)} == places

    done = run("forget", "--account", ANA)
    assert (done.code, done.out.splitlines()[-1][:10]) == (0, "Forgotten.")
    assert found_in(data_dir, OF_ANA) == set()
    with open_instance(data_dir) as instance:
        assert instance.get_materialized_partitions(_key("tracks")) == set(map(str, DAYS[:2]))
        assert not instance.get_run_ids()

    assert run("forget", "--playlist", ANAS).out.startswith("Nothing of it is in the documents and tables")
    assert run("forget").code == 2


def _key(name: str) -> Any:
    from dagster import AssetKey  # noqa: PLC0415

    return AssetKey(name)
