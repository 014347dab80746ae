import re

import polars as pl
import pytest

from spotify_pipeline.spotify.manifest import Status
from spotify_pipeline.tables.declarations import TABLES, VIEWS
from spotify_pipeline.tables.partition import PARTITION_COLUMN
from spotify_pipeline.tables.schema import Column, ColumnType, Table, View

# DESIGN's interface, written out independently: `*` is part of the primary key, `?` may be null, `->` is a foreign key.
INTERFACE = {
    "coverage": """
        playlist_id* string; status string; reason? string; observed_date? date; items_total? int; items_read int;
        requests int; fetched_at? timestamp
    """,
    "playlists": """
        playlist_id* string -> coverage; name string; description? string; owner_id? string; owner_name? string;
        is_public? boolean; is_collaborative boolean; snapshot_id? string; items_total? int; followers_total? bigint;
        image_url? string; url? string
    """,
    "playlist_items": """
        playlist_id* string -> playlists; position* int; item_type string; item_key string; track_id? string -> tracks;
        name? string; added_at? timestamp; added_by_id? string; is_playable? boolean; duration_ms? bigint
    """,
    "tracks": """
        track_id* string; name string; album_id? string -> albums; disc_number? int; track_number? int;
        duration_ms bigint; explicit? boolean; isrc? string; recording_key string; popularity? int; url? string
    """,
    "albums": """
        album_id* string; name string; album_type? string; release_date? string; release_date_precision? string;
        release_day? date; total_tracks? int; label? string; popularity? int; image_url? string; url? string
    """,
    "artists": """
        artist_id* string; name string; genres? array<string>; followers_total? bigint; popularity? int;
        image_url? string; url? string
    """,
    "track_artists": "track_id* string -> tracks; artist_position* int; artist_id string -> artists",
    "album_artists": "album_id* string -> albums; artist_position* int; artist_id string -> artists",
    "playlist_events": """
        playlist_id* string -> playlists; event_number* int; event string; item_key? string; previous_item_key? string;
        track_id? string; position? int; previous_position? int; previous_snapshot_date date; gap_days int;
        added_at? timestamp; added_by_id? string; old_value? string; new_value? string
    """,
}
VIEW_INTERFACE = {
    "memberships": """
        playlist_id string; item_key string; occurrence int; first_seen date; last_seen date;
        removed_between_start? date; removed_between_end? date; days_min int; days_max int; left_censored boolean;
        is_current boolean
    """
}
# Per DESIGN: no unsigned, no Null, no naive or nanosecond times, no Categorical.
READ_ALIKE_BY_ALL_ENGINES = {
    pl.String(),
    pl.Int32(),
    pl.Int64(),
    pl.Boolean(),
    pl.Date(),
    pl.Datetime("us", "UTC"),
    pl.List(pl.String()),
}
COLUMNS = [
    pytest.param(table, column, id=f"{table.name}.{column.name}")
    for table in TABLES.values()
    for column in table.columns
]
DESCRIBED = COLUMNS + [
    pytest.param(view, column, id=f"{view.name}.{column.name}") for view in VIEWS.values() for column in view.columns
]
each_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
each_column = pytest.mark.parametrize(("table", "column"), COLUMNS)


def as_written(table: Table) -> list[str]:
    """The declaration in the notation of INTERFACE."""
    references = {key.column: f" -> {key.table}" for key in table.foreign_keys}
    return [
        f"{column.name}{'*' * (column.name in table.primary_key)}{'?' * column.nullable} {column.type.value}"
        f"{references.get(column.name, '')}"
        for column in table.columns
    ]


def test_the_tables_are_those_of_the_design() -> None:
    assert list(TABLES) == list(INTERFACE)
    assert all(table.name == name for name, table in TABLES.items())


@each_table
def test_a_table_is_declared_as_the_design_fixes_it(table: Table) -> None:
    written = re.sub(r"\s+", " ", INTERFACE[table.name]).strip()
    assert as_written(table) == [column.strip() for column in written.split(";")]


def test_the_views_are_those_of_the_design() -> None:
    declared = {
        name: [f"{column.name}{'?' * column.nullable} {column.type.value}" for column in view.columns]
        for name, view in VIEWS.items()
    }
    assert declared == {
        name: [column.strip() for column in re.sub(r"\s+", " ", written).strip().split(";")]
        for name, written in VIEW_INTERFACE.items()
    }


@each_table
def test_the_primary_key_names_columns_in_their_order(table: Table) -> None:
    assert [column.name for column in table.columns if column.name in table.primary_key] == list(table.primary_key)


@each_table
def test_a_foreign_key_is_a_column_of_the_same_type_in_both_tables(table: Table) -> None:
    for key in table.foreign_keys:
        assert table.polars_schema()[key.column] == TABLES[key.table].polars_schema()[key.column]
        assert TABLES[key.table].primary_key == (key.column,)


@each_column
def test_a_column_has_a_type_that_every_engine_reads_alike(table: Table, column: Column) -> None:
    assert column.type.polars in READ_ALIKE_BY_ALL_ENGINES
    assert table.polars_schema()[column.name] == column.type.polars


@pytest.mark.parametrize(("table", "column"), DESCRIBED)
def test_a_column_has_a_name_and_a_description_that_fit_into_a_catalog(table: Table | View, column: Column) -> None:
    assert re.fullmatch(r"[a-z][a-z_]*", column.name)
    assert 10 <= len(column.description) <= 255  # Glue's limit for a comment
    assert column.description.endswith(".")
    assert re.fullmatch(r"[a-z][a-z_]*", table.name)
    assert table.description.endswith(".")


@each_table
def test_the_partition_column_is_none_of_the_columns(table: Table) -> None:
    assert PARTITION_COLUMN == "snapshot_date"
    assert PARTITION_COLUMN not in table.polars_schema()


@each_table
def test_a_table_names_no_column_twice(table: Table) -> None:
    assert len(table.polars_schema()) == len(table.columns)


@each_column
def test_value_rules_fit_the_type_of_their_column(table: Table, column: Column) -> None:
    del table
    if column.at_least is not None:
        assert column.type in (ColumnType.INTEGER, ColumnType.BIGINT)
    if column.one_of or column.not_empty:
        assert column.type is ColumnType.STRING


def test_the_statuses_of_coverage_are_those_of_the_manifest() -> None:
    statuses = {column.name: column.one_of for column in TABLES["coverage"].columns}["status"]
    assert statuses == ("observed", "unchanged", "restricted", "not_found", "failed", "imported") == tuple(Status)


def test_the_types_of_items_are_those_of_the_design() -> None:
    types = {column.name: column.one_of for column in TABLES["playlist_items"].columns}["item_type"]
    assert types == ("track", "episode", "local", "unavailable")
