"""Asking Trino by its REST protocol, with answers in the same Python values as DuckDB's.

Trino's values come as JSON, with a type for each column. What is made of them, and only here:

| Trino                                  | Python                                                                    |
|----------------------------------------|---------------------------------------------------------------------------|
| tinyint to bigint, varchar, boolean    | as JSON has them                                                          |
| real, double                           | float; JSON has NaN and the infinities as texts                           |
| decimal                                | Decimal with the type's digits                                            |
| date, timestamp                        | date, datetime; with a time zone in UTC                                   |
| interval day to second                 | timedelta                                                                 |
| array, map                             | list, dict                                                                |
| row                                    | dict where its fields have names, else tuple                              |
| json                                   | its text                                                                  |
"""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import requests

from spotify_pipeline.query.engine import Answer

Decode = Callable[[Any], Any]

_INTERVAL = re.compile(r"(-?)(\d+) (\d+):(\d+):(\d+)\.(\d+)")


class Told(NamedTuple):
    """An answer with the columns' types, and how many rows of tables were read for it."""

    answer: Answer
    types: list[str]
    rows_read: int


class TrinoError(Exception):
    """Trino's own words on why it does not answer."""


class TrinoClient:
    """Asks a server in a database, as an engine of named queries does."""

    def __init__(self, url: str, database: str, timestamp_precision: str = "MILLISECONDS") -> None:
        """Ask the server at `url`. Timestamps in tables are read as MILLISECONDS, as Athena does, or MICROSECONDS."""
        self._url = url
        self._headers = {
            "X-Trino-User": "tests",
            "X-Trino-Catalog": "awsdatacatalog",
            "X-Trino-Schema": database,
            "X-Trino-Time-Zone": "UTC",
            "X-Trino-Session": f"awsdatacatalog.timestamp_precision={timestamp_precision}",
            # Without this, timestamps are cut to milliseconds on the way to the client.
            "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
        }

    def ask(self, sql: str) -> Answer:
        """The answer to one statement.

        Raises:
            TrinoError: it is not understood, or cannot be executed.
        """
        return self.tell(sql).answer

    def tell(self, sql: str) -> Told:
        """As `ask`, with the types and the work."""
        with requests.Session() as session:
            session.headers.update(self._headers)
            statement = sql.removesuffix(";")  # Athena takes it off, before Trino sees it
            page = session.post(f"{self._url}/v1/statement", data=statement.encode(), timeout=60).json()
            columns, rows = page.get("columns"), page.get("data", [])
            while "nextUri" in page:
                page = session.get(page["nextUri"], timeout=60).json()
                columns = page.get("columns", columns)
                rows += page.get("data", [])
        if "error" in page:
            raise TrinoError(page["error"]["message"])
        decoders = [_decoder(column["typeSignature"]) for column in columns]
        return Told(
            Answer(
                [column["name"] for column in columns],
                [tuple(decode(value) for decode, value in zip(decoders, row, strict=True)) for row in rows],
            ),
            [column["type"] for column in columns],
            page["stats"]["processedRows"],
        )


def _decoder(signature: dict[str, Any]) -> Decode:
    """What makes a Python value of a JSON value of the type."""
    decode = _decoder_of_values(signature)
    return lambda value: None if value is None else decode(value)


def _decoder_of_values(signature: dict[str, Any]) -> Decode:
    arguments = [argument["value"] for argument in signature["arguments"]]
    match signature["rawType"]:
        case "array":
            element = _decoder(arguments[0])
            return lambda value: [element(one) for one in value]
        case "map":
            key, element = _key_decoder(arguments[0]), _decoder(arguments[1])
            return lambda value: {key(name): element(one) for name, one in value.items()}
        case "row":
            names = [argument.get("fieldName", {}).get("name") for argument in arguments]
            fields = [_decoder(argument["typeSignature"]) for argument in arguments]
            return lambda value: _row(names, [field(one) for field, one in zip(fields, value, strict=True)])
        case name:
            return _DECODERS.get(name, lambda value: value)


def _key_decoder(signature: dict[str, Any]) -> Decode:
    """JSON's names are texts, whatever the type of the map's keys is."""
    return int if signature["rawType"].endswith("int") or signature["rawType"] == "integer" else _decoder(signature)


def _row(names: list[str | None], values: list[Any]) -> Any:
    return dict(zip(names, values, strict=True)) if all(names) else tuple(values)


def _zoned(text: str) -> datetime:
    local, _, zone = text.rpartition(" ")
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))


def _interval(text: str) -> timedelta:
    match = _INTERVAL.fullmatch(text)
    assert match, text
    days, hours, minutes, seconds, milliseconds = map(int, match.groups()[1:])
    size = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds)
    return -size if match[1] else size


_DECODERS: dict[str, Decode] = {
    "real": float,
    "double": float,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "timestamp with time zone": _zoned,
    "interval day to second": _interval,
}
