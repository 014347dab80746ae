"""Where extraction and transformation run: what the ops leave to it, and, of the choices, this process itself."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
from dagster import IOManager, MaterializeResult, OpExecutionContext, Output

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.orchestration.io_managers import RawDocumentsIOManager, TablePartitionsIOManager
from spotify_pipeline.orchestration.metadata import enrichment_metadata
from spotify_pipeline.orchestration.partitions import partition_day
from spotify_pipeline.orchestration.report import table_pictures
from spotify_pipeline.progress import LoggedProgress, Progress
from spotify_pipeline.spotify.manifest import Manifest
from spotify_pipeline.steps.details import enrich_day
from spotify_pipeline.steps.due import making_tables
from spotify_pipeline.steps.extract import extract_day
from spotify_pipeline.steps.tables import transform_day
from spotify_pipeline.storage.raw import RawDay
from spotify_pipeline.tables.declarations import TABLES


class Compute(ABC):
    """Does the work of ops, whose outcome is the same wherever it is done."""

    def __init__(self, backends: Backends) -> None:
        """Work on what `backends` has."""
        self._backends = backends

    @property
    @abstractmethod
    def io_managers(self) -> Mapping[str, IOManager]:
        """Those that keep what is made, as resources."""

    @abstractmethod
    def extract(self, context: OpExecutionContext, *, refresh: bool, accept: Sequence[str]) -> Output[Manifest]:
        """Read today's playlists from Spotify; the arguments are those of `extract_day`.

        Raises:
            PipelineError: as `extract_day`, or what does the work cannot be reached.
        """

    @abstractmethod
    def enrich(self, context: OpExecutionContext) -> MaterializeResult[Any]:
        """Read details of the day's artists and albums.

        Raises:
            PipelineError: as `enrich_day`, or what does the work cannot be reached.
        """

    @abstractmethod
    def transform(self, context: OpExecutionContext, raw_day: RawDay) -> Iterator[Output[pl.DataFrame]]:
        """Make all tables of a day, one after the other.

        Raises:
            PipelineError: as `transform_day`, or what does the work cannot be reached.
        """


class InProcess(Compute):
    """The steps run here."""

    @property
    def io_managers(self) -> Mapping[str, IOManager]:
        """They write what they are given."""
        return {
            "raw_documents": RawDocumentsIOManager(self._backends),
            "table_partitions": TablePartitionsIOManager(self._backends),
        }

    def extract(self, context: OpExecutionContext, *, refresh: bool, accept: Sequence[str]) -> Output[Manifest]:
        """Stage the documents; the IO manager commits them."""
        day = partition_day(context.partition_key)
        return Output(
            extract_day(self._backends, day, refresh=refresh, accept=accept, progress=logged_progress(context))
        )

    def enrich(self, context: OpExecutionContext) -> MaterializeResult[Any]:
        """Store the details."""
        day = partition_day(context.partition_key)
        return MaterializeResult(
            metadata=enrichment_metadata(enrich_day(self._backends, day, progress=logged_progress(context)))
        )

    def transform(self, context: OpExecutionContext, raw_day: RawDay) -> Iterator[Output[pl.DataFrame]]:
        """Make the tables in one pass over the documents; the IO manager stages each as it is given."""
        with making_tables(self._backends, raw_day.manifest.snapshot_date):
            frames = transform_day(self._backends, raw_day)
            pictures = table_pictures(frames, context.log)
            for name in TABLES:
                yield Output(frames.pop(name), output_name=name, metadata=pictures.get(name))


def logged_progress(context: OpExecutionContext) -> Progress:
    """Progress for Dagster's log, and for whoever has started the run."""
    return LoggedProgress(context.log.info, context.resources.progress)
