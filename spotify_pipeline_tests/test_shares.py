"""Shares of a day's playlists, and the processes in which they are transformed."""

import os
import signal
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.backends.stores import Stores
from spotify_pipeline.errors import PipelineError
from spotify_pipeline.progress import Progress
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Status
from spotify_pipeline.steps.publish import publish_day
from spotify_pipeline.steps.shares import Share, cut, processes_worth, run
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline.storage.stage import StageWriter
from spotify_pipeline.tables.transform import Transformed
from spotify_pipeline_tests.storage.staging import read_all
from spotify_pipeline_tests.tables.builders import entry, playlist, track
from spotify_pipeline_tests.test_publication import write_raw

DAY, NEXT = date(2025, 3, 2), date(2025, 3, 3)


@pytest.fixture
def backends(backends_for: Callable[..., Backends]) -> Backends:
    return backends_for("http://127.0.0.1:1", NEXT)


def manifest_of(*lengths: int) -> Manifest:
    rows = [Coverage(f"{number:03d}", Status.OBSERVED, items_read=length) for number, length in enumerate(lengths)]
    return Manifest(DAY, rows)


@given(st.lists(st.integers(0, 2_000), max_size=40), st.integers(1, 9))
def test_shares_are_the_whole_day_in_order_and_about_equal(lengths: list[int], number: int) -> None:
    manifest = manifest_of(*lengths)
    pieces = cut(manifest, number)
    assert [row for piece in pieces for row in piece] == manifest.playlists
    assert len(pieces) <= number
    assert all(pieces)
    sizes = [sum(row.items_read + 1 for row in piece) for piece in pieces]
    assert max(sizes, default=0) <= sum(sizes) / number + max(lengths, default=0) + 1


def test_the_first_share_may_have_a_head_start_in_a_day_that_is_large_enough() -> None:
    manifest = manifest_of(*[9] * 10)
    assert [len(piece) for piece in cut(manifest, 2, head_start=20)] == [6, 4]
    assert [len(piece) for piece in cut(manifest, 2, head_start=51)] == [5, 5]


def test_shares_are_in_the_order_of_playlist_ids_whatever_the_manifest_s_is() -> None:
    manifest = manifest_of(1, 1, 1, 1)
    manifest.playlists.reverse()
    assert [[row.playlist_id for row in piece] for piece in cut(manifest, 2)] == [["000", "001"], ["002", "003"]]


def test_only_a_large_day_is_worth_several_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    days = [manifest_of(items) for items in (0, 59_999, 60_000, 119_999, 10_000_000)]
    assert [processes_worth(day) for day in days] == [1, 1, 2, 3, 4]


class Told(Progress):
    def __init__(self) -> None:
        self.counts: list[tuple[int, int, str]] = []

    def count(self, done: int, total: int, text: str) -> None:
        self.counts.append((done, total, text))


def test_two_processes_make_the_tables_that_one_makes(backends: Backends) -> None:
    documents = [
        playlist(f"p{number}", [entry(track(f"t{number * 3 + k}", name=f"In p{number}")) for k in range(6)])
        for number in range(8)
    ]
    write_raw(backends, *documents)
    transform_day(backends, backends.raw.open_day(DAY))
    publish_day(backends, DAY)
    moved = [playlist(f"p{number}", documents[number]["items"]["items"][::-1]) for number in range(8)]
    write_raw(backends, *moved, day=NEXT, broken={"p1": b"[", "p6": b"{}"})
    kept = backends.raw.open_day(NEXT)
    broken = {name: kept.document(name) for name in ("p1", "p6")}
    counts = transform_day(backends, kept, processes=1)
    expected = read_all(backends.tables, NEXT)

    write_raw(backends, *moved, day=NEXT, broken=broken)
    told = Told()
    assert transform_day(backends, backends.raw.open_day(NEXT), processes=2, progress=told) == counts
    for name, frame in read_all(backends.tables, NEXT).items():
        assert_frame_equal(frame, expected[name])
    assert expected["playlist_events"].height
    assert expected["coverage"].filter(status="failed")["playlist_id"].to_list() == ["p1", "p6"]
    staged = backends.tables.staged(NEXT)
    assert staged
    assert [len(staged.of(name)) for name in ("playlist_items", "playlist_events", "tracks")] == [2, 2, 1]
    assert told.counts == [(done, 8, "playlists are transformed") for done in (4, 8)]
    assert publish_day(backends, NEXT).days == [DAY, NEXT]
    assert backends.engine.ask(f"SELECT count(*) FROM playlist_items WHERE snapshot_date = DATE '{NEXT}'").rows == [
        (counts["playlist_items"],)
    ]


def be_killed_elsewhere(backends: Stores, day: date, share: Share, writer: StageWriter) -> Transformed:
    del backends, day, writer
    if share[0].playlist_id != "000":
        os.kill(os.getpid(), signal.SIGKILL)
    return Transformed({}, {})


@pytest.mark.no_cover
def test_a_process_that_is_killed_is_told_of_in_a_sentence_and_nothing_is_staged(backends: Backends) -> None:
    pieces = cut(manifest_of(1, 1), 2)
    killed = pytest.raises(PipelineError, match=r"A process that made tables of 2025-03-02 was killed, most likely")
    with killed, backends.tables.stage(DAY) as stage:
        run(be_killed_elsewhere, backends, DAY, pieces, stage, Progress())
    assert backends.tables.staged(DAY) is None
