"""Dagster's own memory, in which runs have shown names, rows and pictures: it begins anew with what is there now.

Which of the runs show something that is to be forgotten cannot be told for certain, since pictures and texts have names
of playlists in them: so all go, and of each published day it is noted that it is there.
"""

import shutil
import sqlite3
from contextlib import closing
from itertools import product
from pathlib import Path

from dagster import AssetMaterialization, DagsterInstance

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.errors import StorageError
from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.tables.declarations import TABLES

_OUTPUT = "storage"  # the folder with what steps have printed, where Dagster keeps it


def begin_history_anew(backends: Backends, instance: DagsterInstance, progress: Progress = SILENT) -> None:
    """Let the instance in the data folder forget all runs, and note which days are there.

    Raises:
        StorageError: its files cannot be written.
    """
    folder = backends.settings.data_dir / "dagster"
    try:
        instance.wipe()
        shutil.rmtree(folder / _OUTPUT, ignore_errors=True)
        for database in sorted(folder.rglob("*.db")):
            _vacuum(database)
    except (OSError, sqlite3.Error) as error:
        raise StorageError(
            f"Cannot clear Dagster's history in {folder} ({error}): end `dagster dev` and try again."
        ) from None
    days = {"raw_playlists": backends.raw.days()} | dict.fromkeys(
        [*TABLES, "catalog"], backends.tables.published_days()
    )
    there = [each for asset, of_asset in days.items() for each in product([asset], of_asset)]
    for number, (asset, day) in enumerate(there, start=1):
        instance.report_runless_asset_event(AssetMaterialization(asset, partition=day.isoformat()))
        progress.count(number, len(there), "days that Dagster is told of")


def _vacuum(database: Path) -> None:
    """Write a database anew without its free pages, in which deleted rows would still be."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
