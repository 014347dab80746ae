"""Athena made up for tests, which behaves as AWS documents it; the emulator's differs in much of this."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from spotify_pipeline_tests.aws.fake_aws import Answer, Request, found, refused

_MOST_ROWS = 1000  # in one page, the header among them

Row = Sequence[str | None]


@dataclass(frozen=True)
class Statement:
    """What becomes of one statement.

    Attributes:
        columns: Names and types, as `ColumnInfo` has them.
        rows: Texts, as Athena prints values; None for a null.
        kind: `DML`, whose results begin with a row of names; `DDL` or `UTILITY`.
        states: What it is when asked one time after the other; the last one stays.
        reason: Why it failed or was cancelled.
        error: What `AthenaError` says, if there is one.
        scanned: Bytes.
        refusal: Why it is not even started, as for a syntax error.
    """

    columns: Sequence[tuple[str, str]] = ()
    rows: Sequence[Row] = ()
    kind: str = "DML"
    states: Sequence[str] = ("QUEUED", "RUNNING", "SUCCEEDED")
    reason: str = ""
    error: Mapping[str, Any] | None = None
    scanned: int = 0
    refusal: str = ""


@dataclass
class FakeAthena:
    """Answers the requests of a client; one statement is all that anybody asks.

    Attributes:
        statement: That statement.
        workgroups: Where each one has its results, or None.
        started: What `StartQueryExecution` was told, for each execution.
        stopped: Ids of executions.
        on_poll: Is called before each look at an execution.
    """

    statement: Statement = field(default_factory=Statement)
    workgroups: dict[str, str | None] = field(default_factory=lambda: {"reporting": "s3://results/"})
    page_size: int = _MOST_ROWS
    on_poll: Callable[[], None] = lambda: None
    started: list[dict[str, Any]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ids: dict[str, str] = {}  # by the token of who started it
        self._polls = 0

    def __call__(self, request: Request) -> Answer:
        answering: dict[str, Callable[[Mapping[str, Any]], Answer]] = {
            "StartQueryExecution": self._start,
            "GetQueryExecution": self._execution,
            "GetQueryResults": self._results,
            "StopQueryExecution": self._stop,
        }
        return answering[request.operation](request.body)

    @property
    def _state(self) -> str:
        return "CANCELLED" if self.stopped else self.statement.states[min(self._polls, len(self.statement.states)) - 1]

    def _start(self, asked: Mapping[str, Any]) -> Answer:
        if asked["WorkGroup"] not in self.workgroups:
            return refused("InvalidRequestException", "WorkGroup is not found.")
        if self.workgroups[asked["WorkGroup"]] is None:
            return refused(
                "InvalidRequestException",
                "No output location provided. An output location is required either through the Workgroup result "
                "configuration setting or as an API input.",
            )
        if self.statement.refusal:
            return refused("InvalidRequestException", self.statement.refusal)
        token = asked["ClientRequestToken"]
        if token not in self._ids:
            self._ids[token] = f"execution-{len(self._ids)}"
            self.started.append(dict(asked))
        return found({"QueryExecutionId": self._ids[token]})

    def _execution(self, asked: Mapping[str, Any]) -> Answer:
        self.on_poll()
        self._polls += 1
        status: dict[str, Any] = {"State": self._state, "SubmissionDateTime": 1_790_000_000.5}
        if self._state in ("FAILED", "CANCELLED"):
            status["StateChangeReason"] = self.statement.reason
        if self.statement.error:
            status["AthenaError"] = self.statement.error
        execution = {
            "QueryExecutionId": asked["QueryExecutionId"],
            "StatementType": self.statement.kind,
            "Status": status,
            "Statistics": {"DataScannedInBytes": self.statement.scanned} if self._state == "SUCCEEDED" else {},
        }
        return found({"QueryExecution": execution})

    def _results(self, asked: Mapping[str, Any]) -> Answer:
        if self._state != "SUCCEEDED":
            return refused("InvalidRequestException", f"Query has not yet finished. Current state: {self._state}")
        assert asked.get("MaxResults", 1) <= _MOST_ROWS
        header = [[name for name, _ in self.statement.columns]] if self.statement.kind == "DML" else []
        rows: list[Row] = [*header, *self.statement.rows]
        begin = int(asked.get("NextToken", 0))
        end = begin + self.page_size
        result = {
            "Rows": [
                {"Data": [{} if text is None else {"VarCharValue": text} for text in row]} for row in rows[begin:end]
            ],
            "ResultSetMetadata": {
                "ColumnInfo": [
                    {"CatalogName": "hive", "Name": name, "Type": kind} for name, kind in self.statement.columns
                ]
            },
        }
        return found({"ResultSet": result, "UpdateCount": 0} | ({"NextToken": str(end)} if end < len(rows) else {}))

    def _stop(self, asked: Mapping[str, Any]) -> Answer:
        self.stopped.append(asked["QueryExecutionId"])
        return found({})
