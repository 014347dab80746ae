from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from spotify_pipeline.errors import DataError
from spotify_pipeline.storage.objects import ObjectStore
from spotify_pipeline.storage.tables import TableStore
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline.tables.parquet import from_parquet, to_parquet
from spotify_pipeline_tests.storage.crashes import Crash, CrashingStore, crashed_everywhere
from spotify_pipeline_tests.storage.staging import publish_staged, stage
from spotify_pipeline_tests.tables.builders import sound_day

DAY, NEXT = date(2025, 3, 1), date(2025, 3, 2)
OLD, NEW = sound_day("Old title"), sound_day("New title")
# Every table differs, so that a mixture of two versions shows in any of them.
NEWER = {name: frame.tail(1) for name, frame in NEW.items()}
NewStore = Callable[[], ObjectStore]
Frames = dict[str, pl.DataFrame]


@pytest.fixture
def tables(objects: ObjectStore) -> TableStore:
    return TableStore(objects)


def key(table: str, day: date = DAY) -> str:
    return f"{table}/snapshot_date={day}/part-0.parquet"


def publish(tables: TableStore, frames: Frames, day: date = DAY) -> None:
    stage(tables, day, frames)
    publish_staged(tables, day)


def published(store: ObjectStore, day: date = DAY) -> dict[str, bytes]:
    """The files that SQL reads."""
    keys = set(store.list(""))
    return {name: store.get(key(name, day)) for name in TABLES if key(name, day) in keys}


def files(frames: Frames) -> dict[str, bytes]:
    return {name: to_parquet(TABLES[name], frame) for name, frame in frames.items()}


def test_published_tables_lie_where_the_design_says_and_nothing_else_is_left(
    tables: TableStore, objects: ObjectStore
) -> None:
    publish(tables, OLD)
    assert objects.list("") == sorted(key(name) for name in TABLES)
    assert tables.uri("tracks", DAY) == objects.uri("tracks/snapshot_date=2025-03-01/")
    assert tables.files("tracks") == {DAY: [objects.uri(key("tracks"))]}
    assert published(objects) == files(OLD)
    assert tables.published_days() == [DAY]


def test_rows_are_read_as_they_were_staged(tables: TableStore) -> None:
    stage(tables, DAY, OLD)
    for name, frame in OLD.items():
        assert_frame_equal(tables.read(name, DAY), frame)


def test_what_is_staged_is_read_but_not_published(tables: TableStore, objects: ObjectStore) -> None:
    publish(tables, OLD)
    stage(tables, DAY, NEWER)
    assert_frame_equal(tables.read("tracks", DAY), NEWER["tracks"])
    assert published(objects) == files(OLD)
    publish_staged(tables, DAY)
    assert_frame_equal(tables.read("tracks", DAY), NEWER["tracks"])
    assert published(objects) == files(NEWER)


def test_a_day_that_is_only_staged_is_not_published(tables: TableStore) -> None:
    stage(tables, DAY, OLD)
    assert tables.published_days() == []


def test_what_is_staged_for_a_day_is_known(tables: TableStore) -> None:
    assert tables.staged(DAY) is None
    stage(tables, DAY, OLD)
    stage(tables, NEXT, NEWER)
    staged = tables.staged(DAY)
    assert staged
    assert staged.row_counts() == {name: frame.height for name, frame in OLD.items()}
    assert tables.staged_days() == [DAY, NEXT]
    publish_staged(tables, NEXT)
    assert tables.staged(NEXT) is None
    assert tables.staged(DAY) == staged
    assert tables.staged_days() == [DAY]


def test_a_stage_that_ends_with_an_error_is_not_staged(tables: TableStore) -> None:
    stage(tables, DAY, OLD)
    with pytest.raises(DataError):
        stage(tables, DAY, {"tracks": NEWER["tracks"], "albums": NEWER["tracks"]})
    assert_frame_equal(tables.read("tracks", DAY), OLD["tracks"])


def test_a_table_may_have_several_files_written_here_and_elsewhere(tables: TableStore, objects: ObjectStore) -> None:
    with tables.stage(DAY) as writer:
        for part in (0, 1):
            elsewhere = tables.stage_writer(DAY, writer.name, part)
            elsewhere.write(TABLES["tracks"], OLD["tracks"].slice(part, 1))
            writer.files += elsewhere.files
        writer.write(TABLES["coverage"], OLD["coverage"])
        writer.write(TABLES["coverage"], OLD["coverage"].clear())
    assert OLD["tracks"].height == 2
    assert_frame_equal(tables.read("tracks", DAY), OLD["tracks"])
    publish_staged(tables, DAY)
    assert_frame_equal(tables.read_published("tracks", DAY), OLD["tracks"])
    assert_frame_equal(tables.read("tracks", DAY, rows=1), OLD["tracks"].head(1))
    assert tables.row_count("tracks", DAY) == OLD["tracks"].height
    assert tables.published_days() == tables.partitions("tracks") == [DAY]
    folder = "tracks/snapshot_date=2025-03-01"
    assert tables.files("tracks") == {DAY: [objects.uri(f"{folder}/part-{part}.parquet") for part in (0, 1)]}

    publish(tables, NEWER)  # in one file: the other one goes
    assert published(objects) == files(NEWER)
    assert len(objects.list("tracks/")) == 1


def test_parts_are_read_in_the_order_of_their_rows(tables: TableStore) -> None:
    numbers = range(11)
    with tables.stage(DAY) as writer:
        for number in numbers:
            writer.write(TABLES["tracks"], OLD["tracks"].head(1).with_columns(name=pl.lit(f"Song {number}")))
        writer.write(TABLES["coverage"], OLD["coverage"])
    publish_staged(tables, DAY)
    assert tables.read("tracks", DAY)["name"].to_list() == [f"Song {number}" for number in numbers]


def test_what_a_killed_transformation_has_left_is_cleared_away_a_day_later(
    tables: TableStore, objects: ObjectStore
) -> None:
    now = datetime.now(UTC)
    killed, running = (now - timedelta(hours=25), now - timedelta(hours=23))
    for began in (killed, running):
        tables.stage_writer(DAY, f"{began:%Y%m%dT%H%M%SZ}-1", 0).write(TABLES["tracks"], OLD["tracks"])
    before = objects.list("_staged/")
    stage(tables, DAY, NEWER)
    assert set(before) - set(objects.list("_staged/")) == {before[0]}
    assert_frame_equal(tables.read("tracks", DAY), NEWER["tracks"])


def test_published_days_are_listed_oldest_first(tables: TableStore) -> None:
    for day in (date(2025, 11, 30), NEXT, date(2024, 12, 31)):
        publish(tables, OLD, day)
    assert tables.published_days() == [date(2024, 12, 31), NEXT, date(2025, 11, 30)]


def test_publishing_one_day_leaves_the_others(tables: TableStore, objects: ObjectStore) -> None:
    publish(tables, OLD, DAY)
    publish(tables, NEWER, NEXT)
    assert published(objects, DAY) == files(OLD)
    assert published(objects, NEXT) == files(NEWER)


def test_publishing_the_same_rows_again_changes_no_byte(tables: TableStore, objects: ObjectStore) -> None:
    publish(tables, OLD)
    before = published(objects)
    publish(tables, OLD)
    assert published(objects) == before


def test_rows_that_are_not_as_declared_are_not_staged(tables: TableStore, objects: ObjectStore) -> None:
    with pytest.raises(DataError, match="rows of tracks"):
        stage(tables, DAY, {"tracks": OLD["albums"]})
    assert objects.list("") == []


def test_a_day_without_tables_is_refused(tables: TableStore) -> None:
    publish(tables, OLD, NEXT)
    with pytest.raises(DataError, match="There is no tracks for 2025-03-01: run the transformation"):
        tables.read("tracks", DAY)


@pytest.mark.parametrize("is_published", [True, False], ids=["published", "staged"])
def test_a_damaged_file_is_named(is_published: bool, tables: TableStore, objects: ObjectStore) -> None:
    stage(tables, DAY, OLD)
    if is_published:
        publish_staged(tables, DAY)
    (damaged,) = [name for name in objects.list("") if "/tracks/" in f"/{name}"]
    objects.put(damaged, b"PAR1")
    with pytest.raises(DataError) as caught:
        tables.read("tracks", DAY)
    assert str(caught.value).startswith(f"{objects.uri(damaged)} is not a whole Parquet file: ")


# Crashes. Three tables show what eight would.

SOME = ("coverage", "playlists", "tracks")
OLD_FILES = {name: to_parquet(TABLES[name], OLD[name]) for name in SOME}
NEW_FILES = {name: to_parquet(TABLES[name], NEWER[name]) for name in SOME}


def put_published(store: ObjectStore, content: dict[str, bytes]) -> None:
    for name, file in content.items():
        store.put(key(name), file)


def stage_new(store: ObjectStore) -> None:
    stage(TableStore(store), DAY, {name: NEWER[name] for name in SOME})


def crashed_republications(new_store: NewStore) -> Iterator[ObjectStore]:
    """A store with an old day, for each moment at which publishing the staged new one can crash."""

    def prepare(store: ObjectStore) -> None:
        put_published(store, OLD_FILES)
        stage_new(store)

    return crashed_everywhere(new_store, prepare, lambda store: publish_staged(TableStore(store), DAY))


def test_a_crash_at_any_moment_of_publishing_leaves_the_old_or_the_new_day_whole(new_store: NewStore) -> None:
    seen = []
    for store in crashed_republications(new_store):
        assert TableStore(store).published_days() == [DAY]  # whoever builds the catalog asks for this
        now = published(store)
        assert now in (OLD_FILES, NEW_FILES)
        seen.append(now == NEW_FILES)
        publish_staged(TableStore(store), DAY)
        assert published(store) == NEW_FILES
        assert store.list("_staged/") == []
    assert seen == [False] + [True] * (len(seen) - 1)  # once the audit has passed, the new day holds
    assert len(seen) > 2 * len(SOME)


def test_a_day_that_was_never_published_shows_when_all_of_it_is_there(new_store: NewStore) -> None:
    """`coverage` is moved last, so that not even a reader in between finds a day without some of its tables."""
    for store in crashed_everywhere(new_store, stage_new, lambda store: publish_staged(TableStore(store), DAY)):
        now = published(store)  # without anybody completing the publication
        assert "coverage" not in now or now == NEW_FILES
        days = TableStore(store).published_days()
        assert published(store) == (NEW_FILES if days else {})


def test_a_crash_while_staging_leaves_the_published_day(new_store: NewStore) -> None:
    for store in crashed_everywhere(
        new_store,
        lambda store: put_published(store, OLD_FILES),
        stage_new,
    ):
        assert TableStore(store).published_days() == [DAY]
        assert published(store) == OLD_FILES


def test_what_is_staged_after_an_interrupted_publication_does_not_slip_into_it(new_store: NewStore) -> None:
    """The audit has passed the rows that were staged before, not these."""
    later = {name: sound_day("Never audited")[name] for name in SOME}
    for store in crashed_republications(new_store):
        audited = any("_audited" in key for key in store.list("_staged/")) or published(store) == NEW_FILES
        stage(TableStore(store), DAY, later)
        TableStore(store).complete_publication(DAY)
        assert published(store) == (NEW_FILES if audited else OLD_FILES)
        assert_frame_equal(TableStore(store).read("tracks", DAY), later["tracks"])


def test_reading_an_interrupted_publication_gives_the_new_rows(new_store: NewStore) -> None:
    for store in crashed_republications(new_store):
        for name in SOME:
            assert_frame_equal(TableStore(store).read(name, DAY), NEWER[name])


def test_several_may_complete_an_interrupted_publication_at_once(objects: ObjectStore) -> None:
    stage_new(objects)
    with pytest.raises(Crash):
        publish_staged(TableStore(CrashingStore(objects, changes=1)), DAY)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: TableStore(objects).published_days(), range(4)))
    assert found == [[DAY]] * 4
    assert published(objects) == NEW_FILES


def test_a_damaged_note_of_an_audit_publishes_nothing_and_is_in_nobody_s_way(
    tables: TableStore, objects: ObjectStore
) -> None:
    publish(tables, OLD)
    stage(tables, DAY, NEWER)
    objects.put(f"_staged/_audited/snapshot_date={DAY}", b"")
    assert tables.staged(DAY)
    assert published(objects) == files(OLD)
    publish_staged(tables, DAY)
    assert published(objects) == files(NEWER)


def test_what_was_staged_since_the_audit_is_not_published(tables: TableStore, objects: ObjectStore) -> None:
    publish(tables, OLD)
    stage(tables, DAY, NEWER)
    audited = tables.staged(DAY)
    assert audited
    stage(tables, DAY, sound_day("Never audited"))  # by another process
    tables.publish(DAY, audited)
    assert published(objects) == files(OLD)
    publish_staged(tables, DAY)
    assert published(objects) == files(sound_day("Never audited"))


def test_published_files_hold_the_rows_and_no_partition_column(tables: TableStore, objects: ObjectStore) -> None:
    publish(tables, OLD)
    for name, content in published(objects).items():
        assert from_parquet(content).columns == [column.name for column in TABLES[name].columns]
