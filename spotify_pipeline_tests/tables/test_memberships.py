"""The view `memberships`, asked of tables that are made from invented readings."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_pipeline.query.translator import to_duckdb
from spotify_pipeline.spotify.documents import Content, ExternalIds, Page, Playlist, PlaylistItem
from spotify_pipeline.tables.declarations import COVERAGE, MEMBERSHIPS, PLAYLIST_EVENTS, PLAYLIST_ITEMS
from spotify_pipeline.tables.events import events_between
from spotify_pipeline.tables.schema import Table
from spotify_pipeline_tests.tables.stays import Stay, days_in_question, stays

FIRST = date(2026, 1, 1)
A, B, C = "spotify:track:a", "spotify:track:b", "spotify:track:c"
A_AGAIN = "spotify:track:a2"  # the same recording on another album, which replaces it
NOTHING = "unavailable"

# What stands in a playlist from day to day; None where it was not read. Few items, so that they go and come back.
HISTORIES = st.lists(st.lists(st.sampled_from([A, A_AGAIN, B, NOTHING]), max_size=5), min_size=1, max_size=8)


class Readings(dict[date, list[str]]):
    """What stood in a playlist on the days on which it was read; of days in `unchanged` Spotify said so itself."""

    def __init__(self, days: Sequence[list[str] | None], unchanged: frozenset[date] = frozenset()) -> None:
        super().__init__({FIRST + timedelta(number): items for number, items in enumerate(days) if items is not None})
        self.unchanged = unchanged


@contextmanager
def tables(playlists: Mapping[str, Readings], since: date = FIRST) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with the tables that the view reads, with the days from `since` on."""
    with duckdb.connect() as connection:
        for table, values in tables_of(playlists):
            columns = {column.name: column.type.duckdb for column in table.columns} | {"snapshot_date": "DATE"}
            connection.execute(f"CREATE TABLE {table.name} ({', '.join(map(' '.join, columns.items()))})")
            kept = [[row.get(name) for name in columns] for row in values if row["snapshot_date"] >= since]
            if kept:
                places = ", ".join([f"({', '.join('?' * len(columns))})"] * len(kept))
                connection.execute(f"INSERT INTO {table.name} VALUES {places}", [cell for row in kept for cell in row])
        yield connection


def ask(playlists: Mapping[str, Readings], sql: str = MEMBERSHIPS.sql, since: date = FIRST) -> list[dict[str, Any]]:
    with tables(playlists, since) as connection:
        cursor = connection.execute(f"FROM ({sql}) ORDER BY playlist_id, item_key, occurrence, first_seen")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def document(items: Sequence[str]) -> Playlist:
    return Playlist("id", items=Page([PlaylistItem(item=None if key == NOTHING else track(key)) for key in items]))


def track(uri: str) -> Content:
    recording = (A if uri == A_AGAIN else uri).removeprefix("spotify:track:")
    return Content(type="track", id=uri, uri=uri, external_ids=ExternalIds(isrc=recording))


def tables_of(playlists: Mapping[str, Readings]) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    coverage, items, events = [], [], []
    for playlist_id, readings in playlists.items():
        observed = FIRST
        for day, found in readings.items():
            is_unchanged = day in readings.unchanged
            observed = observed if is_unchanged else day
            about = {"playlist_id": playlist_id, "snapshot_date": day}
            coverage.append(about | {"status": "unchanged" if is_unchanged else "observed", "observed_date": observed})
            items += [
                about | {"position": position, "item_key": f"{key}:{position}" if key == NOTHING else key}
                for position, key in enumerate(found)
            ]
        for (before, old), (day, new) in pairwise(readings.items()):
            about = {"playlist_id": playlist_id, "snapshot_date": day, "previous_snapshot_date": before}
            events += [
                about | {"event_number": number} | vars(event)
                for number, event in enumerate(events_between(document(old), document(new)))
            ]
    yield COVERAGE, coverage
    yield PLAYLIST_ITEMS, items
    yield PLAYLIST_EVENTS, events


def as_stays(found: list[dict[str, Any]]) -> list[Stay]:
    return sorted(Stay(**{name: row[name] for name in Stay._fields}) for row in found)


def of_one(days: Sequence[list[str] | None], unchanged: Sequence[int] = ()) -> list[dict[str, Any]]:
    return ask({"id": Readings(days, frozenset(FIRST + timedelta(number) for number in unchanged))})


def day(number: int) -> date:
    return FIRST + timedelta(number)


@pytest.mark.no_cover
@settings(deadline=None)  # DuckDB takes its time when a machine has much to do
@given(st.lists(HISTORIES, min_size=1, max_size=2))
def test_stays_are_those_that_counting_copies_finds(histories: list[list[list[str]]]) -> None:
    playlists = {f"playlist {number}": Readings(history) for number, history in enumerate(histories)}
    found = ask(playlists)
    for playlist_id, readings in playlists.items():
        of_the_playlist = [row for row in found if row["playlist_id"] == playlist_id]
        assert as_stays(of_the_playlist) == stays(readings)
        for row in of_the_playlist:  # every day was read
            assert row["days_min"] == row["days_max"] == (row["last_seen"] - row["first_seen"]).days + 1


@pytest.mark.no_cover
@settings(deadline=None)
@given(HISTORIES, st.data())
def test_where_days_are_missing_the_bounds_contain_the_truth(history: list[list[str]], data: st.DataObject) -> None:
    readings, truth = Readings(history), Readings(history)
    for missing in data.draw(st.sets(st.sampled_from(sorted(truth)), max_size=len(truth) - 1)):
        del readings[missing]
    versions = [0]
    for before, after in pairwise(history):
        versions.append(versions[-1] + (before != after or data.draw(st.booleans())))  # put there and taken away again
    readings.unchanged = frozenset(
        after
        for before, after in pairwise(readings)
        if versions[(before - FIRST).days] == versions[(after - FIRST).days]
    )
    found = ask({"id": readings})
    assert as_stays(found) == stays(readings)
    for row, stay in zip(found, as_stays(found), strict=True):
        possible = days_in_question(stay, readings)
        there = [day for day in possible if day in truth and truth[day].count(stay.item_key) >= stay.occurrence]
        assert row["days_min"] <= len(there) <= row["days_max"] == len(possible)
        assert row["days_min"] >= len([day for day in there if day in readings])


def test_an_item_that_comes_back_begins_a_new_stay() -> None:
    first, second = of_one([[A, B], [A], [A, B]])[1:]
    assert (first["removed_between_start"], first["removed_between_end"]) == (day(0), day(1))
    assert (second["first_seen"], second["left_censored"], second["is_current"]) == (day(2), False, True)


def test_of_two_copies_the_later_one_goes_first() -> None:
    stayed, went = of_one([[A], [A, A], [A]])
    assert (stayed["occurrence"], stayed["days_min"], stayed["is_current"]) == (1, 3, True)
    assert (went["occurrence"], went["first_seen"], went["days_max"], went["is_current"]) == (2, day(1), 1, False)


def test_what_only_moves_goes_on_with_its_stay() -> None:
    assert [row["days_min"] for row in of_one([[A, B, C], [C, A, B]])] == [2, 2, 2]


def test_days_around_a_stay_that_are_missing_widen_its_bounds() -> None:
    (row,) = of_one([[], None, [A], [A], None, None, []])
    assert (row["first_seen"], row["last_seen"]) == (day(2), day(3))
    assert (row["removed_between_start"], row["removed_between_end"]) == (day(3), day(6))
    assert (row["days_min"], row["days_max"]) == (2, 5)


@pytest.mark.parametrize(("unchanged", "for_certain"), [([], 2), ([3], 4)])
def test_a_day_that_is_missing_within_a_stay_counts_if_nothing_had_changed(
    unchanged: list[int], for_certain: int
) -> None:
    (row,) = of_one([[A], None, None, [A]], unchanged)
    assert (row["days_min"], row["days_max"]) == (for_certain, 4)


def test_what_happened_before_the_oldest_day_that_is_kept_is_forgotten() -> None:
    readings = Readings([[A], [A, B], [B]])
    left = ask({"id": readings}, since=day(1))
    del readings[FIRST]
    assert as_stays(left) == stays(readings)


def test_the_statement_means_the_same_in_athenas_dialect() -> None:
    readings = {"id": Readings([[A, B, NOTHING], None, [B, A, A], [A, NOTHING]])}
    assert ask(readings, to_duckdb(MEMBERSHIPS.sql)) == ask(readings)


def test_the_columns_are_the_declared_ones() -> None:
    readings = {"id": Readings([[A], [B]])}
    with tables(readings) as connection:
        described = connection.sql(f"DESCRIBE {MEMBERSHIPS.sql}").fetchall()
    assert [row[:2] for row in described] == [(column.name, column.type.duckdb) for column in MEMBERSHIPS.columns]
    nullable = {name for row in ask(readings) for name, value in row.items() if value is None}
    assert nullable == {column.name for column in MEMBERSHIPS.columns if column.nullable}
