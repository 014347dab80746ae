"""A stage: all tables of a day as one transformation has made them, before they are audited.

    _staged/snapshot_date=YYYY-MM-DD/<stage>/<table>/<part>-<number>.parquet
    _staged/snapshot_date=YYYY-MM-DD/_stage.json

The second file names those of the stage that holds. It is written last, so that tables are staged together or not at
all; what a killed process has left is cleared away by whoever stages the same day a day later.
"""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import msgspec
import polars as pl
from msgspec import Struct

from spotify_pipeline.storage.objects import ObjectNotFoundError, ObjectStore
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline.tables.parquet import to_parquet
from spotify_pipeline.tables.partition import PARTITION_COLUMN
from spotify_pipeline.tables.schema import Table

STAGED = "_staged/"
STAGE = "_stage.json"
_BEGUN = "%Y%m%dT%H%M%SZ"
_ABANDONED = timedelta(days=1)  # no transformation takes as long: whoever has begun it was killed


class StagedFile(Struct, frozen=True):
    """A file, and how many rows of its table it has."""

    table: str
    key: str
    rows: int


class Stage(Struct, frozen=True):
    """The files of a stage; those of a table in the order of their rows."""

    name: str
    files: tuple[StagedFile, ...]

    def of(self, table: str) -> list[StagedFile]:
        """The files of a table."""
        return [file for file in self.files if file.table == table]

    def row_counts(self) -> dict[str, int]:
        """How many rows each table has, by name."""
        return {table: sum(file.rows for file in self.of(table)) for table in TABLES}


class StageWriter:
    """Writes files of a stage, in whichever process; they are staged when the stage is committed.

    Attributes:
        name: the stage's.
        files: what has been written.
    """

    def __init__(self, objects: ObjectStore, day: date, name: str, part: int = 0) -> None:
        """Add to a stage of a day. Of several that do so each has another `part`."""
        self.name, self.files = name, list[StagedFile]()
        self._objects, self._folder, self._part = objects, f"{folder(day)}{name}", part

    def write(self, table: Table, frame: pl.DataFrame) -> None:
        """Write a file with the next rows of a table.

        Raises:
            DataError: the frame does not have the declared columns and types.
        """
        number = sum(file.table == table.name for file in self.files)
        key = f"{self._folder}/{table.name}/{self._part}-{number}.parquet"
        self._objects.put(key, to_parquet(table, frame))
        self.files.append(StagedFile(table.name, key, frame.height))

    def write_missing(self) -> None:
        """Write a file without rows for each table that has none yet."""
        for name in TABLES.keys() - {file.table for file in self.files}:
            self.write(TABLES[name], pl.DataFrame(schema=TABLES[name].polars_schema()))

    def commit(self, day: date) -> None:
        """Let the stage hold, in place of the one that did."""
        self._objects.put(folder(day) + STAGE, msgspec.json.encode(self.stage))

    @property
    def stage(self) -> Stage:
        """What has been written."""
        return Stage(self.name, tuple(self.files))


def folder(day: date) -> str:
    """Where the stages of a day are."""
    return f"{STAGED}{PARTITION_COLUMN}={day}/"


def new_name() -> str:
    """A name that no other stage has, and that tells when it was begun."""
    return f"{datetime.now(UTC):{_BEGUN}}-{uuid4().hex[:8]}"


def read_stage(objects: ObjectStore, key: str) -> Stage | None:
    """The stage that a file describes, if there is one that does."""
    with suppress(ObjectNotFoundError, msgspec.DecodeError):
        return msgspec.json.decode(objects.get(key), type=Stage)
    return None


def clear_abandoned(objects: ObjectStore, day: date) -> None:
    """Delete what was never committed, or is not what holds, and was begun so long ago that nobody works on it."""
    current = read_stage(objects, folder(day) + STAGE)
    for key in objects.list(folder(day)):
        name = key.removeprefix(folder(day)).partition("/")[0]
        if name != STAGE and (current is None or name != current.name) and _age(name) > _ABANDONED:
            objects.delete(key)


def _age(name: str) -> timedelta:
    return datetime.now(UTC) - datetime.strptime(name.partition("-")[0], _BEGUN).replace(tzinfo=UTC)
