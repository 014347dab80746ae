import base64
import json
from datetime import date
from typing import Any

import pytest

from spotify_pipeline.catalog.glue import GlueCatalog
from spotify_pipeline.catalog.glue_months import GlueMonths
from spotify_pipeline.catalog.publication import published_files
from spotify_pipeline.storage.months import Month, Months, version_of
from spotify_pipeline.storage.objects import S3Store
from spotify_pipeline.tables.declarations import TABLES, VIEWS
from spotify_pipeline_tests.catalog.conftest import GlueCase, Killed
from spotify_pipeline_tests.storage.staging import publish_staged

JANUARY, FEBRUARY, APRIL = date(2025, 1, 1), date(2025, 2, 1), date(2025, 4, 1)


class MonthsCase:
    """A catalog with a second database for months."""

    def __init__(self, case: GlueCase) -> None:
        self.case, self.name = case, f"{case.name}_months"
        self.months = Months(S3Store(case.wire.s3, case.bucket))
        glue_months = GlueMonths(case.wire.glue, case.database, self.months, always=False)
        self.catalog = GlueCatalog(case.database, case.tables, glue_months)

    def make(self, first: date) -> str:
        """Add a month of the files that are published now; gives its version."""
        version = version_of(first, published_files(self.case.tables))
        keys = {name: [self.months.write(name, first, version, 0, b"rows")] for name in TABLES}
        self.months.add(first, Month(version, keys))
        return version

    def databases(self) -> set[str]:
        return {each["Name"] for each in self.case.glue.get_databases()["DatabaseList"]}

    def statement(self, view: str) -> str:
        """What a view of the second database asks."""
        text: str = self.case.glue.get_table(DatabaseName=self.name, Name=view)["Table"]["ViewOriginalText"]
        return str(json.loads(base64.b64decode(text.split()[3]))["originalSql"])

    def registered(self, table: str = "tracks") -> dict[str, Any]:
        pages = self.case.glue.get_partitions(DatabaseName=self.name, TableName=f"{table}_months")
        return {each["Values"][0]: each["StorageDescriptor"]["Location"] for each in pages["Partitions"]}


@pytest.fixture
def with_months(case: GlueCase) -> MonthsCase:
    return MonthsCase(case)


def test_before_there_are_months_there_is_no_second_database(with_months: MonthsCase) -> None:
    with_months.case.put(JANUARY)
    facts = with_months.catalog.publish().facts
    assert "months" not in facts
    assert with_months.case.name in with_months.databases()
    assert with_months.name not in with_months.databases()
    assert list(with_months.catalog.differences()) == []


def test_each_table_is_a_view_over_the_current_months_and_the_days_of_all_others(with_months: MonthsCase) -> None:
    case = with_months.case
    case.put(JANUARY, FEBRUARY, APRIL)
    versions = [with_months.make(first) for first in (JANUARY, FEBRUARY, APRIL)]
    assert with_months.catalog.publish().facts["months"] == 3
    folder = f"s3://{case.bucket}/_months/tracks/month="
    assert with_months.registered() == {
        str(first): f"{folder}{first}/{version}/"
        for first, version in zip((JANUARY, FEBRUARY, APRIL), versions, strict=True)
    }
    assert with_months.statement("track_artists") == (
        'SELECT "track_id", "artist_position", "artist_id", "snapshot_date" '
        f'FROM "awsdatacatalog"."{case.name}"."track_artists" WHERE (snapshot_date < DATE \'2025-01-01\' '
        "OR (snapshot_date >= DATE '2025-03-01' AND snapshot_date < DATE '2025-04-01') "
        "OR snapshot_date >= DATE '2025-05-01') "
        'UNION ALL SELECT "track_id", "artist_position", "artist_id", "snapshot_date" FROM "track_artists_months" '
        "WHERE month IN (DATE '2025-01-01', DATE '2025-02-01', DATE '2025-04-01') "
        "AND month = date_trunc('month', snapshot_date)"
    )
    for name, view in VIEWS.items():
        assert with_months.statement(name) == view.sql
    assert list(with_months.catalog.differences()) == []


def test_a_day_that_is_published_anew_takes_its_month_out_of_the_views_until_it_is_made_again(
    with_months: MonthsCase,
) -> None:
    case = with_months.case
    case.put(JANUARY)
    old = with_months.make(JANUARY)
    with_months.catalog.publish()
    case.stage(JANUARY, "Another song")
    publish_staged(case.tables, JANUARY)
    assert with_months.catalog.publish().facts["months"] == 0
    assert with_months.registered() == {}
    assert "UNION" not in with_months.statement("tracks")
    assert "WHERE" not in with_months.statement("tracks")
    new = with_months.make(JANUARY)
    assert with_months.catalog.publish().facts["months"] == 1
    assert with_months.registered()[str(JANUARY)].endswith(f"/{new}/")
    assert new != old


def test_publishing_again_writes_nothing_and_differences_are_told_and_put_right(with_months: MonthsCase) -> None:
    case = with_months.case
    case.put(JANUARY)
    with_months.make(JANUARY)
    with_months.catalog.publish()
    case.wire.calls.clear()
    with_months.catalog.publish()
    assert case.wire.writes() == []
    case.glue.delete_table(DatabaseName=with_months.name, Name="memberships")
    case.glue.delete_table(DatabaseName=with_months.name, Name="albums")
    case.glue.batch_delete_partition(
        DatabaseName=with_months.name, TableName="tracks_months", PartitionsToDelete=[{"Values": [str(JANUARY)]}]
    )
    assert list(with_months.catalog.differences()) == [
        f"{with_months.name}.tracks_months does not have the months that are current",
        f"{with_months.name}.albums is not the view that the published days and months make",
        f"{with_months.name}.memberships is missing",
    ]
    with_months.catalog.publish()
    assert list(with_months.catalog.differences()) == []


def test_a_process_that_is_killed_leaves_no_view_over_months_that_are_not_registered(with_months: MonthsCase) -> None:
    case = with_months.case
    case.put(JANUARY)
    with_months.make(JANUARY)
    case.catalog.publish()
    for changes in (4, 8, 11):
        case.wire.reset()
        case.wire.kill_after = changes
        with pytest.raises(Killed):
            with_months.catalog.publish()
        found = case.glue.get_tables(DatabaseName=with_months.name)["TableList"]
        for table in TABLES.keys() & {each["Name"] for each in found}:
            assert with_months.registered(table)
    case.wire.reset()
    with_months.catalog.publish()
    assert list(with_months.catalog.differences()) == []
