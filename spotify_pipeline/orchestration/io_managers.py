"""Dagster's IO managers: thin adapters over the stores, for a folder and for S3 alike."""

import polars as pl
from dagster import InputContext, IOManager, OutputContext

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.orchestration.metadata import manifest_metadata, partition_metadata
from spotify_pipeline.orchestration.partitions import partition_day
from spotify_pipeline.spotify.manifest import Manifest
from spotify_pipeline.storage.raw import RawDay
from spotify_pipeline.tables.declarations import TABLES


class RawDocumentsIOManager(IOManager):
    """Takes a manifest, whose documents the extraction has staged, and gives a day of raw documents."""

    def __init__(self, backends: Backends) -> None:
        """Use the raw store of `backends`."""
        self._backends = backends

    def handle_output(self, context: OutputContext, obj: Manifest) -> None:
        """Commit the day: its manifest is written last."""
        raw = self._backends.raw
        raw.commit(obj)
        context.add_output_metadata(manifest_metadata(obj, raw.uri(obj.snapshot_date)))

    def load_input(self, context: InputContext) -> RawDay:
        """The manifest with the documents, which are read one at a time."""
        return self._backends.raw.open_day(partition_day(context.partition_key))


class TablePartitionsIOManager(IOManager):
    """Takes and gives one day of a table as a polars frame; the asset's name is the table's."""

    def __init__(self, backends: Backends) -> None:
        """Use the table store of `backends`."""
        self._backends = backends

    def handle_output(self, context: OutputContext, obj: pl.DataFrame) -> None:
        """Stage the partition; it replaces the published one when the day has passed its audit."""
        tables, name, day = (
            self._backends.tables,
            context.asset_key.path[-1],
            partition_day(context.partition_key),
        )
        tables.stage(TABLES[name], day, obj)
        context.add_output_metadata(partition_metadata(TABLES[name], obj, tables.uri(name, day)))

    def load_input(self, context: InputContext) -> pl.DataFrame:
        """The newest rows of the partition, staged or published."""
        return self._backends.tables.read(context.asset_key.path[-1], partition_day(context.partition_key))
