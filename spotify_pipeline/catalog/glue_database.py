"""One database of the Glue Data Catalog: tables and views as declared, and which partitions are registered in them.

Each method may be called again, by whomever, and while somebody else calls it. Glue replaces a table only if nobody
else has since it was read; where somebody has, it is read again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from spotify_pipeline import aws
from spotify_pipeline.catalog.glue_definitions import (
    DAY_KEY,
    as_input,
    day_location,
    fits,
    incompatibilities,
    partition_input,
    table_input,
    updated,
)
from spotify_pipeline.catalog.glue_views import fits_view, is_view, view_input
from spotify_pipeline.catalog.publication import Partitions
from spotify_pipeline.errors import StorageError
from spotify_pipeline.storage.tables import TableStore
from spotify_pipeline.tables.declarations import TABLES, VIEWS
from spotify_pipeline.tables.schema import Table, View

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import PartitionInputTypeDef, PartitionTypeDef, TableTypeDef

_MOST_CREATED, _MOST_UPDATED, _MOST_DELETED = 100, 100, 25  # partitions in one request: Glue's limits
_DESCRIPTION = "A daily history of Spotify playlists."
_TURNS = 10  # to write a table that others are writing too

_T = TypeVar("_T")


class Registered(NamedTuple):
    """The partitions of a table: days that are as declared, and days that are not."""

    sound: frozenset[date]
    stale: frozenset[date]


class GlueDatabase:
    """The tables of one bucket in one database.

    Attributes:
        name: the database.
        store: the files of its tables.
        key: by what its tables are partitioned.
    """

    key = DAY_KEY

    def __init__(self, client: "GlueClient", name: str, store: TableStore) -> None:
        """The database called `name`, over the files in `store`, which is in S3."""
        self.name, self._client, self.store = name, client, store

    def ensure(self) -> dict[str, int]:
        """Create or update the database, all tables and all views; gives how many were created and updated.

        Raises:
            StorageError: a table is there that cannot become what is declared, or Glue cannot be asked.
        """
        self._ensure_database()
        return self._counted(
            *(self._ensure(table.name, partial(self._write, table)) for table in TABLES.values()),
            *(self._ensure(view.name, partial(self._write_view, view)) for view in VIEWS.values()),
        )

    def partitions(self) -> Partitions:
        """The registered days, by table."""
        return {
            table.name: {
                self._day(table, found["Values"]) for found in self._partitions(table.name, with_columns=False)
            }
            for table in TABLES.values()
        }

    def differences(self) -> Iterator[str]:
        """In what the tables and their partitions are not as declared, a sentence each."""
        found = self._tables()
        for table in TABLES.values():
            if table.name not in found:
                yield f"{table.name} is missing"
                continue
            for problem in incompatibilities(found[table.name], table, self._location(table)):
                yield f"{table.name}: {problem}"
            known = {column["Name"] for column in found[table.name].get("StorageDescriptor", {}).get("Columns", [])}
            for column in table.columns:
                if column.name not in known:
                    yield f"{table.name}: it lacks the column {column.name}"
            if stale := self.registered(table).stale:
                yield f"{table.name}: {len(stale)} partitions are not as declared, such as {min(stale)}"
        yield from self._differing_views(found)
        for name in sorted(found.keys() - TABLES.keys()):
            if found[name].get("StorageDescriptor", {}).get("Location", "").startswith(self.store.location):
                yield f"{name}: it is over files of this pipeline, which declares no such table"

    def _differing_views(self, found: Mapping[str, "TableTypeDef"]) -> Iterator[str]:
        for name, view in VIEWS.items():
            if name not in found:
                yield f"{name} is missing"
            elif not fits_view(found[name], view, self.name):
                yield f"{name} is not the declared view"

    def _tables(self) -> dict[str, "TableTypeDef"]:
        """All tables of the database, declared ones and others, by name; none where there is no database."""
        with self._explained():
            try:
                pages = self._client.get_paginator("get_tables").paginate(DatabaseName=self.name)
                return {table["Name"]: table for page in pages for table in page["TableList"]}
            except self._client.exceptions.EntityNotFoundException:
                return {}

    def registered(self, table: Table) -> Registered:
        """The partitions of a table; none where there is no table."""
        sound: set[date] = set()
        stale: set[date] = set()
        for partition in self._partitions(table.name, with_columns=True):
            day = self._day(table, partition["Values"])
            as_declared = fits(partition, self._input(table, day))
            (sound if as_declared else stale).add(day)
        return Registered(frozenset(sound), frozenset(stale))

    def register(self, table: Table, days: Iterable[date]) -> None:
        """Make days known of which the table has files, and those right that are known otherwise."""
        for batch in _batches(sorted(days), _MOST_CREATED):
            wanted = self._inputs(table, batch)
            with self._explained(table.name):
                answer = self._client.batch_create_partition(
                    DatabaseName=self.name, TableName=table.name, PartitionInputList=list(wanted.values())
                )
            known = self._require_only("AlreadyExistsException", table, answer.get("Errors", []), "PartitionValues")
            self.update(table, known)  # somebody else has been faster, or they were stale

    def update(self, table: Table, days: Iterable[date]) -> None:
        """Make right what is registered."""
        for batch in _batches(sorted(days), _MOST_UPDATED):
            entries = [
                {"PartitionValueList": wanted["Values"], "PartitionInput": wanted}
                for wanted in self._inputs(table, batch).values()
            ]
            with self._explained(table.name):
                answer = self._client.batch_update_partition(
                    DatabaseName=self.name,
                    TableName=table.name,
                    Entries=entries,  # type: ignore[arg-type]  # the stubs want literals
                )
            self._require_only("", table, answer.get("Errors", []), "PartitionValueList")

    def remove(self, table: Table, days: Iterable[date]) -> None:
        """Make days unknown; their files are not touched."""
        for batch in _batches(sorted(days), _MOST_DELETED):
            with self._explained(table.name):
                answer = self._client.batch_delete_partition(
                    DatabaseName=self.name,
                    TableName=table.name,
                    PartitionsToDelete=[{"Values": [day.isoformat()]} for day in batch],
                )
            self._require_only("EntityNotFoundException", table, answer.get("Errors", []), "PartitionValues")

    @staticmethod
    def _counted(*done: str) -> dict[str, int]:
        return {"tables_created": done.count("created"), "tables_updated": done.count("updated")}

    def _ensure_database(self) -> None:
        with self._explained():
            try:
                self._client.get_database(Name=self.name)
            except self._client.exceptions.EntityNotFoundException:
                with suppress(self._client.exceptions.AlreadyExistsException):  # somebody else was faster
                    self._client.create_database(DatabaseInput={"Name": self.name, "Description": _DESCRIPTION})

    def _ensure(self, name: str, write: Callable[["TableTypeDef | None"], str]) -> str:
        """Create or update a table or a view, with what is there as the only argument; says which."""
        taken_meanwhile = (
            self._client.exceptions.AlreadyExistsException,
            self._client.exceptions.ConcurrentModificationException,
            self._client.exceptions.EntityNotFoundException,
            self._client.exceptions.VersionMismatchException,
        )
        for _ in range(_TURNS):
            with self._explained(name):
                try:
                    return write(self._find(name))
                except taken_meanwhile:
                    continue
        raise StorageError(
            f"The Glue table {self.name}.{name} was changed by others {_TURNS} times while it was to be written: "
            "run again."
        )

    def _find(self, table: str) -> "TableTypeDef | None":
        try:
            return self._client.get_table(DatabaseName=self.name, Name=table)["Table"]
        except self._client.exceptions.EntityNotFoundException:
            return None

    def _write(self, table: Table, found: "TableTypeDef | None") -> str:
        location = self._location(table)
        if found is None:
            self._client.create_table(DatabaseName=self.name, TableInput=table_input(table, location, self.key))
            return "created"
        if problems := "; ".join(incompatibilities(found, table, location, self.key)):
            raise StorageError(
                f"The Glue table {self.name}.{table.name} cannot become what this version declares: {problems}. Use "
                "the version that made it or another SPOTIFY_PIPELINE_GLUE_DATABASE, or delete the table: its files "
                "stay, and are registered anew."
            )
        wanted = updated(found, table, location, self.key)
        if wanted == as_input(found):
            return "as it was"
        self._client.update_table(DatabaseName=self.name, TableInput=wanted, VersionId=found.get("VersionId", "0"))
        return "updated"

    def _write_view(self, view: View, found: "TableTypeDef | None") -> str:
        wanted = view_input(view, self.name)
        if found is None:
            self._client.create_table(DatabaseName=self.name, TableInput=wanted)
            return "created"
        if not is_view(found):
            raise StorageError(
                f"The Glue table {self.name}.{view.name} stands where this version has a view: delete it, or use "
                "another SPOTIFY_PIPELINE_GLUE_DATABASE."
            )
        if fits_view(found, view, self.name):
            return "as it was"
        self._client.update_table(DatabaseName=self.name, TableInput=wanted, VersionId=found.get("VersionId", "0"))
        return "updated"

    def _partitions(self, table: str, *, with_columns: bool) -> Iterator["PartitionTypeDef"]:
        with self._explained(table):
            try:
                for page in self._client.get_paginator("get_partitions").paginate(
                    DatabaseName=self.name, TableName=table, ExcludeColumnSchema=not with_columns
                ):
                    yield from page["Partitions"]
            except self._client.exceptions.EntityNotFoundException:
                return

    def _day(self, table: Table, values: Sequence[str]) -> date:
        try:
            return date.fromisoformat(values[0])
        except ValueError:
            raise StorageError(
                f"The Glue table {self.name}.{table.name} has a partition {values[0]!r}, which is no day: delete "
                "it there."
            ) from None

    def _inputs(self, table: Table, days: Iterable[date]) -> dict[date, "PartitionInputTypeDef"]:
        return {day: self._input(table, day) for day in days}

    def _input(self, table: Table, day: date) -> "PartitionInputTypeDef":
        return partition_input(table, day, day_location(self._location(table), day))

    def _location(self, table: Table) -> str:
        return self.store.uri(table.name)

    def _require_only(
        self, harmless: str, table: Table, errors: Iterable[Mapping[str, Any]], values: str
    ) -> list[date]:
        """The days that Glue has refused for a harmless reason; any other reason is an error."""
        for error in errors:
            detail = error.get("ErrorDetail", {})
            if detail.get("ErrorCode") != harmless:
                raise StorageError(
                    f"Glue refuses the partition {error[values][0]} of {self.name}.{table.name}: "
                    f"{detail.get('ErrorCode')}: {detail.get('ErrorMessage')}"
                )
        return [date.fromisoformat(error[values][0]) for error in errors]

    def _explained(self, table: str = "") -> AbstractContextManager[None]:
        name = f"table {self.name}.{table}" if table else f"database {self.name}"
        return aws.explained(f"the Glue {name}", StorageError)


def _batches(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
