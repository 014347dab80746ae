"""Table partitions: `<table>/snapshot_date=YYYY-MM-DD/part-0.parquet`, and further parts where a table is large.

New partitions are staged, audited there and put in their place when the day is published: what lies in its place has
passed the audit, and a day that fails leaves the published one as it was. A publication names the stage that was
audited, so that what another process stages meanwhile is not published in its place.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date

import msgspec
import polars as pl

from spotify_pipeline.errors import DataError
from spotify_pipeline.storage.horizon import StoredHorizon, sizes_before
from spotify_pipeline.storage.objects import ObjectNotFoundError, ObjectStore
from spotify_pipeline.storage.stage import (
    STAGE,
    STAGED,
    Stage,
    StageWriter,
    clear_abandoned,
    folder,
    new_name,
    read_stage,
)
from spotify_pipeline.tables.declarations import COVERAGE, TABLES
from spotify_pipeline.tables.parquet import from_parquet, row_count
from spotify_pipeline.tables.partition import PARTITION_COLUMN

_IS_PART = re.compile(r"/part-(\d+)\.parquet$")
_AUDITED = f"{STAGED}_audited/"


class TableStore:
    """The partitions of all tables, in a folder or bucket.

    Attributes:
        horizon: the first day that is kept. What lies before it is neither staged nor published.
    """

    def __init__(self, objects: ObjectStore) -> None:
        """Partitions in `objects`."""
        self.horizon = StoredHorizon(objects)
        self._objects = objects

    @property
    def location(self) -> str:
        """The folder or bucket."""
        return self._objects.uri("")

    def uri(self, table: str, day: date | None = None) -> str:
        """The folder of a published partition, be it still to come; without a day, the folder of the table."""
        return self._objects.uri(_partition(table, day) if day else f"{table}/")

    @contextmanager
    def stage(self, day: date) -> Iterator[StageWriter]:
        """Write the partitions of a day to be audited; they are staged when the context ends without an error.

        Raises:
            DataError: the day lies before the horizon.
        """
        self._require_kept(day)
        self.complete_publication(day)
        clear_abandoned(self._objects, day)
        writer = self.stage_writer(day, new_name())
        yield writer
        writer.commit(day)

    def stage_writer(self, day: date, name: str, part: int = 0) -> StageWriter:
        """A writer of files for a stage that has begun here or in another process."""
        return StageWriter(self._objects, day, name, part)

    def staged(self, day: date) -> Stage | None:
        """What is staged for the day, once what has passed its audit is published."""
        self.complete_publication(day)
        return read_stage(self._objects, folder(day) + STAGE)

    def read(self, table: str, day: date, *, rows: int | None = None) -> pl.DataFrame:
        """The newest rows of a partition: the staged ones, else the published ones.

        Args:
            table: its name.
            day: the partition. A stage that has no file of the table leaves the published one as it is.
            rows: how many at most, from the first on (default: all).

        Raises:
            DataError: there are none, or a file is damaged.
        """
        stage = read_stage(self._objects, folder(day) + STAGE)
        if stage and (files := stage.of(table)):
            try:
                return self._frame([file.key for file in files], rows)
            except ObjectNotFoundError:  # it is being published, or somebody was killed in it
                self.complete_publication(day)
        return self._frame(self._parts_of(table, day, "run the transformation of that day first"), rows)

    def read_published(self, table: str, day: date) -> pl.DataFrame:
        """The published rows of a partition, whatever is staged.

        Raises:
            DataError: there are none, or a file is damaged.
        """
        return self._frame(self._parts_of(table, day, "publish that day first"))

    def has(self, table: str, day: date) -> bool:
        """Whether a table has published files of a day."""
        return bool(self._parts(table, day))

    def row_count(self, table: str, day: date) -> int:
        """How many rows the published files of a table have.

        Raises:
            DataError: there are none, or one is damaged.
        """
        counts = []
        for key in self._parts_of(table, day, "publish that day first"):
            try:
                counts.append(row_count(self._objects.get(key)))
            except DataError as error:
                raise DataError(f"{self._objects.uri(key)} is {error}") from None
        return sum(counts)

    def publish(self, day: date, audited: Stage) -> None:
        """Put the files of a stage that has passed the audit in their places.

        Nothing happens where another one has been staged since: it has to be audited first.

        Raises:
            DataError: the day lies before the horizon.
        """
        self._require_kept(day)
        if self.staged(day) == audited:
            self._objects.put(_audited(day), msgspec.json.encode(audited))
            self.complete_publication(day)

    def complete_publication(self, day: date) -> None:
        """Finish what a crash may have interrupted: once the audit has passed, the audited day is the day.

        `coverage` goes last: a day is published from the moment at which it has a `coverage` partition. Whoever reads
        it anew meanwhile may find some of its files from before.
        """
        try:
            audited = msgspec.json.decode(self._objects.get(_audited(day)), type=Stage)
        except ObjectNotFoundError:
            return
        except msgspec.DecodeError:
            audited = None  # it cannot be told what has passed: what is staged is audited anew
        if audited:
            for table in sorted(TABLES, key=COVERAGE.name.__eq__):
                self._put_in_place(table, day, [file.key for file in audited.of(table)])
            if read_stage(self._objects, folder(day) + STAGE) == audited:
                self._objects.delete(folder(day) + STAGE)
        self._objects.delete(_audited(day))

    def _put_in_place(self, table: str, day: date, staged: Sequence[str]) -> None:
        for number, key in enumerate(staged):
            with suppress(ObjectNotFoundError):  # it was published already, be it by somebody else
                self._objects.move(key, _part(table, day, number))
        for key in self._parts(table, day) if staged else ():
            if _number(key) >= len(staged):
                self._objects.delete(key)

    def partitions(self, table: str) -> list[date]:
        """The days on which a table has files in their places, oldest first."""
        return list(dict.fromkeys(map(_day, self._parts(table))))

    def files(self, table: str) -> dict[date, dict[str, str]]:
        """The published files of a table by day, oldest first: their keys, each with the version of what it holds."""
        found: dict[date, dict[str, str]] = {}
        versions = self._objects.versions(f"{table}/{PARTITION_COLUMN}=")
        for key in sorted(versions):
            if _IS_PART.search(key):
                found.setdefault(_day(key), {})[key] = versions[key]
        return found

    def address(self, key: str) -> str:
        """Where the object with a key is, for SQL."""
        return self._objects.uri(key)

    def published_days(self) -> list[date]:
        """The published days that are kept, oldest first, each whole: interrupted publications are completed."""
        for key in self._objects.list(_AUDITED):
            self.complete_publication(date.fromisoformat(key.rpartition("=")[2]))
        first = self.horizon.load().first
        return [day for day in self.partitions(COVERAGE.name) if day >= first]

    def staged_days(self) -> list[date]:
        """The days that are staged, be they held back, oldest first."""
        return [_day(key) for key in self._objects.list(f"{STAGED}{PARTITION_COLUMN}=") if key.endswith(STAGE)]

    def sizes_before(self, first: date) -> dict[str, int]:
        """What lies of days before one, be it only staged: keys with their bytes, in the order in which to remove it.

        A decision to publish goes before its files, and `coverage` before the other tables.
        """
        decided = self._objects.sizes(_AUDITED)
        found = {key: size for key, size in decided.items() if date.fromisoformat(key.rpartition("=")[2]) < first}
        for folder_ in (STAGED.rstrip("/"), *sorted(TABLES, key=COVERAGE.name.__ne__)):
            found.update(sizes_before(self._objects, folder_, first))
        return found

    def _require_kept(self, day: date) -> None:
        first = self.horizon.load().first
        if day < first:
            raise DataError(
                f"{day} is not kept, only days from {first} on: `spotify-pipeline retention` with more days to keep "
                "lets older ones in again."
            )

    def drop_stages(self, day: date, keep: Stage | None = None) -> None:
        """Delete what is staged for a day, and what killed processes have left there, but for one stage, if given."""
        kept = {file.key for file in keep.files} | {folder(day) + STAGE} if keep else set()
        for key in self._objects.list(folder(day)):
            if key not in kept:
                self._objects.delete(key)

    def days_with_stages(self) -> list[date]:
        """The days for which anything lies in the stages, be it left by a killed process, oldest first."""
        return [date.fromisoformat(day) for day in self._objects.folders(f"{STAGED}{PARTITION_COLUMN}=")]

    def _frame(self, keys: Sequence[str], rows: int | None = None) -> pl.DataFrame:
        frames: list[pl.DataFrame] = []
        for key in keys:
            if rows is None or sum(frame.height for frame in frames) < rows:
                try:
                    frames.append(from_parquet(self._objects.get(key), rows))
                except DataError as error:
                    raise DataError(f"{self._objects.uri(key)} is {error}") from None
        return pl.concat(frames).slice(0, rows) if len(frames) > 1 else frames[0]

    def _parts_of(self, table: str, day: date, advice: str) -> list[str]:
        if parts := self._parts(table, day):
            return parts
        raise DataError(f"There is no {table} for {day}: {advice}.")

    def _parts(self, table: str, day: date | None = None) -> list[str]:
        """The keys of published files, by day and in the order of their rows."""
        keys = self._objects.list(_partition(table, day) if day else f"{table}/{PARTITION_COLUMN}=")
        return sorted(filter(_IS_PART.search, keys), key=lambda key: (_day(key), _number(key)))


def _partition(table: str, day: date) -> str:
    return f"{table}/{PARTITION_COLUMN}={day}/"


def _part(table: str, day: date, number: int) -> str:
    return f"{_partition(table, day)}part-{number}.parquet"


def _number(key: str) -> int:
    match = _IS_PART.search(key)
    return int(match[1]) if match else 0


def _day(key: str) -> date:
    return date.fromisoformat(key.split("/")[-2].partition("=")[2])


def _audited(day: date) -> str:
    return f"{_AUDITED}{PARTITION_COLUMN}={day}"
