"""What the driver does: cut a day, let executors decode its shares and Spark merge them, and stage what comes out.

    _spark/<stage>/shares/<table>/<share>.parquet   what shares have in common, as each of them knows it
    _spark/<stage>/merged/<table>/*.parquet         the same, merged

Both are cleared away in the end. All else is in the stage, as wherever tables are made.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.spark.answers import Outcome, Problem
from spotify_pipeline.spark.executors import STEPS, Piece, Share, Step, Work, decode, finish
from spotify_pipeline.spark.merge import clear, merge
from spotify_pipeline.spotify.patience import Tell
from spotify_pipeline.steps.due import making_tables
from spotify_pipeline.steps.shares import cut
from spotify_pipeline.steps.transform import coverage, take_aside
from spotify_pipeline.storage.objects import ObjectStore, for_each
from spotify_pipeline.storage.raw import RawDay
from spotify_pipeline.storage.stage import StagedFile
from spotify_pipeline.tables.declarations import COVERAGE
from spotify_pipeline.tables.schema import Table
from spotify_pipeline.tables.transform import IN_COMMON, OF_PLAYLISTS, ROWS_IN_FILE, Transformed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ITEMS_IN_SHARE = "spark.spotify.itemsInShare"
"""The option of Spark that says about how many items a task decodes."""

_USUAL_ITEMS_IN_SHARE = 250_000  # one to two gigabytes of JSON: a task needs a few seconds, and some hundred megabytes

_Task = TypeVar("_Task")
_Done = TypeVar("_Done")


def transform_day(session: "SparkSession", backends: Warehouse, raw_day: RawDay, tell: Tell) -> Outcome:
    """Make all tables of a day, and stage them: the rows that `steps.transform.transform_day` makes.

    Args:
        session: Spark.
        backends: where to read and write; executors open the same.
        raw_day: the day.
        tell: hears how far it is.

    Raises:
        PipelineError: what is raised wherever tables of a day are made.
    """
    manifest, objects = raw_day.manifest, backends.table_objects
    day, items = manifest.snapshot_date, sum(row.items_read for row in manifest.playlists)
    items_in_share = int(session.conf.get(ITEMS_IN_SHARE, None) or _USUAL_ITEMS_IN_SHARE)
    shares = [Share(*each) for each in enumerate(cut(manifest, math.ceil(items / items_in_share) or 1))]
    with making_tables(backends, day), backends.tables.stage(day) as stage:
        work = Work(backends.opener(), day, stage.name)
        try:
            tell(f"{len(manifest.playlists)} playlists of {day} are decoded, in {len(shares)} shares")
            decoded = _everywhere(session, partial(decode, work), shares)
            manifest = take_aside(backends, manifest, [Transformed({}, share.rejected) for share in decoded])
            if shares:
                tell("what the shares have in common is merged")
                source, target = (partial(_uri, objects, work, step) for step in STEPS)
                merge(session, source, target)
            plan = list(_plan([file for share in decoded for file in share.files], objects, work, first=len(shares)))
            pieces = [each for each in plan if isinstance(each, Piece)]
            tell(f"{len(pieces)} files are finished")
            finished = dict(zip(pieces, _everywhere(session, partial(finish, work), pieces), strict=True))
            stage.files += [finished[each] if isinstance(each, Piece) else each for each in plan]
            stage.write(COVERAGE, coverage(manifest))
            stage.write_missing()
            for_each(objects, [key for piece in pieces for key in piece.keys], objects.delete)
        finally:
            clear(session, objects.uri(work.folder))
    return Outcome(day, stage.stage.row_counts(), len(shares))


def _everywhere(session: "SparkSession", do: Callable[[_Task], _Done | Problem], tasks: Sequence[_Task]) -> list[_Done]:
    """What comes of tasks in the executors, one after the other.

    Raises:
        PipelineError: the first that a task has met.
    """
    if not tasks:
        return []
    done: list[_Done] = []
    for outcome in session.sparkContext.parallelize(tasks, len(tasks)).map(do).collect():
        if isinstance(outcome, Problem):
            raise outcome.as_error()
        done.append(outcome)
    return done


def _uri(objects: ObjectStore, work: Work, step: Step, table: Table) -> str:
    """Where Spark finds files, or puts them."""
    return objects.uri(work.place(step, table.name))


def _plan(files: Sequence[StagedFile], objects: ObjectStore, work: Work, first: int) -> Iterator[StagedFile | Piece]:
    """The files of the stage, those of a table in the order of their rows: there, or to be made of what is there."""
    numbers = count(first)
    for table in OF_PLAYLISTS:
        for group in _grouped(file for file in files if file.table == table.name):
            keys = tuple(file.key for file in group)
            yield group[0] if len(group) == 1 else Piece(next(numbers), table.name, keys)
    for table in IN_COMMON:
        for key in objects.list(work.place("merged", table.name)):
            if key.endswith(".parquet"):
                yield Piece(next(numbers), table.name, (key,))


def _grouped(files: Iterable[StagedFile]) -> Iterator[list[StagedFile]]:
    """Files that follow each other, and together have not more rows than one should."""
    group: list[StagedFile] = []
    for file in files:
        if group and sum(each.rows for each in group) + file.rows > ROWS_IN_FILE:
            yield group
            group = []
        group.append(file)
    if group:
        yield group
