"""From raw documents to the catalog, as the steps do it: transform, stage, audit, publish."""

import gzip
import json
from collections.abc import Callable
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import polars as pl
import pytest

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.catalog.publication import Publication
from spotify_pipeline.errors import DataError, StorageError
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Status
from spotify_pipeline.steps.publish import accept_losses, audit_day, publish_day
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline.storage.objects import FolderStore
from spotify_pipeline.storage.raw import RawStore
from spotify_pipeline.storage.tables import TableStore
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.fake_backends import FakeBackends
from spotify_pipeline_tests.spotify.fake_spotify import FakePlaylist, FakeSpotify, error, playlist_id
from spotify_pipeline_tests.storage.crashes import Crash, CrashingStore
from spotify_pipeline_tests.storage.staging import publish_staged, read_all, stage
from spotify_pipeline_tests.tables.builders import Json, coverage_of, encoded, entry, playlist, track

DAY, NEXT = date(2025, 3, 2), date(2025, 3, 3)

MINE = playlist("mine", [entry(track("t1")), entry(None), entry(track("t2"))])
OTHER = playlist("other", [entry(track("t1"))])


@pytest.fixture
def backends(backends_for: Callable[..., Backends]) -> Backends:
    return backends_for("http://127.0.0.1:1", DAY)


def write_raw(backends: Backends, *documents: Json, day: date = DAY, broken: dict[str, bytes] | None = None) -> None:
    """A day as the extraction leaves it; `broken` replaces documents."""
    raw = backends.raw
    raw.begin(day)
    rows = [msgspec.structs.replace(coverage_of(document), observed_date=day) for document in documents]
    bodies = encoded(documents) | (broken or {})
    for row in rows:
        raw.stage_document(day, row, bodies[row.playlist_id])
    raw.commit(Manifest(day, sorted(rows, key=lambda row: row.playlist_id)))


def transformed(backends: Backends, day: date = DAY) -> dict[str, pl.DataFrame]:
    """The tables that the transformation of a day stages."""
    transform_day(backends, backends.raw.open_day(day))
    return read_all(backends.tables, day)


def transform_and_stage(backends: Backends, day: date = DAY) -> None:
    transform_day(backends, backends.raw.open_day(day))


def publish(backends: Backends, *documents: Json, day: date = DAY) -> Publication:
    write_raw(backends, *documents, day=day)
    transform_and_stage(backends, day)
    return publish_day(backends, day)


def ask(backends: Backends, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(backends.duckdb_file, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def files(folder: Path) -> dict[str, bytes]:
    """Everything under a folder by name, but for what is only staged."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "_staged" not in path.parts
    }


def what_is_shown(backends: Backends) -> tuple[dict[str, bytes], dict[str, list[tuple[Any, ...]]]]:
    """The published files, and what SQL answers."""
    tables = files(backends.settings.data_dir / "tables")
    return tables, {name: ask(backends, f"FROM {name} ORDER BY ALL") for name in TABLES}


def test_a_day_goes_from_raw_documents_to_the_catalog(backends: Backends) -> None:
    publication = publish(backends, MINE, OTHER)
    assert publication == Publication([DAY], str(backends.duckdb_file))
    assert ask(backends, "SELECT playlist_id, position, track_id, snapshot_date FROM playlist_items ORDER BY 1, 2") == [
        ("mine", 0, "t1", DAY),
        ("mine", 1, None, DAY),
        ("mine", 2, "t2", DAY),
        ("other", 0, "t1", DAY),
    ]
    assert all(finding.passed for finding in audit_day(backends, DAY))


def test_every_published_day_is_shown(backends: Backends) -> None:
    publish(backends, MINE, day=NEXT)
    assert publish(backends, OTHER, day=DAY).days == [DAY, NEXT]
    assert ask(backends, "SELECT playlist_id, snapshot_date FROM coverage ORDER BY 2") == [
        ("other", DAY),
        ("mine", NEXT),
    ]


def test_running_a_day_again_changes_no_byte(backends: Backends) -> None:
    publish(backends, MINE, OTHER)
    tables = files(backends.settings.data_dir / "tables")
    raw = files(backends.settings.data_dir / "raw")
    transform_and_stage(backends)
    publish_day(backends, DAY)
    assert files(backends.settings.data_dir / "tables") == tables
    assert files(backends.settings.data_dir / "raw") == raw
    publish(backends, MINE, OTHER)  # extracted again, with the same outcome
    assert files(backends.settings.data_dir / "tables") == tables
    assert files(backends.settings.data_dir / "raw") == raw


def test_publishing_a_published_day_again_makes_the_catalog_anew(backends: Backends) -> None:
    publish(backends, MINE)
    backends.duckdb_file.unlink()
    assert publish_day(backends, DAY).days == [DAY]
    assert ask(backends, "SELECT count(*) FROM playlist_items") == [(3,)]


# The gate


def break_tracks(frames: dict[str, pl.DataFrame]) -> None:
    frames["tracks"] = frames["tracks"].with_columns(duration_ms=pl.lit(-1, dtype=pl.Int64))


def break_albums(frames: dict[str, pl.DataFrame]) -> None:
    frames["albums"] = frames["albums"].clear()


def break_items(frames: dict[str, pl.DataFrame]) -> None:
    frames["playlist_items"] = frames["playlist_items"].head(1)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (break_tracks, "tracks.values: duration_ms is at least 0: not so in 2 rows"),
        (break_albums, "tracks.foreign_keys: 1 values of album_id are not in albums, such as album"),
        (break_items, "coverage.complete: 1 playlists are not whole: mine has 1 rows instead of 3"),
    ],
)
def test_a_day_that_fails_its_audit_is_not_published_and_all_shows_what_it_showed(
    spoil: Callable[[dict[str, pl.DataFrame]], None], reason: str, backends: Backends
) -> None:
    publish(backends, OTHER, day=DAY)
    publish(backends, OTHER, day=NEXT)
    before = what_is_shown(backends)
    write_raw(backends, MINE)
    frames = transformed(backends)
    spoil(frames)
    stage(backends.tables, DAY, frames)
    for _ in range(2):  # trying again does not help
        with pytest.raises(DataError, match=r"2025-03-02 is not published, because \d checks failed") as caught:
            publish_day(backends, DAY)
        assert reason in str(caught.value)
        assert what_is_shown(backends) == before
    publish_day(backends, NEXT)  # nor does another day open the gate
    assert what_is_shown(backends) == before
    transform_and_stage(backends)  # put right
    publish_day(backends, DAY)
    assert ask(backends, "SELECT count(*) FROM playlist_items WHERE snapshot_date = '2025-03-02'") == [(3,)]


def test_a_first_day_that_fails_its_audit_makes_no_catalog(backends: Backends) -> None:
    write_raw(backends, MINE)
    frames = transformed(backends)
    break_tracks(frames)
    stage(backends.tables, DAY, frames)
    with pytest.raises(DataError, match="not published"):
        publish_day(backends, DAY)
    assert not backends.duckdb_file.exists()
    assert backends.tables.published_days() == []


def test_a_day_on_which_nothing_could_be_read_is_not_published(backends: Backends) -> None:
    backends.raw.begin(DAY)
    backends.raw.commit(Manifest(DAY, [Coverage("mine", Status.FAILED, "no answer")]))
    transform_and_stage(backends)
    with pytest.raises(DataError, match=r"none of the 1 playlists could be read: mine is failed \(no answer\)"):
        publish_day(backends, DAY)


def test_the_audit_looks_at_the_staged_rows_and_after_publication_at_the_published_ones(backends: Backends) -> None:
    publish(backends, MINE)
    assert all(finding.passed for finding in audit_day(backends, DAY))
    frames = transformed(backends)
    break_tracks(frames)
    stage(backends.tables, DAY, frames)
    assert [
        f"{finding.check.table}.{finding.check.name}" for finding in audit_day(backends, DAY) if not finding.passed
    ] == ["tracks.values"]


# Without tables, and interrupted


def test_publishing_a_day_without_tables_is_refused(backends: Backends) -> None:
    publish(backends, MINE, day=NEXT)
    before = what_is_shown(backends)
    write_raw(backends, MINE)
    with pytest.raises(DataError, match="There are no tables for 2025-03-02: run the transformation"):
        publish_day(backends, DAY)
    with pytest.raises(DataError, match=r"There is no .* for 2025-03-02: run the transformation"):
        audit_day(backends, DAY)
    assert what_is_shown(backends) == before


@pytest.mark.parametrize("published_before", [False, True])
def test_of_an_interrupted_transformation_nothing_is_published(published_before: bool, backends: Backends) -> None:
    if published_before:
        publish(backends, OTHER)
    write_raw(backends, MINE)
    before = files(backends.settings.data_dir / "tables")
    crashing = choose_backends(backends.settings)
    crashing.tables = TableStore(CrashingStore(FolderStore(backends.settings.data_dir / "tables"), changes=5))
    with pytest.raises(Crash):
        transform_day(crashing, crashing.raw.open_day(DAY))
    assert backends.tables.staged(DAY) is None
    if published_before:
        assert publish_day(backends, DAY).days == [DAY]
    else:
        with pytest.raises(DataError, match="There are no tables for 2025-03-02: run the transformation"):
            publish_day(backends, DAY)
    assert files(backends.settings.data_dir / "tables") == before
    transform_and_stage(backends)
    assert publish_day(backends, DAY).days == [DAY]
    assert files(backends.settings.data_dir / "tables") != before


@pytest.mark.parametrize("changes", [1, 5, 16])
def test_an_interrupted_publication_is_completed_by_the_next(changes: int, backends: Backends) -> None:
    publish(backends, OTHER)
    write_raw(backends, MINE)
    transform_and_stage(backends)
    folder = FolderStore(backends.settings.data_dir / "tables")
    with pytest.raises(Crash):
        publish_staged(TableStore(CrashingStore(folder, changes)), DAY)
    publish(backends, OTHER, day=NEXT)  # whichever day it is of: SQL never goes on showing a mixture
    assert ask(backends, "SELECT playlist_id, count(*) FROM playlist_items GROUP BY ALL ORDER BY 1") == [
        ("mine", 3),
        ("other", 1),
    ]
    assert publish_day(backends, DAY).days == [DAY, NEXT]


def test_a_catalog_that_cannot_be_written_is_said_and_made_by_the_next_publication(
    backends: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_raw(backends, MINE)
    transform_and_stage(backends)
    with monkeypatch.context() as patch:
        patch.setattr(backends.catalog, "path", backends.settings.data_dir / "raw/playlists")  # a folder in the way
        with pytest.raises(StorageError, match=r"Cannot write the catalog .*/raw/playlists"):
            publish_day(backends, DAY)
    assert publish_day(backends, DAY).days == [DAY]
    assert ask(backends, "SELECT count(*) FROM coverage") == [(1,)]


# Malformed documents

_CUT = json.dumps(MINE).encode()[:100]
_MALFORMED = {
    "cut": (_CUT, "not JSON"),
    "wrong types": (json.dumps(MINE | {"name": 5}).encode(), "`$.name`"),
    "not JSON": (b"<html>502</html>", "not JSON"),
    "another playlist's": (json.dumps(OTHER).encode(), "other"),
}
malformed = pytest.mark.parametrize(("document", "field"), _MALFORMED.values(), ids=_MALFORMED.keys())


@malformed
def test_a_malformed_document_fails_its_playlist_and_the_others_are_published(
    document: bytes, field: str, backends: Backends
) -> None:
    write_raw(backends, MINE, OTHER, broken={"mine": document})
    transform_and_stage(backends)
    publish_day(backends, DAY)
    rows = ask(backends, "SELECT playlist_id, status, reason FROM coverage ORDER BY 1")
    assert [row[:2] for row in rows] == [("mine", "failed"), ("other", "observed")]
    assert field in rows[0][2]
    assert "mine.json.gz" in rows[0][2]
    assert ask(backends, "SELECT playlist_id FROM playlists") == [("other",)]
    assert ask(backends, "SELECT DISTINCT playlist_id FROM playlist_items") == [("other",)]


@malformed
def test_a_malformed_document_is_kept_aside_and_the_manifest_says_why(
    document: bytes, field: str, backends: Backends
) -> None:
    write_raw(backends, MINE, OTHER, broken={"mine": document})
    transform_day(backends, backends.raw.open_day(DAY))
    row = backends.raw.open_day(DAY).manifest.by_id()["mine"]
    assert row.status is Status.FAILED
    assert field in str(row.reason)
    assert "mine.json.gz" in str(row.reason)
    assert backends.raw.documents(DAY) == {"other"}
    kept = backends.settings.data_dir / "raw/_quarantine/playlists/snapshot_date=2025-03-02/mine.json.gz"
    assert gzip.decompress(kept.read_bytes()) == document


def test_transforming_again_after_a_malformed_document_gives_the_same_tables(backends: Backends) -> None:
    write_raw(backends, MINE, OTHER, broken={"mine": _CUT})
    transform_and_stage(backends)
    publish_day(backends, DAY)
    before = files(backends.settings.data_dir)
    transform_and_stage(backends)
    publish_day(backends, DAY)
    after = files(backends.settings.data_dir)
    assert {name: after[name] for name in after if not name.startswith("catalog")} == {
        name: before[name] for name in before if not name.startswith("catalog")
    }


def test_a_day_whose_only_document_is_malformed_is_not_published(backends: Backends) -> None:
    write_raw(backends, MINE, broken={"mine": _CUT})
    transform_and_stage(backends)
    with pytest.raises(DataError, match=r"none of the 1 playlists could be read: mine is failed \(mine.json.gz: not"):
        publish_day(backends, DAY)


def test_damaged_bytes_fail_their_playlist_too(backends: Backends) -> None:
    write_raw(backends, MINE, OTHER)
    path = backends.settings.data_dir / "raw/playlists/snapshot_date=2025-03-02/mine.json.gz"
    content = path.read_bytes()
    path.write_bytes(content[:20] + bytes(20) + content[40:])
    transform_and_stage(backends)
    publish_day(backends, DAY)
    ((status, reason),) = ask(backends, "SELECT status, reason FROM coverage WHERE playlist_id = 'mine'")
    assert status == "failed"
    assert reason.startswith(f"{path} is damaged: ")


def test_a_crash_while_a_malformed_document_is_taken_aside_is_made_up_for(backends: Backends) -> None:
    folder = FolderStore(backends.settings.data_dir / "raw")
    document, kept = ("playlists/snapshot_date=2025-03-02/mine.json.gz", "_quarantine/")
    for changes in count():
        write_raw(backends, MINE, OTHER, broken={"mine": _CUT})
        crashing = choose_backends(backends.settings)
        crashing.raw = RawStore(CrashingStore(folder, changes))
        try:
            transform_day(crashing, backends.raw.open_day(DAY))
        except Crash:
            assert {document, kept + document} & set(folder.list(""))
            transform_and_stage(backends)
            assert publish_day(backends, DAY).days == [DAY]
            assert ask(backends, "SELECT status FROM coverage ORDER BY 1") == [("failed",), ("observed",)]
        else:
            break
    assert changes >= 3


def test_what_an_interrupted_extraction_has_staged_does_not_slip_into_a_transformation(backends: Backends) -> None:
    write_raw(backends, MINE, OTHER, broken={"mine": _CUT})
    longer = playlist("other", [entry(track("t1")), entry(track("t9"))])
    backends.raw.stage_document(DAY, coverage_of(longer), encoded([longer])["other"])  # and then the process was killed
    transform_and_stage(backends)
    assert backends.raw.open_day(DAY).document("other") == encoded([OTHER])["other"]
    transform_and_stage(backends)
    assert publish_day(backends, DAY).days == [DAY]


# Rows that were lost

DAYS = [date(2026, 1, 2) + timedelta(days=number) for number in range(8)]
ID, OTHER_ID = playlist_id(1), playlist_id(2)


class Week:
    """Days of two playlists of the user's, from Spotify to the catalog."""

    def __init__(self, folder: Path) -> None:
        self.fake = FakeSpotify([FakePlaylist(ID, length=100), FakePlaylist(OTHER_ID, length=100)])
        self._folder = folder

    def on(self, day: date, **variables: str) -> FakeBackends:
        return FakeBackends(self.fake, self._folder, day, **variables)

    def edit(self, length: int, total: int | None = None) -> None:
        """Give the first playlist another length."""
        playlist = self.fake.playlists[0]
        playlist.length, playlist.total, playlist.snapshot_id = length, total, f"{playlist.snapshot_id} and more"

    def run(self, day: date, *, accept: str = "", refresh: bool = False, **variables: str) -> str:
        """Run a day: why it is held back; empty where it is published."""
        backends = self.on(day, **variables)
        backends.extract(accept=accept, refresh=refresh)
        return self.publish(day, **variables)

    def publish(self, day: date, **variables: str) -> str:
        backends = self.on(day, **variables)
        transform_and_stage(backends, day)
        try:
            publish_day(backends, day)
        except DataError as error:
            return str(error)
        return ""

    def published(self) -> dict[date, int]:
        """How many rows of the first playlist SQL shows on each day."""
        sql = "SELECT snapshot_date, count(*) FROM playlist_items WHERE playlist_id = ? GROUP BY ALL ORDER BY 1"
        with duckdb.connect(self.on(DAYS[0]).duckdb_file, read_only=True) as connection:
            return dict(connection.execute(sql, [ID]).fetchall())


@pytest.fixture
def week(tmp_path: Path) -> Week:
    return Week(tmp_path / "data")


def test_a_day_on_which_a_playlist_lost_most_of_its_rows_is_held_back_and_it_is_said_how_to_accept_it(
    week: Week,
) -> None:
    assert week.run(DAYS[0]) == ""
    week.edit(length=40)
    assert week.run(DAYS[1]) == (
        f"2026-01-03 is not published, because 1 checks failed: playlist_items.no_mass_loss: {ID} has 40 rows instead "
        f"of the 100 of 2026-01-02, 60% fewer; if that is right: spotify-pipeline run --accept {ID}"
    )
    assert week.published() == {DAYS[0]: 100}


@pytest.mark.parametrize(("max_loss", "length", "passes"), [("0", 99, False), ("0.7", 30, True), ("1", 0, True)])
def test_how_much_may_be_lost_is_a_setting(max_loss: str, length: int, passes: bool, week: Week) -> None:
    week.run(DAYS[0])
    week.edit(length)
    assert (week.run(DAYS[1], SPOTIFY_PIPELINE_MAX_LOSS=max_loss) == "") is passes


def test_a_day_that_is_held_back_is_no_measure_for_the_next(week: Week) -> None:
    week.run(DAYS[0])
    week.edit(length=40)
    for day in DAYS[1:4]:
        assert "40 rows instead of the 100 of 2026-01-02" in week.run(day)
    week.edit(length=60)
    assert week.run(DAYS[4]) == ""
    assert week.published() == {DAYS[0]: 100, DAYS[4]: 60}


def test_a_loss_over_several_days_is_measured_from_one_published_day_to_the_next(week: Week) -> None:
    week.run(DAYS[0])
    for day, length in zip(DAYS[1:4], (60, 40, 25), strict=True):
        week.edit(length)
        assert week.run(day) == ""


@pytest.mark.parametrize("way", ["run", "later"])
def test_a_day_that_is_accepted_is_published_and_is_the_measure_for_the_next(way: str, week: Week) -> None:
    week.run(DAYS[0])
    week.edit(length=10)
    assert week.run(DAYS[1]) != ""
    if way == "run":
        assert week.run(DAYS[2], accept=ID) == ""
    else:
        week.on(DAYS[2]).extract()
        accept_losses(week.on(DAYS[2]).raw, DAYS[2], [ID])
        assert week.publish(DAYS[2]) == ""
    assert week.run(DAYS[3]) == ""
    week.edit(length=4)
    assert "4 rows instead of the 10 of 2026-01-05" in week.run(DAYS[4])
    assert week.published() == {DAYS[0]: 100, DAYS[2]: 10, DAYS[3]: 10}


def test_what_was_held_back_can_be_accepted_on_its_own_day_later(week: Week) -> None:
    week.run(DAYS[0])
    week.edit(length=10)
    assert week.run(DAYS[1]) != ""
    accept_losses(week.on(DAYS[2]).raw, DAYS[1], [ID])
    assert week.publish(DAYS[1]) == ""
    assert week.run(DAYS[2]) == ""


def test_accepting_one_playlist_accepts_no_other(week: Week) -> None:
    week.run(DAYS[0])
    week.edit(length=10)
    week.fake.playlists[1].length, week.fake.playlists[1].snapshot_id = 3, "snapshot-2"
    problem = week.run(DAYS[1], accept=ID)
    assert f"{OTHER_ID} has 3 rows" in problem
    assert f"{ID} has" not in problem


def test_days_on_which_a_playlist_could_not_be_read_do_not_hide_its_loss(week: Week) -> None:
    week.run(DAYS[0])
    week.fake.playlists[0].readable = False
    week.edit(length=100)
    assert week.run(DAYS[1]) == ""
    week.fake.on(f"playlists/{ID}", lambda _: error(403, "Forbidden"))
    week.edit(length=100)
    assert week.run(DAYS[2]) == ""
    week.fake.playlists[0].readable = True
    week.edit(length=40)
    assert "40 rows instead of the 100 of 2026-01-02" in week.run(DAYS[3])


def test_what_is_shown_of_a_day_that_was_read_again_and_held_back_is_the_measure_for_the_next(week: Week) -> None:
    week.run(DAYS[0])
    week.run(DAYS[1])
    week.edit(length=10)
    assert "10 rows instead of the 100 of 2026-01-02" in week.run(DAYS[1], refresh=True)
    assert week.published() == {DAYS[0]: 100, DAYS[1]: 100}
    assert "10 rows instead of the 100 of 2026-01-03" in week.run(DAYS[2])


def test_a_first_day_has_nothing_to_lose(week: Week) -> None:
    week.edit(length=0)
    assert week.run(DAYS[0], SPOTIFY_PIPELINE_MAX_LOSS="0") == ""


def test_rows_that_spotify_does_not_send_hold_the_day_back_until_it_sends_them(week: Week) -> None:
    week.run(DAYS[0])
    week.edit(length=0, total=100)
    for day in DAYS[1:3]:
        assert f"{ID} has no rows although Spotify says that it has 100" in week.run(day, SPOTIFY_PIPELINE_MAX_LOSS="1")
    week.fake.playlists[0].length = 100  # and its snapshot_id stays
    assert week.run(DAYS[3]) == ""
    assert week.published() == {DAYS[0]: 100, DAYS[3]: 100}


def test_rows_that_spotify_never_sends_are_accepted_once(week: Week) -> None:
    week.edit(length=0, total=300)
    assert week.run(DAYS[0]) != ""
    assert week.run(DAYS[0], accept=ID) == ""
    assert week.run(DAYS[1]) == ""
    week.edit(length=0, total=301)
    assert "has no rows although Spotify says that it has 301" in week.run(DAYS[2])


def test_a_day_whose_raw_documents_were_removed_can_still_be_audited(week: Week) -> None:
    week.run(DAYS[0])
    week.run(DAYS[1])
    for path in (week.on(DAYS[0]).settings.data_dir / f"raw/playlists/snapshot_date={DAYS[1]}").iterdir():
        path.unlink()
    assert all(finding.passed for finding in audit_day(week.on(DAYS[1]), DAYS[1]))


def test_a_damaged_document_does_not_hide_a_loss(week: Week) -> None:
    week.run(DAYS[0])
    backends = week.on(DAYS[1])
    backends.extract()
    document = backends.settings.data_dir / f"raw/playlists/snapshot_date={DAYS[1]}/{ID}.json.gz"
    document.write_bytes(b"damaged")
    assert week.publish(DAYS[1]) == ""
    week.edit(length=10)
    assert "10 rows instead of the 100 of 2026-01-02" in week.run(DAYS[2])
