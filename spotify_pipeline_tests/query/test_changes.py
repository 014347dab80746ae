"""What the named queries make of events that the demo does not let happen."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from spotify_pipeline.query.named import named_query
from spotify_pipeline.query.translator import CONNECTION_SETTINGS, to_duckdb
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline.tables.events import EVENTS

BEFORE, DAY = date(2026, 10, 1), date(2026, 10, 4)

Insert = Callable[..., None]
Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """All tables, without rows."""
    with duckdb.connect() as connection:
        for setting in CONNECTION_SETTINGS:
            connection.execute(setting)
        for table in TABLES.values():
            columns = ", ".join(f'"{column.name}" {column.type.duckdb}' for column in table.columns)
            connection.execute(f"CREATE TABLE {table.name} ({columns}, snapshot_date DATE)")
        yield connection


@pytest.fixture
def insert(connection: duckdb.DuckDBPyConnection) -> Insert:
    def row(table: str, day: date, **values: object) -> None:
        values |= {"playlist_id": "p", "snapshot_date": day}
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))

    return row


@pytest.fixture
def ask(connection: duckdb.DuckDBPyConnection) -> Ask:
    def rows(name: str, columns: str, **values: object) -> list[tuple[Any, ...]]:
        sql = named_query(name).sql({key: str(value) for key, value in values.items()})
        return connection.execute(f"SELECT {columns} FROM ({to_duckdb(sql)})").fetchall()

    return rows


@pytest.fixture
def on_day(insert: Insert) -> Insert:
    """Insert the day on which the playlist is read again; then `on_day(event, **values)` adds an event of it."""
    insert("coverage", DAY, status="observed", observed_date=DAY)
    insert("playlists", DAY, name="P")

    def event(event: str, **values: object) -> None:
        about = {"previous_snapshot_date": BEFORE, "gap_days": 3, "event_number": 0}
        insert("playlist_events", DAY, event=event, **about, **values)

    return event


def test_what_has_gone_is_still_told_when_the_day_before_is_no_longer_kept(on_day: Insert, ask: Ask) -> None:
    on_day("removed", item_key="spotify:track:a", track_id="a", previous_position=7)
    (changed,) = ask("what_changed", "event, previous_position, item, previous_date, item_key")
    assert changed == ("removed", 7, None, BEFORE, "spotify:track:a")
    (removed,) = ask("removed_items", "playlist, item, artists, previous_position, previous_date, gap_days, item_key")
    assert removed == ("P", None, None, 7, BEFORE, 3, "spotify:track:a")


def test_a_replacement_has_the_name_of_what_is_there_now_and_has_not_removed_anything(
    on_day: Insert, insert: Insert, ask: Ask
) -> None:
    insert("coverage", BEFORE, status="observed")
    insert("playlist_items", BEFORE, position=2, item_key="spotify:track:a", name="A (single)")
    insert("playlist_items", DAY, position=3, item_key="spotify:track:b", name="A (album)")
    keys = {"item_key": "spotify:track:b", "previous_item_key": "spotify:track:a"}
    on_day("replaced", **keys, position=3, previous_position=2)
    assert ask("what_changed", "event, position, previous_position, item") == [("replaced", 3, 2, "A (album)")]
    assert ask("removed_items", "item") == []
    assert ask("changes_by_day", "changed, added, removed, moved, replaced", since=DAY) == [(1, 0, 0, 0, 1)]


def test_every_kind_of_event_is_told_by_one_query(on_day: Insert, ask: Ask) -> None:
    for event in EVENTS:
        on_day(event, old_value="", new_value="")
    told = ask("what_changed", "event") + ask("renamed_playlists", "event")
    assert sorted(told) == sorted((event,) for event in EVENTS)


@pytest.mark.parametrize("status", ["failed", "restricted", "not_found"])
def test_a_day_on_which_a_playlist_was_not_read_is_not_one_without_changes(
    status: str, insert: Insert, ask: Ask
) -> None:
    insert("coverage", BEFORE, status="observed")
    insert("coverage", DAY, status=status)
    numbers = ask("changes_by_day", "playlists, compared, changed, added, removed, moved, replaced")
    nothing_known = (None,) * 5
    assert numbers == [(1, 0, *nothing_known), *[(0, 0, *nothing_known)] * 2, (1, 0, *nothing_known)]


def test_a_day_is_compared_with_a_reading_before_those_that_are_shown_and_the_first_one_with_nothing(
    insert: Insert, ask: Ask
) -> None:
    insert("coverage", BEFORE, status="restricted")
    insert("coverage", DAY, status="observed")
    assert ask("changes_by_day", "compared, added", since=DAY) == [(0, None)]
    insert("coverage", date(2025, 1, 1), status="observed")
    assert ask("changes_by_day", "compared, added", since=DAY) == [(1, 0)]
