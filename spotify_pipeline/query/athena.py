"""Asking Amazon Athena: start a statement, wait for it, and read its rows in the types of their columns.

Arrays, maps and rows stay the text that Athena prints, which cannot be parsed without doubt; `CAST(x AS JSON)` or
`array_join` in the query gives something that can.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import date, datetime, time
from decimal import Decimal
from threading import Event
from typing import TYPE_CHECKING, Any

from spotify_pipeline import aws
from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.engine import Answer, Scan, Session
from spotify_pipeline.spotify.patience import Clock

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_athena.type_defs import QueryExecutionTypeDef, StartQueryExecutionInputTypeDef

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS, _GROWTH = 0.2, 5.0, 1.5
_ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


class AthenaEngine:
    """Runs statements in one workgroup on one Glue database."""

    def __init__(self, client: "AthenaClient", workgroup: str, database: str, clock: Clock) -> None:
        """Ask through `client`; the workgroup says where results go and how much a statement may scan."""
        self._client, self._workgroup, self._database, self._clock = client, workgroup, database, clock

    def session(self) -> AbstractContextManager[Session]:
        """Itself: each statement is a request of its own."""
        return nullcontext(self)

    def ask(self, sql: str, parameters: Sequence[str] = ()) -> Answer:
        """The answer to one statement. Whoever is interrupted while it runs has it cancelled.

        Args:
            sql: the statement.
            parameters: SQL literals for its question marks, such as `'abc'` or `DATE '2026-01-31'`.

        Raises:
            QueryError: Athena refuses or fails the statement, or cannot be asked.
        """
        request: StartQueryExecutionInputTypeDef = {
            "QueryString": sql,
            "QueryExecutionContext": {"Database": self._database},
            "WorkGroup": self._workgroup,
        }
        if parameters:  # an empty list is refused
            request["ExecutionParameters"] = list(parameters)
        with self._explained():
            try:
                started = self._client.start_query_execution(**request)
            except self._client.exceptions.InvalidRequestException as error:
                raise self._not_started(error.response.get("Error", {}).get("Message", "")) from None
            query_id = started["QueryExecutionId"]
            try:
                execution = self._wait(query_id)
            except BaseException:  # an interrupt above all: what nobody waits for should not go on and be billed
                with suppress(Exception):
                    self._client.stop_query_execution(QueryExecutionId=query_id)
                raise
            self._require_success(execution)
            is_dml = execution.get("StatementType") == "DML"
            columns, rows = self._results(query_id, has_header=is_dml)
        scanned = execution.get("Statistics", {}).get("DataScannedInBytes", 0)
        return Answer(columns, rows, Scan(scanned) if is_dml or scanned else None)  # DDL and the like cost nothing

    def _wait(self, query_id: str) -> "QueryExecutionTypeDef":
        pause = _FIRST_PAUSE_SECONDS
        while True:
            execution = self._client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            if execution["Status"]["State"] in _ENDED:
                return execution
            self._clock.wait(pause, Event())
            pause = min(pause * _GROWTH, _LONGEST_PAUSE_SECONDS)

    def _results(self, query_id: str, *, has_header: bool) -> tuple[list[str], list[tuple[Any, ...]]]:
        pages = self._client.get_paginator("get_query_results").paginate(QueryExecutionId=query_id)
        columns: list[str] = []
        rows: list[tuple[Any, ...]] = []
        for number, page in enumerate(pages):
            result = page["ResultSet"]
            described = result.get("ResultSetMetadata", {}).get("ColumnInfo", [])
            columns = [column["Name"] for column in described]
            readers = [_READERS.get(column["Type"], str) for column in described]
            found = result.get("Rows", [])
            for row in found[1:] if has_header and number == 0 else found:
                # A null is a cell without a value, which an empty text has.
                texts = [cell.get("VarCharValue") for cell in row.get("Data", [])]
                if len(texts) == 1 != len(columns):  # of DESCRIBE: padded texts with tabs between
                    texts = [text.strip() for text in (texts[0] or "").split("\t")]
                    texts = (texts + [""] * len(columns))[: len(columns)]
                rows.append(tuple(_read(reader, text) for reader, text in zip(readers, texts, strict=True)))
        return columns, rows

    def _not_started(self, message: str) -> QueryError:
        said = aws.one_line(message)
        if said.startswith("WorkGroup"):
            return QueryError(
                f"The Athena workgroup {self._workgroup} cannot be used ({said}): create it, or correct "
                "SPOTIFY_PIPELINE_ATHENA_WORKGROUP."
            )
        if "output location" in said.lower():
            return QueryError(
                f"The Athena workgroup {self._workgroup} has no place for results: give it an output location in S3."
            )
        return QueryError(f"Athena refuses the statement in the workgroup {self._workgroup}: {said}.")

    def _require_success(self, execution: "QueryExecutionTypeDef") -> None:
        status = execution["Status"]
        if status["State"] == "SUCCEEDED":
            return
        reason = aws.one_line(status.get("StateChangeReason", "no reason given"))
        if reason.startswith(("SCHEMA_NOT_FOUND", "TABLE_NOT_FOUND")):
            raise QueryError(
                f"Athena does not find what is asked for in the Glue database {self._database} ({reason}): correct the "
                "name, or publish a day with `spotify-pipeline run`."
            )
        end = "was cancelled" if status["State"] == "CANCELLED" else "failed"
        error = QueryError(f"The query {end} in the Athena workgroup {self._workgroup}: {reason}.")
        error.may_pass = status.get("AthenaError", {}).get("Retryable", False)
        raise error

    def _explained(self) -> AbstractContextManager[None]:
        return aws.explained(f"the Athena workgroup {self._workgroup}", QueryError)


def _read(reader: Callable[[str], Any], text: str | None) -> Any:  # noqa: ANN401  # whatever SQL gives
    if text is None:
        return None
    try:
        return reader(text)
    except ValueError:  # a year that Python's calendar does not have, a zone that only has a name
        return text


def _with_zone(text: str) -> datetime:
    """The time in text such as `2026-01-31 05:06:07.089 +01:00`."""
    local, _, zone = text.rpartition(" ")
    return datetime.fromisoformat(local + ("+00:00" if zone == "UTC" else zone))


_READERS: dict[str, Callable[[str], Any]] = {
    "boolean": lambda text: text == "true",
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), int),
    **dict.fromkeys(("float", "real", "double"), float),
    "decimal": Decimal,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "timestamp with time zone": _with_zone,
    "varbinary": bytes.fromhex,
}
