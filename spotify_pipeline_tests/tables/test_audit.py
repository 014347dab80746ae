from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from itertools import product

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_pipeline.spotify.manifest import Status
from spotify_pipeline.tables.audit import CHECKS, AuditedDay, Finding, Published, audit
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline.tables.schema import Column, ForeignKey, Table
from spotify_pipeline_tests.tables.builders import DAY, sound_day

Frames = dict[str, pl.DataFrame]

ALL_COLUMNS = [(table, column) for table in TABLES.values() for column in table.columns]
ALL_KEYS = [(table, key) for table in TABLES.values() for key in table.foreign_keys]


def each_column(where: Callable[[Column], bool] = lambda _: True) -> pytest.MarkDecorator:
    chosen = [(table, column) for table, column in ALL_COLUMNS if where(column)]
    assert chosen
    ids = [f"{table.name}.{column.name}" for table, column in chosen]
    return pytest.mark.parametrize(("table", "column"), chosen, ids=ids)


each_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())


@pytest.fixture(scope="module")
def shared_day() -> Frames:
    return sound_day()


@pytest.fixture
def day(shared_day: Frames) -> Frames:
    return dict(shared_day)


def with_value(frame: pl.DataFrame, column: str, value: object, rows: int = 1) -> pl.DataFrame:
    """The frame with this value in the first rows of a column."""
    values = [value] * rows + frame[column].to_list()[rows:]
    return frame.with_columns(pl.Series(column, values, frame.schema[column]))


def findings(frames: Frames) -> dict[str, Finding]:
    found = audit(AuditedDay(frames.__getitem__))
    return {f"{finding.check.table}.{finding.check.name}": finding for finding in found}


def failed(frames: Frames) -> list[str]:
    return [name for name, finding in findings(frames).items() if not finding.passed]


def problem(frames: Frames, table: str, check: str) -> str:
    """What one check says against these frames; empty where it passes."""
    return "; ".join(findings(frames)[f"{table}.{check}"].problems)


def test_a_sound_day_passes_every_check(day: Frames) -> None:
    assert all(frame.height >= 2 for frame in day.values())
    assert failed(day) == []


def test_an_empty_day_passes_every_check() -> None:
    assert failed({name: pl.DataFrame(schema=table.polars_schema()) for name, table in TABLES.items()}) == []


def test_the_order_of_rows_does_not_matter(day: Frames) -> None:
    backwards = {name: frame.sort(TABLES[name].primary_key, descending=True) for name, frame in day.items()}
    assert failed(backwards) == []


def test_there_is_a_check_for_everything_that_is_declared() -> None:
    names = {f"{check.table}.{check.name}" for check in CHECKS}
    per_table = {f"{table}.{check}" for table, check in product(TABLES, ("types", "not_null", "primary_key", "values"))}
    referring = {f"{table.name}.foreign_keys" for table, _ in ALL_KEYS}
    of_the_day = {"coverage.readable", "coverage.complete", "playlist_items.no_mass_loss"}
    assert names == per_table | referring | of_the_day
    assert len(CHECKS) == len(names)


@each_table
def test_descriptions_say_what_is_checked(table: Table) -> None:
    said = {check.name: check.description for check in CHECKS if check.table == table.name}
    required = [column.name for column in table.columns if not column.nullable]
    assert said["not_null"] == f"Never null: {', '.join(required)}."
    assert said["primary_key"] == f"Unique: {', '.join(table.primary_key)}."
    for key in table.foreign_keys:
        assert f"{key.column} in {key.table}" in said["foreign_keys"]
    for column in table.columns:
        if column.at_least is not None:
            assert f"{column.name} is at least {column.at_least}".lower() in said["values"].lower()


def test_each_table_is_read_once(day: Frames) -> None:
    read: list[str] = []

    def read_table(name: str) -> pl.DataFrame:
        read.append(name)
        return day[name]

    audit(AuditedDay(read_table))
    assert sorted(read) == sorted(TABLES)


def test_a_finding_as_text_says_which_check_and_why(day: Frames) -> None:
    day["tracks"] = with_value(day["tracks"], "duration_ms", -1)
    found = findings(day)
    assert str(found["tracks.values"]) == "tracks.values: duration_ms is at least 0: not so in 1 rows, such as -1"
    assert str(found["tracks.types"]) == "tracks.types: passed"


# Types


@each_column()
def test_a_column_of_another_type_fails_and_stops_what_would_stumble_over_it(
    table: Table, column: Column, day: Frames
) -> None:
    other = pl.Int64() if column.type.polars == pl.Boolean() else pl.Boolean()
    wrong = pl.lit(None, dtype=other).alias(column.name)
    day[table.name] = day[table.name].with_columns(wrong)
    found = findings(day)
    assert found[f"{table.name}.types"].problems == (f"{column.name} is {other} instead of {column.type.polars}",)
    for finding in found.values():
        if finding.check.name == "types":
            assert finding.passed == (finding.check.table != table.name)
        else:
            assert finding.problems == (f"not checked, because {table.name} has wrong types",)


@each_column()
def test_a_missing_column_fails(table: Table, column: Column, day: Frames) -> None:
    day[table.name] = day[table.name].drop(column.name)
    assert "the columns are" in problem(day, table.name, "types")


@each_table
def test_a_further_column_fails(table: Table, day: Frames) -> None:
    day[table.name] = day[table.name].with_columns(snapshot_date=pl.lit(DAY))
    assert "snapshot_date" in problem(day, table.name, "types")


@each_table
def test_columns_in_another_order_fail(table: Table, day: Frames) -> None:
    day[table.name] = day[table.name].select(reversed(day[table.name].columns))
    assert "the columns are" in problem(day, table.name, "types")


@pytest.mark.parametrize(
    "dtype", [pl.UInt32(), pl.Int64(), pl.Float64(), pl.Null()], ids=["unsigned", "wider", "float", "null"]
)
def test_types_that_look_alike_are_told_apart(dtype: pl.DataType, day: Frames) -> None:
    items = day["playlist_items"]
    day["playlist_items"] = items.with_columns(pl.lit(None, dtype=dtype).alias("position"))
    assert problem(day, "playlist_items", "types") == f"position is {dtype} instead of Int32"


@pytest.mark.parametrize("dtype", [pl.Datetime("us"), pl.Datetime("ns", "UTC"), pl.Datetime("us", "Europe/Madrid")])
def test_times_must_be_in_utc_and_microseconds(dtype: pl.DataType, day: Frames) -> None:
    day["coverage"] = day["coverage"].with_columns(pl.lit(None, dtype=dtype).alias("fetched_at"))
    assert problem(day, "coverage", "types").startswith("fetched_at is Datetime(")


def test_all_wrong_types_are_named_in_the_order_of_the_columns(day: Frames) -> None:
    names = ("items_read", "playlist_id", "requests")
    day["coverage"] = day["coverage"].with_columns(pl.lit(None, dtype=pl.Boolean).alias(name) for name in names)
    assert [text.split()[0] for text in findings(day)["coverage.types"].problems] == [
        "playlist_id",
        "items_read",
        "requests",
    ]


# Nulls


@each_column(lambda column: not column.nullable)
def test_a_null_where_none_may_be_fails(table: Table, column: Column, day: Frames) -> None:
    height = day[table.name].height
    day[table.name] = with_value(day[table.name], column.name, None, rows=2)
    assert problem(day, table.name, "not_null") == f"{column.name} is null in 2 of {height} rows"


@each_column(lambda column: column.nullable)
def test_a_null_where_one_may_be_passes_all_checks_of_the_table(table: Table, column: Column, day: Frames) -> None:
    day[table.name] = with_value(day[table.name], column.name, None, rows=2)
    assert failed(day) == []


# Keys


@each_table
def test_a_repeated_key_fails_and_is_shown(table: Table, day: Frames) -> None:
    frame = day[table.name]
    day[table.name] = pl.concat([frame, frame.head(1)])
    key = ", ".join(str(value) for value in frame.select(table.primary_key).row(0))
    assert problem(day, table.name, "primary_key") == f"1 keys occur more than once, such as {key}"


@each_table
def test_more_repeated_keys_than_examples_end_in_an_ellipsis(table: Table) -> None:
    schema = table.polars_schema()
    first = schema[table.primary_key[0]]
    keys = pl.DataFrame({table.primary_key[0]: pl.Series([f"k{number}" for number in range(4)] * 2, dtype=first)})
    others = [pl.lit(None, dtype=schema[name]).alias(name) for name in schema if name != table.primary_key[0]]
    day = {name: pl.DataFrame(schema=table.polars_schema()) for name, table in TABLES.items()}
    day[table.name] = keys.with_columns(others).select(schema.keys())
    text = problem(day, table.name, "primary_key")
    assert text.startswith("4 keys occur more than once, such as k0")
    assert text.endswith("; …")
    assert text.count(";") == 3
    assert "k3" not in text


@pytest.mark.parametrize("table", [table for table in TABLES.values() if len(table.primary_key) > 1])
def test_a_part_of_a_key_may_repeat(table: Table, day: Frames) -> None:
    for column in table.primary_key:
        assert day[table.name][column].is_duplicated().any()
    assert problem(day, table.name, "primary_key") == ""


@pytest.mark.parametrize(("table", "key"), ALL_KEYS, ids=[f"{table.name}.{key.column}" for table, key in ALL_KEYS])
def test_a_reference_to_nothing_fails_and_is_shown(table: Table, key: ForeignKey, day: Frames) -> None:
    day[table.name] = with_value(day[table.name], key.column, "nobody")
    assert problem(day, table.name, "foreign_keys") == (
        f"1 values of {key.column} are not in {key.table}, such as nobody"
    )


@pytest.mark.parametrize(("table", "key"), ALL_KEYS, ids=[f"{table.name}.{key.column}" for table, key in ALL_KEYS])
def test_a_row_that_is_referred_to_must_not_be_missing(table: Table, key: ForeignKey, day: Frames) -> None:
    wanted = day[table.name][key.column].drop_nulls()[0]
    day[key.table] = day[key.table].filter(pl.col(key.column) != wanted)
    assert f"such as {wanted}" in problem(day, table.name, "foreign_keys")


# Value rules


@each_column(lambda column: column.at_least is not None)
def test_a_value_below_the_least_one_fails_and_the_least_one_does_not(
    table: Table, column: Column, day: Frames
) -> None:
    assert column.at_least is not None
    sound = day[table.name]
    day[table.name] = with_value(sound, column.name, column.at_least)
    assert problem(day, table.name, "values") == ""
    day[table.name] = with_value(sound, column.name, column.at_least - 1)
    assert problem(day, table.name, "values") == (
        f"{column.name} is at least {column.at_least}: not so in 1 rows, such as {column.at_least - 1}"
    )


@each_column(lambda column: bool(column.one_of))
def test_a_value_that_is_not_listed_fails_and_every_listed_one_does_not(
    table: Table, column: Column, day: Frames
) -> None:
    sound = day[table.name]
    for value in column.one_of:
        day[table.name] = with_value(sound, column.name, value)
        assert problem(day, table.name, "values") == ""
    for value in ("other", "", column.one_of[0].upper()):
        day[table.name] = with_value(sound, column.name, value)
        assert f"{column.name} is one of" in problem(day, table.name, "values")


@each_column(lambda column: column.not_empty)
def test_an_empty_text_fails_where_it_says_nothing(table: Table, column: Column, day: Frames) -> None:
    day[table.name] = with_value(day[table.name], column.name, "")
    assert f"{column.name} is not empty" in problem(day, table.name, "values")


@each_column(lambda column: column.name in ("name", "description", "reason"))
def test_an_empty_text_passes_where_people_write_it(table: Table, column: Column, day: Frames) -> None:
    day[table.name] = with_value(day[table.name], column.name, "")
    assert problem(day, table.name, "values") == ""


@settings(deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=12))
def test_the_number_of_broken_rows_is_told(positions: list[int]) -> None:
    day = {name: pl.DataFrame(schema=table.polars_schema()) for name, table in TABLES.items()}
    schema = TABLES["playlist_items"].polars_schema()
    items = pl.DataFrame({"position": pl.Series(positions, dtype=pl.Int32)})
    others = [pl.lit(None, dtype=schema[name]).alias(name) for name in schema if name != "position"]
    day["playlist_items"] = items.with_columns(others).select(schema.keys())
    broken = [position for position in positions if position < 0]
    text = problem(day, "playlist_items", "values")
    if broken:
        shown = "; ".join(str(position) for position in broken[:3]) + ("; …" if len(broken) > 3 else "")
        assert text == f"position is at least 0: not so in {len(broken)} rows, such as {shown}"
    else:
        assert text == ""


# What Spotify says of the day


def coverage(*rows: tuple[str, str, int | None, int]) -> pl.DataFrame:
    """Rows of (playlist_id, status, items_total, items_read)."""
    schema = TABLES["coverage"].polars_schema()
    names = ("playlist_id", "status", "items_total", "items_read")
    frame = pl.DataFrame(rows, schema={name: schema[name] for name in names}, orient="row")
    reason = pl.format("reason of {}", "playlist_id").alias("reason")
    missing = [pl.lit(None, dtype=schema[name]).alias(name) for name in schema if name not in (*names, "reason")]
    return frame.with_columns(reason, *missing).select(schema.keys())


def items(counts: dict[str, int]) -> pl.DataFrame:
    schema = TABLES["playlist_items"].polars_schema()
    ids = [name for name, count in counts.items() for _ in range(count)]
    frame = pl.DataFrame({"playlist_id": pl.Series(ids, dtype=pl.String)})
    others = [pl.lit(None, dtype=schema[name]).alias(name) for name in schema if name != "playlist_id"]
    return frame.with_columns(others).select(schema.keys())


def day_of(rows: pl.DataFrame, counts: dict[str, int]) -> Frames:
    day = {name: pl.DataFrame(schema=table.polars_schema()) for name, table in TABLES.items()}
    return day | {"coverage": rows, "playlist_items": items(counts)}


@pytest.mark.parametrize("status", ["not_found", "failed"])
def test_a_day_on_which_nothing_could_be_read_fails_and_says_why(status: str) -> None:
    day = day_of(coverage(("p", status, None, 0), ("q", "failed", None, 0)), {})
    assert problem(day, "coverage", "readable") == (
        f"none of the 2 playlists could be read: p is {status} (reason of p); q is failed (reason of q)"
    )


def test_an_unread_day_without_reasons_names_its_playlists_all_the_same() -> None:
    rows = coverage(("p", "failed", None, 0)).with_columns(reason=pl.lit(None, dtype=pl.String))
    assert "p is failed" in problem(day_of(rows, {}), "coverage", "readable")


@pytest.mark.parametrize("status", ["observed", "unchanged", "restricted"])
def test_one_playlist_that_could_be_read_is_enough(status: str) -> None:
    day = day_of(coverage(("p", status, 0, 0), ("q", "failed", None, 0)), {})
    assert problem(day, "coverage", "readable") == ""


@pytest.mark.parametrize(
    ("row", "count"),
    [
        (("p", "observed", 2, 2), 2),
        (("p", "unchanged", 2, 2), 2),
        (("p", "observed", 0, 0), 0),
        (("p", "observed", 44, 0), 0),
        (("p", "unchanged", 44, 0), 0),
        (("p", "observed", None, 3), 3),
        (("p", "restricted", 44, 0), 0),
        (("p", "failed", 44, 0), 0),
        (("p", "not_found", None, 0), 0),
    ],
)
def test_a_playlist_with_the_rows_that_it_should_have_is_complete(
    row: tuple[str, str, int | None, int], count: int
) -> None:
    assert problem(day_of(coverage(row), {"p": count}), "coverage", "complete") == ""


@pytest.mark.parametrize(
    ("row", "count", "expected"),
    [
        (("p", "observed", 3, 2), 2, 3),
        (("p", "observed", 2, 3), 3, 2),
        (("p", "unchanged", 1, 1), 0, 1),
        (("p", "observed", 44, 0), 44, 0),
        (("p", "observed", None, 3), 2, 3),
        (("p", "restricted", 2, 2), 2, 0),
        (("p", "failed", 1, 1), 1, 0),
        (("p", "not_found", 1, 1), 1, 0),
    ],
)
def test_a_playlist_with_other_rows_than_it_should_have_is_not_complete(
    row: tuple[str, str, int | None, int], count: int, expected: int
) -> None:
    assert problem(day_of(coverage(row), {"p": count}), "coverage", "complete") == (
        f"1 playlists are not whole: p has {count} rows instead of {expected}"
    )


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from("abcde"),
        st.tuples(st.sampled_from(list(Status)), st.none() | st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)),
    )
)
def test_a_day_is_complete_if_and_only_if_each_playlist_has_the_rows_that_it_should_have(
    rows: dict[str, tuple[Status, int | None, int, int]],
) -> None:
    should = {
        name: 0
        if status not in ("observed", "unchanged", "imported") or read == 0
        else read
        if total is None
        else total
        for name, (status, total, read, _) in rows.items()
    }
    counts = {name: count for name, (*_, count) in rows.items()}
    frame = coverage(*((name, status.value, total, read) for name, (status, total, read, _) in rows.items()))
    text = problem(day_of(frame, counts), "coverage", "complete")
    wrong = [name for name in rows if should[name] != counts[name]]
    assert text.startswith(f"{len(wrong)} playlists are not whole") if wrong else text == ""


# What was published before

BEFORE = date(2025, 2, 27)


def losses(
    rows: pl.DataFrame, before: Mapping[str, Published], *, accepted: str = "", max_loss: float = 0.5
) -> tuple[str, ...]:
    """What `no_mass_loss` says of a day with these rows of `coverage`."""
    frames = day_of(rows, dict(rows.select("playlist_id", "items_read").rows()))
    day = AuditedDay(frames.__getitem__, before, frozenset(accepted), max_loss)
    found = audit(day)
    assert [str(other) for other in found if not other.passed and other.check.name == "complete"] == []
    [finding] = [finding for finding in found if finding.check.name == "no_mass_loss"]
    return finding.problems


def test_a_playlist_that_lost_most_of_its_rows_fails_and_it_is_said_how_to_accept_that() -> None:
    assert losses(coverage(("p", "observed", 3, 3), ("q", "observed", 9, 9)), {"p": Published(BEFORE, 10)}) == (
        "p has 3 rows instead of the 10 of 2025-02-27, 70% fewer; if that is right: spotify-pipeline run --accept p",
    )


@pytest.mark.parametrize(
    ("max_loss", "before", "rows", "passes"),
    [
        (0.5, 10, 5, True),
        (0.5, 10, 4, False),
        (0.5, 11, 5, False),
        (0.5, 10, 0, False),
        (0.5, 1, 1, True),
        (0.5, 1, 0, False),
        (0.5, 0, 0, True),
        (0.5, 0, 9, True),
        (0.5, 10, 900, True),
        (0.0, 10, 10, True),
        (0.0, 10, 11, True),
        (0.0, 1_000_000, 999_999, False),
        (0.0, 0, 0, True),
        (1.0, 1_000_000, 0, True),
        (1.0, 10, 1, True),
        (0.999, 1_000, 1, True),
        (0.999, 1_000, 0, False),
    ],
)
def test_how_much_a_playlist_may_lose_is_set(max_loss: float, before: int, rows: int, passes: bool) -> None:
    found = losses(coverage(("p", "observed", rows, rows)), {"p": Published(BEFORE, before)}, max_loss=max_loss)
    assert (found == ()) is passes


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
@settings(deadline=None, max_examples=40)
def test_a_loss_is_one_if_and_only_if_the_share_is_more_than_what_is_set(
    before: int, rows: int, max_loss: float
) -> None:
    found = losses(coverage(("p", "unchanged", rows, rows)), {"p": Published(BEFORE, before)}, max_loss=max_loss)
    share = Fraction(before - rows, before) if before else Fraction(0)
    assert bool(found) is (share > Fraction(max_loss))


def test_a_playlist_that_was_never_published_has_lost_nothing() -> None:
    assert losses(coverage(("p", "observed", 0, 0)), {"q": Published(BEFORE, 10)}, max_loss=0) == ()


@pytest.mark.parametrize("status", ["restricted", "not_found", "failed"])
def test_a_playlist_without_rows_that_day_has_a_gap_and_no_loss(status: str) -> None:
    assert losses(coverage(("p", status, None, 0)), {"p": Published(BEFORE, 10)}, max_loss=0) == ()


@pytest.mark.parametrize("status", ["observed", "unchanged"])
@pytest.mark.parametrize("max_loss", [0, 0.5, 1])
def test_a_playlist_without_rows_that_should_have_some_fails_whatever_was_before(max_loss: float, status: str) -> None:
    rows = coverage(("p", status, 300, 0))
    assert losses(rows, {}, max_loss=max_loss) == (
        "p has no rows although Spotify says that it has 300; if that is right: spotify-pipeline run --accept p",
    )
    for before in (Published(BEFORE, 300, 300), Published(BEFORE, 0, 0), Published(BEFORE, 0, 299)):
        assert len(losses(rows, {"p": before}, max_loss=max_loss)) == 1


def test_rows_that_are_still_not_sent_are_no_news_once_a_day_without_them_was_accepted() -> None:
    assert losses(coverage(("p", "observed", 300, 0)), {"p": Published(BEFORE, 0, 300)}, max_loss=0) == ()


def test_what_is_accepted_passes_and_nothing_else_does() -> None:
    rows = coverage(("p", "observed", 300, 0), ("q", "observed", 1, 1), ("r", "observed", 1, 1))
    before = {"q": Published(BEFORE, 9), "r": Published(BEFORE, 9)}
    assert len(losses(rows, before)) == 3
    [left] = losses(rows, before, accepted="pq")
    assert left.startswith("r has 1 rows instead of the 9")
    assert losses(rows, before, accepted="pqr") == ()


def test_a_count_that_is_missing_fails_as_such_and_not_with_an_exception(day: Frames) -> None:
    day["coverage"] = with_value(day["coverage"], "items_read", None, rows=2)
    found = audit(AuditedDay(day.__getitem__, {name: Published(BEFORE, 9) for name in day["coverage"]["playlist_id"]}))
    assert {finding.check.name for finding in found if not finding.passed} == {"not_null"}
