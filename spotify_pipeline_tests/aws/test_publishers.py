"""Several publishers at once on a Glue that refuses stale versions of a table, as AWS does and moto does not."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import TYPE_CHECKING

from spotify_pipeline.aws import client
from spotify_pipeline.catalog.glue import GlueCatalog
from spotify_pipeline.catalog.glue_database import GlueDatabase
from spotify_pipeline.catalog.publication import stray_partitions
from spotify_pipeline.storage.objects import S3Store
from spotify_pipeline.storage.tables import TableStore
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.aws.conftest import Aws
from spotify_pipeline_tests.storage.staging import stage
from spotify_pipeline_tests.tables.builders import sound_day

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

DAYS = [date(2025, 3, 1) + timedelta(days=number) for number in range(8)]
PUBLISHERS = 4
SOUND = sound_day("A song")


def publish_all(aws: Aws, days: list[date]) -> TableStore:
    """As many processes as there are days in `days` publish a day each, all at the same moment."""
    start = Barrier(len(days))

    def publish(day: date) -> None:
        tables = TableStore(S3Store(client("s3"), aws.tables_bucket))
        catalog = GlueCatalog(GlueDatabase(client("glue"), aws.database, tables), tables)
        stage(tables, day, SOUND)
        start.wait()
        if staged := tables.staged(day):  # otherwise somebody else was faster
            tables.publish(day, staged)
        catalog.publish()

    with ThreadPoolExecutor(len(days)) as pool:
        list(pool.map(publish, days))
    return TableStore(S3Store(client("s3"), aws.tables_bucket))


def test_publishers_of_different_days_end_in_a_catalog_of_all_days(aws: Aws) -> None:
    for batch in (DAYS[:PUBLISHERS], DAYS[PUBLISHERS:]):  # into a database that does not exist, and one that does
        tables = publish_all(aws, batch)
    catalog = GlueCatalog(GlueDatabase(client("glue"), aws.database, tables), tables)
    assert catalog.partitions() == {name: set(DAYS) for name in TABLES}
    assert list(stray_partitions(catalog, tables)) == []
    assert list(catalog.differences()) == []


def test_publishers_of_the_same_day_publish_it_once_and_whole(aws: Aws) -> None:
    tables = publish_all(aws, [DAYS[0]] * PUBLISHERS)
    catalog = GlueCatalog(GlueDatabase(client("glue"), aws.database, tables), tables)
    assert catalog.partitions() == {name: {DAYS[0]} for name in TABLES}
    assert tables.staged(DAYS[0]) is None
    for name, frame in SOUND.items():
        assert tables.read(name, DAYS[0]).equals(frame.sort(TABLES[name].primary_key))


def test_a_change_that_all_publishers_have_to_make_is_made(aws: Aws, emulator_glue: "GlueClient") -> None:
    publish_all(aws, DAYS[:1])
    before = emulator_glue.get_table(DatabaseName=aws.database, Name="tracks")["Table"]
    emulator_glue.update_table(
        DatabaseName=aws.database,
        TableInput={
            "Name": "tracks",
            "Description": "what it said before",
            "TableType": before["TableType"],
            "StorageDescriptor": before["StorageDescriptor"],
            "PartitionKeys": before["PartitionKeys"],
            "Parameters": before["Parameters"],
        },
    )
    publish_all(aws, DAYS[1 : 1 + PUBLISHERS])
    after = emulator_glue.get_table(DatabaseName=aws.database, Name="tracks")["Table"]
    assert after["Description"] == TABLES["tracks"].description
    tables = TableStore(S3Store(client("s3"), aws.tables_bucket))
    assert list(GlueDatabase(client("glue"), aws.database, tables).differences()) == []
