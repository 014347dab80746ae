"""Retention: what is older goes, in an order that never shows what is gone; what is kept keeps its bytes."""

import shutil
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.errors import DataError
from spotify_pipeline.spotify.details import ARTISTS
from spotify_pipeline.spotify.manifest import Coverage, Status
from spotify_pipeline.steps.months import compact_month
from spotify_pipeline.steps.publish import publish_day
from spotify_pipeline.steps.report import publish_report, renew_report
from spotify_pipeline.steps.retention import Removal, plan_removal, remove_days
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.cli.conftest import Run, data_dir, run, working_dir  # noqa: F401  # some are fixtures
from spotify_pipeline_tests.data_folders import copied, opened
from spotify_pipeline_tests.storage.crashes import Crash, CrashingSharedStore
from spotify_pipeline_tests.tables.builders import entry, playlist, track
from spotify_pipeline_tests.test_publication import ask, publish, transform_and_stage

TODAY = date(2025, 3, 3)
DAYS = [TODAY - timedelta(days=number) for number in (3, 2, 1, 0)]
KEPT = DAYS[2:]
KEEP_DAYS = 1


def lists(number: int) -> list[dict[str, object]]:
    """Two playlists, of which one changes each day."""
    return [
        playlist("changing", [entry(track(f"t{number}")), entry(track("t"))]),
        playlist("constant", [entry(track("t"))]),
    ]


def lived(backends: Backends) -> Backends:
    """Four days, a month of them compacted, and what a history leaves beside its days."""
    for number, day in enumerate(DAYS):
        publish(backends, *lists(number), day=day)
    compact_month(backends, date(2025, 2, 1))
    old = DAYS[0]
    with backends.raw.details.writer(ARTISTS, old) as writer:
        writer.add({name: b'{"id":"%s"}' % name.encode() for name in ("of-t", "of-t0")})
    backends.raw.quarantine_answer(old, "odd", b"not JSON")
    backends.raw.set_pending(Coverage("waiting", Status.OBSERVED, observed_date=old), b"{}")
    backends.due.add([DAYS[1], DAYS[3]], since=old)
    return backends


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with that history, made once; copies of it are what tests work on."""
    folder = tmp_path_factory.mktemp("prepared")
    lived(opened(folder, TODAY))
    return folder


@pytest.fixture
def backends(prepared: Path, tmp_path: Path) -> Backends:
    return copied(prepared, tmp_path / "data", TODAY)


def kept_files(folder: Path) -> dict[str, bytes]:
    """All files of the kept days: their documents and tables."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for day in KEPT
        for path in folder.rglob(f"snapshot_date={day}/*")
        if path.is_file()
    }


def names_of(folder: Path, days: list[date]) -> list[str]:
    """Files whose paths name one of these days, or their month, or that hold what was read on them."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and any(f"={day}" in str(path) for day in (*days, date(2025, 2, 1)))
    )


def retain(backends: Backends, keep_days: int = KEEP_DAYS) -> Removal:
    removal = plan_removal(backends, keep_days)
    remove_days(backends, removal)
    return removal


def test_older_days_go_and_nothing_else_changes(backends: Backends) -> None:
    folder = backends.settings.data_dir
    kept = kept_files(folder)
    removal = retain(backends)
    assert (removal.first_kept, removal.days, removal.published) == (KEPT[0], DAYS[:2], 2)
    assert kept_files(folder) == kept
    assert {day for (day,) in ask(backends, "SELECT DISTINCT snapshot_date FROM coverage")} == set(KEPT)
    assert backends.raw.days() == KEPT
    assert backends.tables.published_days() == KEPT
    assert not backends.raw.pending()
    assert list(backends.due.load()) == [DAYS[3]]
    assert backends.spans.load() == dict.fromkeys(("changing", "constant"), (KEPT[0], KEPT[-1]))
    assert not backends.months.load()


def test_of_details_those_stay_that_a_kept_day_needs(backends: Backends) -> None:
    needed = ask(backends, f"SELECT min(artist_id) FROM artists WHERE snapshot_date = '{TODAY}'")[0][0]
    with backends.raw.details.writer(ARTISTS, DAYS[0]) as writer:
        writer.add({needed: b'{"id":"%s"}' % needed.encode()})
    retain(backends)
    assert backends.raw.details.ids(ARTISTS) == {needed}


def test_nothing_of_an_older_day_is_left(backends: Backends) -> None:
    folder = backends.settings.data_dir
    assert len(names_of(folder, DAYS[:2])) > 20
    retain(backends)
    assert names_of(folder, DAYS[:2]) == []


def test_a_plan_changes_nothing(backends: Backends) -> None:
    folder = backends.settings.data_dir
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    removal = plan_removal(backends, KEEP_DAYS)
    assert removal.files == len([path for path in before if any(f"={day}" in str(path) for day in DAYS[:2])]) - 1
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_doing_it_again_changes_nothing(backends: Backends) -> None:
    retain(backends)
    folder = backends.settings.data_dir
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert retain(backends).is_empty
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_what_is_killed_anywhere_is_completed_by_doing_it_again(backends: Backends, tmp_path: Path) -> None:
    original, copy = backends.settings.data_dir, tmp_path / "copy"
    again = copied(original, copy, TODAY)
    retain(again)
    expected = {path.relative_to(copy): path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    expected = {path: content for path, content in expected.items() if path.suffix != ".duckdb"}
    for changes in range(0, 120, 9):
        shutil.rmtree(copy)
        killed = copied(original, copy, TODAY)
        killed.table_objects = CrashingSharedStore(killed.table_objects, changes)
        killed.raw_objects = CrashingSharedStore(killed.raw_objects, changes)
        try:
            retain(killed)
        except Crash:
            was_killed = True
        else:
            was_killed = False
        shown = {str(day) for (day,) in ask(again, "SELECT DISTINCT snapshot_date FROM coverage")}
        assert all(list(copy.glob(f"tables/{table}/snapshot_date={day}/*")) for table in TABLES for day in shown)
        retain(again)
        left = {path.relative_to(copy): path.read_bytes() for path in copy.rglob("*") if path.is_file()}
        assert {path: content for path, content in left.items() if path.suffix != ".duckdb"} == expected
        if not was_killed:
            break
    assert not was_killed


# Somebody publishes meanwhile


def test_what_was_staged_before_is_not_published_afterwards(backends: Backends) -> None:
    transform_and_stage(backends, DAYS[0])
    staged = backends.tables.staged(DAYS[0])
    assert staged
    retain(backends)
    with pytest.raises(DataError, match=f"{DAYS[0]} is not kept, only days from {KEPT[0]} on"):
        backends.tables.publish(DAYS[0], staged)
    with pytest.raises(DataError, match="is not kept"), backends.tables.stage(DAYS[0]):
        pass
    with pytest.raises(DataError, match="There are no tables"):
        publish_day(backends, DAYS[0])


def test_files_that_somebody_moves_to_their_places_meanwhile_are_not_shown(backends: Backends) -> None:
    folder = backends.settings.data_dir / "tables"
    moved = {path: path.read_bytes() for path in folder.rglob(f"snapshot_date={DAYS[0]}/*")}
    retain(backends)
    for path, content in moved.items():
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    backends.catalog.publish()
    assert {day for (day,) in ask(backends, "SELECT DISTINCT snapshot_date FROM tracks")} == set(KEPT)
    assert not any(backends.catalog.differences())
    assert retain(backends).days == [DAYS[0]]
    assert names_of(folder, DAYS[:2]) == []


def test_keeping_more_days_lets_older_ones_in_again(backends: Backends) -> None:
    retain(backends)
    retain(backends, keep_days=100)
    publish(backends, *lists(0), day=DAYS[0])
    assert backends.tables.published_days() == [DAYS[0], *KEPT]


# The command


@pytest.fixture
def history(prepared: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Backends:  # noqa: F811
    monkeypatch.setenv("SPOTIFY_PIPELINE_TODAY", str(TODAY))
    monkeypatch.setenv("SPOTIFY_PIPELINE_API_URL", "http://127.0.0.1:1/v1/")
    return copied(prepared, data_dir, TODAY)


def test_the_command_tells_first_and_removes_without_a_terminal(history: Backends, run: Run) -> None:  # noqa: F811
    publish_report(history)
    report = history.settings.data_dir / "report.html"
    assert str(DAYS[0]) in report.read_text()
    told = run("retention", "--keep-days", "1", "--dry-run")
    assert told.code == 0
    assert "Older than 2025-03-02: 2 days, 2025-02-28 to 2025-03-01, 2 of them published; " in told.out
    assert told.out.endswith("Nothing was removed, because of --dry-run.\n")
    assert history.tables.published_days() == DAYS
    done = run("retention", "--keep-days", "1")
    assert (done.code, done.out.splitlines()[-1]) == (0, "Removed.")
    assert history.tables.published_days() == KEPT
    assert str(DAYS[0]) not in report.read_text()


def test_on_a_terminal_it_asks(
    history: Backends,
    run: Run,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SPOTIFY_PIPELINE_RETENTION_DAYS", "1")
    monkeypatch.setattr("sys.stdin", TerminalSaying("n\n"))
    run("retention")
    assert history.tables.published_days() == DAYS
    monkeypatch.setattr("sys.stdin", TerminalSaying("y\n"))
    run("retention")
    assert history.tables.published_days() == KEPT
    monkeypatch.setattr("sys.stdin", TerminalSaying(""))
    assert run("retention", "--keep-days", "1", "--yes").out.splitlines()[0] == "Older than 2025-03-02: no files"


class TerminalSaying(StringIO):
    """A terminal at which somebody types this."""

    def isatty(self) -> bool:
        return True


def test_without_a_number_nothing_is_removed(history: Backends, run: Run) -> None:  # noqa: F811
    outcome = run("retention")
    assert outcome.code == 1
    assert "add --keep-days, or set SPOTIFY_PIPELINE_RETENTION_DAYS" in outcome.err
    assert history.tables.published_days() == DAYS


def test_where_no_day_is_left_neither_is_the_report(backends: Backends, tmp_path: Path) -> None:
    publish_report(backends)
    later = opened(tmp_path / "data", TODAY + timedelta(days=30))
    remove_days(later, plan_removal(later, 1), then=lambda: renew_report(later))
    assert ask(later, "SELECT count(*) FROM coverage") == [(0,)]
    assert not (tmp_path / "data" / "report.html").exists()
