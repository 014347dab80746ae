"""Where extraction and transformation run: what the ops leave to it, and, of the choices, this process itself."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dagster import IOManager, MaterializeResult, OpExecutionContext, Output

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.errors import DataError
from spotify_pipeline.orchestration.io_managers import RawDocumentsIOManager, TablePartitionsIOManager
from spotify_pipeline.orchestration.metadata import enrichment_metadata
from spotify_pipeline.orchestration.partitions import partition_day
from spotify_pipeline.orchestration.report import table_pictures
from spotify_pipeline.progress import LoggedProgress, Progress
from spotify_pipeline.spotify.manifest import Manifest
from spotify_pipeline.steps.details import enrich_day
from spotify_pipeline.steps.due import making_tables
from spotify_pipeline.steps.extract import extract_day
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline.storage.raw import RawDay
from spotify_pipeline.storage.stage import Stage
from spotify_pipeline.tables.declarations import TABLES


class Compute(ABC):
    """Does the work of ops, whose outcome is the same wherever it is done."""

    def __init__(self, backends: Backends) -> None:
        """Work on what `backends` has."""
        self._backends = backends

    @property
    def io_managers(self) -> Mapping[str, IOManager]:
        """Those that keep and show what is made, as resources."""
        return {
            "raw_documents": RawDocumentsIOManager(self._backends),
            "table_partitions": TablePartitionsIOManager(self._backends),
        }

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

    def transform(self, context: OpExecutionContext, raw_day: RawDay) -> Iterator[Output[Stage]]:
        """Make and stage all tables of a day.

        Raises:
            PipelineError: as `transform_day`, or what does the work cannot be reached.
        """
        day, tables = raw_day.manifest.snapshot_date, self._backends.tables
        facts = self._stage_tables(context, raw_day)
        if (stage := tables.staged(day)) is None:
            raise DataError(f"The tables of {day} were published by somebody else meanwhile: run the day again.")
        pictures = table_pictures(lambda name: tables.read(name, day), context.log)
        for name in TABLES:
            yield Output(stage, output_name=name, metadata={**facts, **pictures.get(name, {})})

    @abstractmethod
    def _stage_tables(self, context: OpExecutionContext, raw_day: RawDay) -> Mapping[str, Any]:
        """Make and stage all tables of a day; gives what there is to be said of where that was done, as metadata."""


class InProcess(Compute):
    """The steps run here."""

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

    def _stage_tables(self, context: OpExecutionContext, raw_day: RawDay) -> Mapping[str, Any]:
        """One pass over the documents."""
        with making_tables(self._backends, raw_day.manifest.snapshot_date):
            transform_day(self._backends, raw_day, progress=logged_progress(context))
        return {}


def logged_progress(context: OpExecutionContext) -> Progress:
    """Progress for Dagster's log, and for whoever has started the run."""
    return LoggedProgress(context.log.info, context.resources.progress)
