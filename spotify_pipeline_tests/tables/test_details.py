from datetime import date
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from spotify_pipeline.spotify.documents import Album, Artist, ExternalUrls, Followers, Image
from spotify_pipeline.tables.declarations import ALBUMS, ARTISTS
from spotify_pipeline.tables.details import fill
from spotify_pipeline.tables.rows import album_row, artist_row
from spotify_pipeline.tables.schema import ColumnType, Table

NOTHING = (None,) * 5
VALUES: dict[ColumnType, st.SearchStrategy[Any]] = {
    ColumnType.STRING: st.sampled_from(["", "p", "q"]),
    ColumnType.INTEGER: st.integers(0, 2),
    ColumnType.BIGINT: st.integers(0, 2),
    ColumnType.DATE: st.dates(date(2001, 1, 1), date(2001, 1, 3)),
    ColumnType.STRINGS: st.lists(st.sampled_from("pq"), max_size=2),
}
FACTS = {"release_date": "release_date", "release_date_precision": "release_date", "release_day": "release_date"}


def frame(table: Table, *rows: tuple[Any, ...]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=table.polars_schema(), orient="row")


def test_nulls_of_an_artist_are_filled() -> None:
    full = Artist("a", "New name", ["dub"], Followers(7), 64, [Image("portrait")], ExternalUrls("page"))
    filled = fill(ARTISTS, frame(ARTISTS, ("a", "Ana", *NOTHING), ("b", "Béla", *NOTHING)), [artist_row(full)])
    assert filled.rows() == [("a", "Ana", ["dub"], 7, 64, "portrait", "page"), ("b", "Béla", *NOTHING)]


def test_what_is_known_stays_and_only_the_rest_is_filled() -> None:
    full = Artist("a", "New name", [], Followers(0), 0, [Image("new")], ExternalUrls("new"))
    known = frame(ARTISTS, ("a", "", None, 5, None, "old", None))
    assert fill(ARTISTS, known, [artist_row(full)]).rows() == [("a", "", [], 5, 0, "old", "new")]


def test_nulls_of_an_album_are_filled() -> None:
    full = Album("x", "Title", "single", "1999-02", "month", 9, "Label", 50, [Image("cover")])
    filled = fill(ALBUMS, frame(ALBUMS, ("x", "Title", *[None] * 9)), [album_row(full)])
    assert filled.rows() == [
        ("x", "Title", "single", "1999-02", "month", date(1999, 2, 1), 9, "Label", 50, "cover", None)
    ]


def test_a_release_date_that_is_known_is_not_mixed_with_another_one() -> None:
    full = Album("x", release_date="1999-02", release_date_precision="month", label="Label")
    known = frame(ALBUMS, ("x", "", None, "0000", None, None, *[None] * 5))
    (row,) = fill(ALBUMS, known, [album_row(full)]).rows(named=True)
    assert (row["release_date"], row["release_date_precision"], row["release_day"]) == ("0000", None, None)
    assert row["label"] == "Label"


def test_without_details_the_frame_is_the_same() -> None:
    known = frame(ARTISTS, ("a", "Ana", *NOTHING))
    assert fill(ARTISTS, known, []) is known


def test_details_of_others_change_nothing() -> None:
    known = frame(ARTISTS, ("a", "Ana", *NOTHING))
    assert_frame_equal(fill(ARTISTS, known, [("b", "Béla", ["dub"], 1, 1, "", "")]), known)
    assert_frame_equal(fill(ARTISTS, known.clear(), [("b", "Béla", ["dub"], 1, 1, "", "")]), known.clear())


@st.composite
def rows(draw: st.DrawFn, table: Table) -> list[tuple[Any, ...]]:
    """Rows of a table, of which any value that may be null may be so."""
    keys = draw(st.lists(st.sampled_from("abcd"), unique=True))
    values = [VALUES[column.type] | st.none() if column.nullable else VALUES[column.type] for column in table.columns]
    return [(key, *(draw(value) for value in values[1:])) for key in keys]


@given(st.sampled_from([ARTISTS, ALBUMS]), st.data())
def test_filling_changes_nothing_but_nulls_which_become_what_the_details_say(table: Table, data: st.DataObject) -> None:
    known, details = data.draw(rows(table)), data.draw(rows(table))
    names = [column.name for column in table.columns]
    said = {row[0]: dict(zip(names, row, strict=True)) for row in details}
    filled = fill(table, frame(table, *known), details)
    assert filled.schema == table.polars_schema()
    for before, after in zip(
        (dict(zip(names, row, strict=True)) for row in known), filled.rows(named=True), strict=True
    ):
        told = said.get(before[names[0]], {})
        assert after == {
            name: told.get(name) if value is None and before[FACTS.get(name, name)] is None else value
            for name, value in before.items()
        }
