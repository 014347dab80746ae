"""What executors do: tasks that read and write through the project's own stores, and can be done again at any time.

What a task writes has a name that follows from the task: one that was lost with its executor, or that two executors
have done, leaves what one would have left.
"""

from collections.abc import Callable, Sequence
from datetime import date
from io import BytesIO
from typing import Literal

import polars as pl
from msgspec import Struct

from spotify_pipeline.backends.stores import Stores
from spotify_pipeline.errors import PipelineError
from spotify_pipeline.spark.answers import Problem
from spotify_pipeline.spark.merge import SHARE
from spotify_pipeline.spotify.manifest import Coverage
from spotify_pipeline.steps.transform import detailed, transform_share
from spotify_pipeline.storage.stage import StagedFile
from spotify_pipeline.tables.declarations import ALBUMS, ARTISTS, TABLES
from spotify_pipeline.tables.parquet import from_parquet

Step = Literal["shares", "merged"]
STEPS: tuple[Step, Step] = ("shares", "merged")
"""What leaves files for another step."""

_WORK = "_spark"


class Work(Struct, frozen=True):
    """What all tasks of a job have in common.

    Attributes:
        open_stores: opens the stores, in whichever process.
        day: the day.
        stage: the name of the stage.
    """

    open_stores: Callable[[], Stores]
    day: date
    stage: str

    @property
    def folder(self) -> str:
        """Where files are between two tasks, of use to nobody once the job has ended."""
        return f"{_WORK}/{self.stage}/"

    def place(self, step: Step, table: str) -> str:
        """Where those of a table are that a step leaves."""
        return f"{self.folder}{step}/{table}/"


class Share(Struct, frozen=True):
    """Playlists, the number of which no other share has."""

    number: int
    playlists: Sequence[Coverage]


class Decoded(Struct, frozen=True):
    """What has come of a share: files in the stage, and documents that cannot be read, with the reasons."""

    files: tuple[StagedFile, ...]
    rejected: dict[str, str]


class Piece(Struct, frozen=True):
    """Files of a table that become one, in the order of their rows; no other piece has the number, and no share."""

    number: int
    table: str
    keys: tuple[str, ...]


def decode(work: Work, share: Share) -> Decoded | Problem:
    """Make the tables of a share; what it has in common with others is left for Spark."""
    try:
        backends = work.open_stores()
        writer = backends.tables.stage_writer(work.day, work.stage, share.number)
        transformed = transform_share(backends, work.day, share.playlists, writer)
        for name, frame in transformed.in_common.items():
            file = BytesIO()
            frame.with_columns(pl.lit(share.number, pl.Int32).alias(SHARE)).write_parquet(file, compression="zstd")
            backends.table_objects.put(f"{work.place('shares', name)}{share.number}.parquet", file.getvalue())
    except PipelineError as error:
        return Problem(str(error), error.may_pass)
    return Decoded(tuple(writer.files), transformed.rejected)


def finish(work: Work, piece: Piece) -> StagedFile | Problem:
    """Write a piece into the stage, with what details tell, as a file of its table always is."""
    table = TABLES[piece.table]
    try:
        backends = work.open_stores()
        frames = [from_parquet(backends.table_objects.get(key)) for key in piece.keys]
        frame = pl.concat(frame.select(table.polars_schema().names()) for frame in frames)
        if table in (ARTISTS, ALBUMS):
            others = {other.name: pl.DataFrame(schema=other.polars_schema()) for other in (ARTISTS, ALBUMS)}
            frame = detailed(others | {table.name: frame}, backends.raw.details, work.day)[table.name]
        writer = backends.tables.stage_writer(work.day, work.stage, piece.number)
        writer.write(table, frame)
    except PipelineError as error:
        return Problem(str(error), error.may_pass)
    (file,) = writer.files
    return file
