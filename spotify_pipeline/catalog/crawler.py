"""The catalog of the aws target by way of a Glue crawler, which looks for partitions in the tables bucket.

The tables are created from the declarations, and the crawler is given these tables: left to itself it would guess
types (the day would be a text, so that no query that compares it with a date works) and make tables of odd files. It
looks only where audited files lie, so what it registers has passed its audit. `register` does the same in seconds; this
is for those whose organisation keeps its catalog with crawlers.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from threading import Event
from typing import TYPE_CHECKING

from spotify_pipeline import aws
from spotify_pipeline.catalog.glue_database import GlueDatabase
from spotify_pipeline.catalog.publication import Partitions, Publication
from spotify_pipeline.errors import SettingsError, StorageError
from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.spotify.patience import Clock
from spotify_pipeline.storage.tables import TableStore
from spotify_pipeline.tables.declarations import COVERAGE, TABLES

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import CrawlerHistoryTypeDef, CrawlerTargetsTypeDef, CrawlerTypeDef

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 15.0
_LONGEST_WAIT_SECONDS = 3600.0  # a crawl of a few days takes one to three minutes; what takes this long is stuck


class CrawledCatalog:
    """Lets a crawler find the partitions, and waits for it."""

    def __init__(
        self, client: "GlueClient", database: GlueDatabase, tables: TableStore, role: str | None, clock: Clock
    ) -> None:
        """A catalog in `database` over the partitions in `tables`; `role` is needed to create the crawler."""
        self._client, self._database, self._tables, self._role, self._clock = client, database, tables, role, clock
        self._name = f"spotify_pipeline_{database.name}"

    @property
    def location(self) -> str:
        """The database, and the crawler that fills it."""
        return f"Glue database {self._database.name} (crawler {self._name})"

    def publish(self, progress: Progress = SILENT) -> Publication:
        """Create what is missing, run the crawler, and wait until it has looked at everything.

        A crawler adds partitions and takes none away.

        Raises:
            SettingsError: the crawler is missing and there is no role to create it with.
            StorageError: the crawl failed or does not end, or Glue cannot be asked.
        """
        facts = self._database.ensure()
        days = self._tables.published_days()
        return Publication(days, self.location, facts | self._crawl(progress))

    def withdraw(self) -> None:
        """Unregister the days that are not published: a crawler adds partitions and takes none away.

        Raises:
            StorageError: Glue cannot be asked.
        """
        self._database.ensure()
        days = set(self._tables.published_days())
        for table in sorted(TABLES.values(), key=COVERAGE.__ne__):
            known = self._database.registered(table)
            self._database.remove(table, (known.sound | known.stale) - days)

    def partitions(self) -> Partitions:
        """The days that are registered, by table."""
        return self._database.partitions()

    def differences(self) -> Iterator[str]:
        """In what the crawler's work is not as declared."""
        return self._database.differences()

    def _crawl(self, progress: Progress) -> dict[str, str | int | float]:
        """Run the crawler from now on, so that it sees what was published before; gives what came of it."""
        before = self._started(self._wait(progress, self._ensure_crawler()))
        began = self._clock.monotonic()
        while True:
            with self._explained():
                try:
                    self._client.start_crawler(Name=self._name)
                    break
                except self._client.exceptions.CrawlerRunningException:
                    # Somebody else's crawl, which may have begun too early.
                    before = self._started(self._wait(progress, self._crawler()))
        crawler = self._wait(progress, self._crawler(), after=before)
        last = crawler.get("LastCrawl", {})
        if (status := last.get("Status")) != "SUCCEEDED":
            log = f"{last.get('LogGroup', '')} {last.get('LogStream', '')}".strip()
            raise StorageError(
                f"The crawl of the Glue crawler {self._name} ended as {status} "
                f"({last.get('ErrorMessage') or 'no reason given'}): see its log, {log or 'in CloudWatch'}."
            )
        return {"crawl": "succeeded", "crawl_seconds": round(self._clock.monotonic() - began, 1), **self._cost()}

    def _cost(self) -> dict[str, float]:
        """What Glue bills, where it tells; a crawl that succeeded does not fail because it does not."""
        crawls: list[CrawlerHistoryTypeDef] = []
        with suppress(StorageError), self._explained():
            crawls = self._client.list_crawls(CrawlerName=self._name, MaxResults=1).get("Crawls", [])
        return {"crawl_dpu_hours": crawls[0]["DPUHour"]} if crawls and "DPUHour" in crawls[0] else {}

    def _wait(self, progress: Progress, crawler: "CrawlerTypeDef", after: str | None = None) -> "CrawlerTypeDef":
        """Wait until the crawler is ready and, if `after` says when its last crawl began, has begun another since."""
        began, pause = self._clock.monotonic(), _FIRST_PAUSE_SECONDS
        while crawler["State"] != "READY" or (after is not None and self._started(crawler) == after):
            waited = self._clock.monotonic() - began
            if waited > _LONGEST_WAIT_SECONDS:
                raise StorageError(
                    f"The Glue crawler {self._name} is still {crawler['State']} after {waited / 60:.0f} minutes: look "
                    "at it in the Glue console."
                )
            progress.tell(f"the Glue crawler {self._name} is {crawler['State'].lower()}, for {waited:.0f} s now")
            self._clock.wait(pause, Event())
            pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
            crawler = self._crawler()
        return crawler

    def _ensure_crawler(self) -> "CrawlerTypeDef":
        """The crawler, created where it is missing, and given the tables that it does not look at yet."""
        targets: CrawlerTargetsTypeDef = {
            "CatalogTargets": [{"DatabaseName": self._database.name, "Tables": list(TABLES)}]
        }
        with self._explained():
            try:
                crawler = self._client.get_crawler(Name=self._name)["Crawler"]
            except self._client.exceptions.EntityNotFoundException:
                self._create_crawler(targets)
            else:
                found = crawler.get("Targets", {}).get("CatalogTargets", [])
                if set(found[0]["Tables"] if found else ()) != set(TABLES):
                    self._client.update_crawler(Name=self._name, Targets=targets)
        return self._crawler()

    def _create_crawler(self, targets: "CrawlerTargetsTypeDef") -> None:
        if not self._role:
            raise SettingsError(
                f"There is no Glue crawler {self._name} yet, and to create it SPOTIFY_PIPELINE_CRAWLER_ROLE has to "
                "name the role that it takes; docs/aws.md has the role's policy."
            )
        try:
            self._client.create_crawler(
                Name=self._name,
                Role=self._role,
                Description="Looks for the days of the tables of spotify_pipeline.",
                Targets=targets,
                # With tables as targets, Glue wants this for deletions. The definitions are ours, so it only adds days.
                SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
                RecrawlPolicy={"RecrawlBehavior": "CRAWL_EVERYTHING"},
                Configuration=(
                    '{"Version": 1.0, "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}}}'
                ),
            )
        except self._client.exceptions.AlreadyExistsException:
            return  # somebody else was faster

    def _crawler(self) -> "CrawlerTypeDef":
        with self._explained():
            return self._client.get_crawler(Name=self._name)["Crawler"]

    @staticmethod
    def _started(crawler: "CrawlerTypeDef") -> str:
        """When the crawler's last crawl began; empty where it has not crawled yet."""
        return str((crawler.get("LastCrawl") or {}).get("StartTime", ""))

    def _explained(self) -> AbstractContextManager[None]:
        return aws.explained(f"the Glue crawler {self._name}", StorageError)
