"""Publishing by way of a Glue crawler: made where it is missing, run, waited for, and its work compared."""

from datetime import date

import pytest

from spotify_pipeline.catalog.crawler import CrawledCatalog
from spotify_pipeline.catalog.publication import stray_partitions
from spotify_pipeline.errors import SettingsError, StorageError
from spotify_pipeline.progress import Progress
from spotify_pipeline.storage.horizon import Horizon
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.catalog.conftest import GlueCase
from spotify_pipeline_tests.catalog.fake_crawler import FakeCrawler
from spotify_pipeline_tests.spotify.fake_clock import FakeClock

DAY, NEXT = date(2025, 3, 1), date(2025, 3, 2)


@pytest.fixture
def crawler(case: GlueCase) -> FakeCrawler:
    return FakeCrawler(case)


def catalog_of(case: GlueCase, clock: FakeClock, role: str | None = "crawler-role") -> CrawledCatalog:
    return CrawledCatalog(case.wire.glue, case.database, case.tables, role, clock.patience().clock)


@pytest.fixture
def catalog(case: GlueCase, clock: FakeClock, crawler: FakeCrawler) -> CrawledCatalog:
    del crawler
    return catalog_of(case, clock)


def test_a_crawler_that_is_missing_is_made_over_the_declared_tables_and_only_adds_days(
    catalog: CrawledCatalog, case: GlueCase, crawler: FakeCrawler
) -> None:
    case.put(DAY)
    catalog.publish()
    assert crawler.crawler is not None
    assert crawler.crawler["Name"] == f"spotify_pipeline_{case.name}"
    assert crawler.crawler["Role"] == "crawler-role"
    assert crawler.crawler["Targets"] == {"CatalogTargets": [{"DatabaseName": case.name, "Tables": list(TABLES)}]}
    assert crawler.crawler["SchemaChangePolicy"] == {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}


def test_what_the_crawler_finds_is_published_with_declared_types(catalog: CrawledCatalog, case: GlueCase) -> None:
    case.put(DAY)
    case.stage(NEXT)  # has passed no audit
    publication = catalog.publish()
    assert publication.days == [DAY]
    assert publication.facts["crawl"] == "succeeded"
    assert publication.facts["crawl_dpu_hours"] == 0.35
    assert catalog.partitions() == {name: {DAY} for name in TABLES}
    assert list(stray_partitions(catalog, case.tables)) == []
    assert list(catalog.differences()) == []


def test_a_later_day_is_found_by_the_same_crawler(
    catalog: CrawledCatalog, case: GlueCase, crawler: FakeCrawler
) -> None:
    case.put(DAY)
    catalog.publish()
    case.put(NEXT)
    assert catalog.publish().facts["tables_updated"] == 0  # what the crawler has noted on them is its own
    assert crawler.starts == 2
    assert case.table()["StorageDescriptor"]["Parameters"]["recordCount"] == "3"
    assert catalog.partitions() == {name: {DAY, NEXT} for name in TABLES}


def test_days_that_are_no_longer_published_are_withdrawn_without_a_crawl(
    catalog: CrawledCatalog, case: GlueCase, crawler: FakeCrawler
) -> None:
    case.put(DAY, NEXT)
    catalog.publish()
    case.tables.horizon.save(Horizon(NEXT, is_clear=False))  # the files of the first day are still there
    catalog.withdraw()
    assert crawler.starts == 1
    assert catalog.partitions() == {name: {NEXT} for name in TABLES}
    assert list(stray_partitions(catalog, case.tables)) == []


def test_the_crawl_is_waited_for_with_progress_and_growing_pauses(
    catalog: CrawledCatalog, case: GlueCase, crawler: FakeCrawler, clock: FakeClock
) -> None:
    told: list[str] = []

    class Told(Progress):
        def tell(self, text: str) -> None:
            told.append(text)

    crawler.polls = 12
    case.put(DAY)
    facts = catalog.publish(Told()).facts
    assert told[0] == f"the Glue crawler spotify_pipeline_{case.name} is running, for 0 s now"
    assert len(told) == crawler.polls
    assert clock.waits[0] == 1
    assert clock.waits == sorted(clock.waits)
    assert max(clock.waits) == 15
    assert facts["crawl_seconds"] == round(sum(clock.waits), 1)


def test_a_crawl_that_others_have_begun_is_waited_for_and_then_repeated(
    catalog: CrawledCatalog, case: GlueCase, crawler: FakeCrawler
) -> None:
    """It may have looked before the day's files were there."""
    case.put(DAY)
    catalog.publish()
    crawler.begin()
    case.put(NEXT)
    catalog.publish()
    assert crawler.starts == 3
    assert catalog.partitions()["tracks"] == {DAY, NEXT}


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED"])
def test_a_crawl_that_fails_fails_the_publication_with_its_reason_and_its_log(
    status: str, catalog: CrawledCatalog, case: GlueCase, crawler: FakeCrawler
) -> None:
    case.put(DAY)
    crawler.outcome = (status, "The service principal is not authorized.")
    with pytest.raises(StorageError) as failed:
        catalog.publish()
    assert str(failed.value) == (
        f"The crawl of the Glue crawler spotify_pipeline_{case.name} ended as {status} (The service principal is not "
        f"authorized.): see its log, /aws-glue/crawlers spotify_pipeline_{case.name}."
    )


def test_the_outcome_of_an_earlier_crawl_is_not_taken_for_this_one_s(
    catalog: CrawledCatalog, case: GlueCase, crawler: FakeCrawler
) -> None:
    case.put(DAY)
    crawler.outcome = ("FAILED", "once")
    with pytest.raises(StorageError):
        catalog.publish()
    crawler.outcome = ("SUCCEEDED", "")
    assert catalog.publish().facts["crawl"] == "succeeded"


def test_a_crawl_without_end_is_given_up_after_an_hour(
    catalog: CrawledCatalog, case: GlueCase, crawler: FakeCrawler, clock: FakeClock
) -> None:
    case.put(DAY)
    crawler.polls = 10_000
    with pytest.raises(StorageError, match=r"is still RUNNING after 60 minutes: look at it in the Glue console"):
        catalog.publish()
    assert 3600 < sum(clock.waits) < 3700


def test_what_a_crawl_costs_is_left_out_where_glue_does_not_tell(
    catalog: CrawledCatalog, case: GlueCase, crawler: FakeCrawler
) -> None:
    case.put(DAY)
    crawler.dpu_hours = None
    facts = catalog.publish().facts
    assert facts["crawl"] == "succeeded"
    assert "crawl_dpu_hours" not in facts


def test_without_a_role_a_crawler_that_is_there_works_and_one_that_is_missing_is_said(
    case: GlueCase, crawler: FakeCrawler, clock: FakeClock
) -> None:
    case.put(DAY)
    without_role = catalog_of(case, clock, role=None)
    with pytest.raises(SettingsError, match="SPOTIFY_PIPELINE_CRAWLER_ROLE has to name the role"):
        without_role.publish()
    assert crawler.starts == 0
    catalog_of(case, clock).publish()
    assert without_role.publish().days == [DAY]


def test_a_crawler_of_an_older_version_is_given_the_tables_that_it_does_not_know(
    catalog: CrawledCatalog, case: GlueCase, crawler: FakeCrawler
) -> None:
    case.put(DAY)
    catalog.publish()
    assert crawler.crawler is not None
    crawler.crawler["Targets"]["CatalogTargets"][0]["Tables"].remove("tracks")
    catalog.publish()
    assert crawler.crawler["Targets"]["CatalogTargets"][0]["Tables"] == list(TABLES)


def test_what_the_crawler_did_not_do_is_told(catalog: CrawledCatalog, case: GlueCase, crawler: FakeCrawler) -> None:
    case.put(DAY)
    catalog.publish()
    place = case.table()["StorageDescriptor"]
    case.glue.update_partition(
        DatabaseName=case.name,
        TableName="tracks",
        PartitionValueList=[str(DAY)],
        PartitionInput={
            "Values": [str(DAY)],
            "StorageDescriptor": place | {"Columns": [{"Name": "track_id", "Type": "bigint"}]},
        },
    )
    case.glue.create_table(
        DatabaseName=case.name, TableInput={"Name": "invented", "StorageDescriptor": place | {"Columns": []}}
    )
    assert list(catalog.differences()) == [
        f"tracks: 1 partitions are not as declared, such as {DAY}",
        "invented: it is over files of this pipeline, which declares no such table",
    ]
