"""Shares of a day, transformed apart and merged, against the day as one."""

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from spotify_pipeline.spotify.manifest import Manifest
from spotify_pipeline.tables import transform as transformation
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline.tables.merge import merge
from spotify_pipeline_tests.tables.builders import (
    DAY,
    Json,
    Transformed,
    album,
    artist,
    coverage_of,
    encoded,
    entry,
    observed,
    playlist,
    playlists,
    track,
    transform,
)

OLDER = date(2025, 3, 1)


def cut(documents: Sequence[Json], dates: Sequence[date], cuts: Sequence[int]) -> Transformed:
    rows = [coverage_of(document, day) for document, day in zip(documents, dates, strict=True)]
    return transform(Manifest(DAY, rows), encoded(documents).__getitem__, cuts=cuts)


@settings(deadline=None)
@given(documents=playlists(), data=st.data())
def test_however_a_day_is_cut_its_tables_are_the_same(documents: list[Json], data: st.DataObject) -> None:
    dates = [data.draw(st.dates(OLDER, DAY)) for _ in documents]
    cuts = data.draw(st.lists(st.integers(0, len(documents)), max_size=3))
    expected = cut(documents, dates, []).frames
    for name, frame in cut(documents, dates, cuts).frames.items():
        assert_frame_equal(frame, expected[name])


def one_in_each_share(older: Json, newer: Json) -> dict[str, list[tuple[object, ...]]]:
    frames = cut([older, newer], [OLDER, DAY], [1]).frames
    return {name: frame.rows() for name, frame in frames.items()}


def test_the_newest_document_of_any_share_tells_of_a_track_and_whom_it_credits() -> None:
    older = playlist("a", [entry(track("t", name="Old", artists=[artist("x"), artist("y")], album=None))])
    newer = playlist("b", [entry(track("t", name="New", artists=[artist("y", name="Why")], album=None))])
    rows = one_in_each_share(older, newer)
    assert [row[:2] for row in rows["tracks"]] == [("t", "New")]
    assert rows["track_artists"] == [("t", 0, "y")]
    assert [row[:2] for row in rows["artists"]] == [("y", "Why")]  # nobody credits the other one any more


def test_an_album_that_no_track_is_on_any_more_is_left_out_with_its_artists() -> None:
    older = playlist("a", [entry(track("t", artists=[], album=album("single", artists=[artist("s")])))])
    newer = playlist("b", [entry(track("t", artists=[], album=album("album", artists=[artist("l")])))])
    rows = one_in_each_share(older, newer)
    assert [row[0] for row in rows["albums"]] == ["album"]
    assert rows["album_artists"] == [("album", 0, "l")]
    assert [row[0] for row in rows["artists"]] == ["l"]


def test_of_equally_new_documents_the_first_share_tells_and_nothing_is_credited_twice() -> None:
    documents = [playlist(name, [entry(track("t", name=f"By {name}"))]) for name in "ab"]
    frames = cut(documents, [DAY, DAY], [1]).frames
    assert frames["tracks"]["name"].to_list() == ["By a"]
    assert frames["track_artists"].rows() == [("t", 0, "singer"), ("t", 1, "guest")]


def test_no_share_at_all_gives_tables_without_rows() -> None:
    for name, frame in merge([]).items():
        assert frame.is_empty()
        assert frame.schema == TABLES[name].polars_schema()


def test_full_files_are_given_away_in_the_order_of_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transformation, "ROWS_IN_FILE", 4)
    documents = [playlist(name, [entry(track(f"{name}{number}")) for number in range(3)]) for name in "abcde"]
    bodies, files = encoded(documents), list[tuple[str, list[str]]]()
    transformation.transform(
        DAY,
        [observed(document["id"], 3) for document in documents],
        lambda table, frame: files.append((table.name, frame["playlist_id"].to_list())),
        bodies.__getitem__,
    )
    assert [ids for name, ids in files if name == "playlist_items"] == [list("aaabbb"), list("cccddd"), list("eee")]
    assert [ids for name, ids in files if name == "playlists"] == [list("abcde")]
