"""Dagster's IO managers: thin adapters over the stores, for a folder and for S3 alike."""

from datetime import date

import polars as pl
from dagster import InputContext, IOManager, OutputContext

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.orchestration.metadata import events_metadata, manifest_metadata, partition_metadata
from spotify_pipeline.orchestration.partitions import partition_day
from spotify_pipeline.spotify.manifest import Manifest
from spotify_pipeline.steps.digest import digest_day
from spotify_pipeline.storage.raw import RawDay
from spotify_pipeline.tables.declarations import PLAYLIST_EVENTS, TABLES
from spotify_pipeline.tables.schema import Table


class RawDocumentsIOManager(IOManager):
    """Takes a manifest, whose documents the extraction has staged, and gives a day of raw documents."""

    def __init__(self, backends: Backends) -> None:
        """Use the raw store of `backends`."""
        self._backends = backends

    def handle_output(self, context: OutputContext, obj: Manifest) -> None:
        """Keep the day and show what came of it."""
        self._keep(obj)
        context.add_output_metadata(manifest_metadata(obj, self._backends.raw.uri(obj.snapshot_date)))

    def load_input(self, context: InputContext) -> RawDay:
        """The manifest with the documents, which are read one at a time."""
        return self._backends.raw.open_day(partition_day(context.partition_key))

    def _keep(self, manifest: Manifest) -> None:
        """Commit the day: its manifest is written last."""
        self._backends.raw.commit(manifest)


class CommittedDocumentsIOManager(RawDocumentsIOManager):
    """As above, where who has extracted the day has also committed it."""

    def _keep(self, manifest: Manifest) -> None:
        """Leave it as it is."""


class TablePartitionsIOManager(IOManager):
    """Takes and gives one day of a table as a polars frame; the asset's name is the table's."""

    def __init__(self, backends: Backends) -> None:
        """Use the table store of `backends`."""
        self._backends = backends

    def handle_output(self, context: OutputContext, obj: pl.DataFrame) -> None:
        """Keep the partition and show what is in it."""
        table, day = TABLES[context.asset_key.path[-1]], partition_day(context.partition_key)
        self._keep(table, day, obj)
        metadata = partition_metadata(table, obj, self._backends.tables.uri(table.name, day))
        if table is PLAYLIST_EVENTS:
            metadata = events_metadata(digest_day(self._backends, day, obj)) | metadata
        context.add_output_metadata(metadata)

    def load_input(self, context: InputContext) -> pl.DataFrame:
        """The newest rows of the partition, staged or published."""
        return self._backends.tables.read(context.asset_key.path[-1], partition_day(context.partition_key))

    def _keep(self, table: Table, day: date, frame: pl.DataFrame) -> None:
        """Stage the partition; it replaces the published one when the day has passed its audit."""
        self._backends.tables.stage(table, day, frame)


class StagedPartitionsIOManager(TablePartitionsIOManager):
    """As above, where who has made the tables has also staged them."""

    def _keep(self, table: Table, day: date, frame: pl.DataFrame) -> None:
        """Leave it as it is."""
