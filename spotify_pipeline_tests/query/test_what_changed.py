"""What counts as a change, and what never does: days made by hand, for what the demo does not let happen."""

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from spotify_pipeline.query.named import named_query
from spotify_pipeline.query.translator import CONNECTION_SETTINGS, to_duckdb
from spotify_pipeline.tables.declarations import TABLES

QUERY = named_query("what_changed")
FIRST, SECOND, THIRD = (date(2026, 10, number) for number in (1, 2, 5))

Change = tuple[str, int, str]


class Days:
    """Tables that are filled day by day."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        for table in TABLES.values():
            columns = ", ".join(f'"{column.name}" {column.type.duckdb}' for column in table.columns)
            connection.execute(f"CREATE TABLE {table.name} ({columns}, snapshot_date DATE)")

    def read(self, day: date, items: str | None, status: str = "observed") -> None:
        """Add a day of the playlist: a letter for each item, `-` for one that Spotify has lost; None without rows."""
        self._insert("coverage", day, playlist_id="p", status=status)
        if status != "not_found":
            self._insert("playlists", day, playlist_id="p", name="P")
        for position, letter in enumerate(items or ""):
            is_lost = letter == "-"
            self._insert(
                "playlist_items",
                day,
                playlist_id="p",
                position=position,
                item_type="unavailable" if is_lost else "track",
                item_key=f"unavailable:{position}" if is_lost else letter,
                name=None if is_lost else letter,
            )

    def changes(self, day: date) -> list[Change]:
        rows = self._connection.execute(to_duckdb(QUERY.sql({"day": str(day)}))).fetchall()
        return [(change, position, item or "-") for _, change, position, item, *_ in rows]

    def _insert(self, table: str, day: date, **values: object) -> None:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        self._connection.execute(
            f"INSERT INTO {table} ({names}, snapshot_date) VALUES ({marks}, ?)", [*values.values(), day]
        )


@pytest.fixture
def days() -> Iterator[Days]:
    with duckdb.connect() as connection:
        for setting in CONNECTION_SETTINGS:
            connection.execute(setting)
        yield Days(connection)


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ("abc", "abc", []),
        ("abc", "cab", []),
        ("abc", "adc", [("came", 1, "d"), ("went", 1, "b")]),
        ("aba", "ab", [("went", 2, "a")]),
        ("ab", "aba", [("came", 2, "a")]),
        ("aaa", "b", [("came", 0, "b"), ("went", 0, "a"), ("went", 1, "a"), ("went", 2, "a")]),
        ("a-b", "ca-b", [("came", 0, "c")]),
        ("a-b-", "-ab", [("went", 3, "-")]),
        ("ab", "-b", [("came", 0, "-"), ("went", 0, "a")]),
        ("ab", "", [("went", 0, "a"), ("went", 1, "b")]),
        ("", "a", [("came", 0, "a")]),
    ],
)
def test_occurrences_come_and_go(before: str, after: str, changes: list[Change], days: Days) -> None:
    days.read(FIRST, before)
    days.read(SECOND, after)
    assert days.changes(SECOND) == changes


@pytest.mark.parametrize("status", ["failed", "restricted", "not_found"])
def test_a_day_without_rows_is_no_removal_and_what_follows_is_compared_with_the_day_before_it(
    status: str, days: Days
) -> None:
    days.read(FIRST, "ab")
    days.read(SECOND, None, status)
    days.read(THIRD, "bc", "unchanged")
    assert days.changes(SECOND) == []
    assert days.changes(THIRD) == [("came", 1, "c"), ("went", 0, "a")]


def test_days_that_were_not_run_are_passed_over(days: Days) -> None:
    days.read(FIRST, "ab")
    days.read(THIRD, "b")
    assert days.changes(date(2026, 10, 4)) == []
    assert days.changes(THIRD) == [("went", 0, "a")]


def test_a_playlist_that_was_never_read_before_has_no_changes(days: Days) -> None:
    days.read(FIRST, None, "restricted")
    days.read(SECOND, "ab")
    days.read(THIRD, "abc")
    assert days.changes(SECOND) == []
    assert days.changes(THIRD) == [("came", 2, "c")]
