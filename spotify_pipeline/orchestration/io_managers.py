"""Dagster's IO managers: thin adapters over the stores, for a folder and for S3 alike."""

import polars as pl
from dagster import InputContext, IOManager, OutputContext

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.orchestration.metadata import PREVIEW_ROWS, events_metadata, manifest_metadata, partition_metadata
from spotify_pipeline.orchestration.partitions import partition_day
from spotify_pipeline.spotify.manifest import Manifest
from spotify_pipeline.steps.digest import digest_day
from spotify_pipeline.storage.raw import RawDay
from spotify_pipeline.storage.stage import Stage
from spotify_pipeline.tables.declarations import PLAYLIST_EVENTS, TABLES


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
    """Shows the staged partition of a table, and gives it as a polars frame; the asset's name is the table's."""

    def __init__(self, backends: Backends) -> None:
        """Use the table store of `backends`."""
        self._backends = backends

    def handle_output(self, context: OutputContext, obj: Stage) -> None:
        """Show what is in the partition; all tables of a day were staged together, wherever they were made."""
        table, day = TABLES[context.asset_key.path[-1]], partition_day(context.partition_key)
        tables = self._backends.tables
        first = tables.read(table.name, day, rows=PREVIEW_ROWS)
        metadata = partition_metadata(table, first, obj.row_counts()[table.name], tables.uri(table.name, day))
        if table is PLAYLIST_EVENTS:
            events = tables.read(table.name, day)
            metadata = events_metadata(digest_day(self._backends, day, events)) | metadata
        context.add_output_metadata(metadata)

    def load_input(self, context: InputContext) -> pl.DataFrame:
        """The newest rows of the partition, staged or published."""
        return self._backends.tables.read(context.asset_key.path[-1], partition_day(context.partition_key))
