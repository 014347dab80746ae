"""Glue crawlers as AWS documents them, before a Glue that has none that look at anything."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from spotify_pipeline_tests.aws.fake_aws import Answer, found, refused, response
from spotify_pipeline_tests.catalog.conftest import GlueCase

Json = dict[str, Any]


class FakeCrawler:
    """One crawler: it registers the folders of its tables when a crawl ends.

    Attributes:
        crawler: as `GetCrawler` shows it; None where there is none.
        polls: how often a crawl is seen running.
        outcome: with which status and message the next crawls end.
        dpu_hours: what a crawl costs; None where Glue does not tell.
        starts: how many crawls there were.
    """

    def __init__(self, case: GlueCase) -> None:
        self._case = case
        self.crawler: Json | None = None
        self.polls = 3
        self.outcome: tuple[str, str] = ("SUCCEEDED", "")
        self.dpu_hours: float | None = 0.35
        self.starts = 0
        self._left = 0
        case.wire.glue.meta.events.register("before-send.glue", self._send)  # type: ignore[arg-type]  # it may answer

    def begin(self) -> None:
        """Let somebody else start a crawl."""
        assert self.crawler is not None
        self.starts += 1
        self._left = self.polls
        self.crawler["State"] = "RUNNING"

    def _send(self, request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse | None:
        operations = {
            "GetCrawler": self._get,
            "CreateCrawler": self._create,
            "UpdateCrawler": self._update,
            "StartCrawler": self._start,
            "ListCrawls": self._list,
        }
        operation = operations.get(event_name.rpartition(".")[2])
        body = request.body if isinstance(request.body, bytes) else b"{}"
        return response(str(request.url), operation(msgspec.json.decode(body))) if operation else None

    def _get(self, _: Json) -> Answer:
        if self.crawler is None:
            return refused("EntityNotFoundException")
        if self.crawler["State"] != "READY":
            self._left -= 1
            if self._left < 0:
                self._end()
        return found({"Crawler": self.crawler})

    def _create(self, asked: Json) -> Answer:
        self.crawler = {**asked, "State": "READY"}
        return found({})

    def _update(self, asked: Json) -> Answer:
        assert self.crawler is not None
        self.crawler |= asked
        return found({})

    def _start(self, _: Json) -> Answer:
        assert self.crawler is not None
        if self.crawler["State"] != "READY":
            return refused("CrawlerRunningException")
        self.begin()
        return found({})

    def _list(self, _: Json) -> Answer:
        if self.dpu_hours is None:
            return refused("AccessDeniedException")
        return found({"Crawls": [{"CrawlId": str(self.starts), "DPUHour": self.dpu_hours}]})

    def _end(self) -> None:
        assert self.crawler is not None
        status, message = self.outcome
        if status == "SUCCEEDED":
            self._register()
        self.crawler["State"] = "READY"
        self.crawler["LastCrawl"] = {
            "Status": status,
            "ErrorMessage": message,
            "LogGroup": "/aws-glue/crawlers",
            "LogStream": self.crawler["Name"],
            "StartTime": datetime(2026, 1, 2, tzinfo=UTC).timestamp() + self.starts,
        }

    def _register(self) -> None:
        """Add the days that have files, with the columns of their table, as `InheritFromTable` says, and statistics."""
        assert self.crawler is not None
        (target,) = self.crawler["Targets"]["CatalogTargets"]
        statistics = {"UPDATED_BY_CRAWLER": self.crawler["Name"], "recordCount": "3", "averageRecordSize": "20"}
        for name in target["Tables"]:
            table = self._case.table(name)
            for described in (table, table["StorageDescriptor"]):
                described["Parameters"] |= statistics
            kept = ("Name", "Description", "TableType", "StorageDescriptor", "PartitionKeys", "Parameters")
            definition: Any = {key: table[key] for key in kept}
            self._case.glue.update_table(DatabaseName=target["DatabaseName"], TableInput=definition)
            storage = table["StorageDescriptor"]
            for column in storage["Columns"]:
                del column["Comment"]
            for day in set(self._case.tables.partitions(name)) - set(self._case.partitions(name)):
                place = f"{storage['Location']}snapshot_date={day}/"
                self._case.glue.create_partition(
                    DatabaseName=target["DatabaseName"],
                    TableName=name,
                    PartitionInput={"Values": [str(day)], "StorageDescriptor": storage | {"Location": place}},
                )
