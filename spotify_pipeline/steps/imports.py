"""Importing history: what files of other tools tell becomes raw documents, and days of tables.

First everything is read, then written: a file that is refused as a whole changes nothing. A row of a day that was read
from Spotify is never replaced. The days become due, so that whoever makes due days goes on where an import was killed.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import NamedTuple

from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.catalog.publication import stray_partitions
from spotify_pipeline.errors import DataError
from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.spotify.manifest import Coverage, Status
from spotify_pipeline.steps.due import make_due_days, making_tables
from spotify_pipeline.steps.gathering import Gathering, ImportedFile, Reading
from spotify_pipeline.steps.publish import put_in_place
from spotify_pipeline.steps.readings import ShownReadings
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline.storage.due import Due
from spotify_pipeline.storage.gzipped import decompress


class Imported(NamedTuple):
    """What came of an import.

    Attributes:
        files: each file that was looked at.
        written: how many readings are new, or others than before.
        made: the days whose tables were made.
        failures: a sentence for each day that is not published.
    """

    files: list[ImportedFile]
    written: int
    made: list[date]
    failures: list[str]


def import_history(
    backends: Warehouse,
    path: Path,
    *,
    playlist: str | None = None,
    day: date | None = None,
    accept: Sequence[str] = (),
    progress: Progress = SILENT,
) -> Imported:
    """Import what is under a path, and publish the days that it gives.

    Args:
        backends: where to read and write.
        path: a file, a ZIP archive or a folder.
        playlist: the id of the playlist that is meant, where files do not tell; else the only one to import.
        day: the day that files are of which do not tell their own (default: the one on which each was written).
        accept: ids of playlists that may lose as many rows as they do from one day to the next.
        progress: is told of each day.

    Returns:
        What came of each file, and of each day.

    Raises:
        SettingsError: there is nothing under the path, or a day lies before the first partition; nothing is imported.
        DataError: nothing in the files could be imported, or an archive is damaged.
        StorageError: documents or tables cannot be written.
    """
    _complete_publication(backends, progress)
    gathering = Gathering(backends, playlist, day, frozenset(accept))
    gathering.read(path, progress)
    written = _write(backends, gathering)
    made, failures = _make(backends, progress)
    return Imported(gathering.files, written, made, failures)


def _complete_publication(backends: Warehouse, progress: Progress) -> None:
    """Let the catalog show what an import has published that was killed before it came to that."""
    if backends.tables.published_days() and any(stray_partitions(backends.catalog, backends.tables)):
        backends.catalog.publish(progress)


def _write(backends: Warehouse, gathering: Gathering) -> int:
    """Write the documents, and make the days due whose tables do not have them yet; gives how many were written."""
    shown, due, written = ShownReadings(backends), [], 0
    for day in sorted(gathering.days):
        changed = list(_changed(backends, day, gathering.days[day]))
        if changed:
            if backends.raw.find_day(day):
                # Before, so that no crash forgets it; a new day that is killed is due when it is imported again.
                backends.due.add_changed([day])
            backends.raw.add_imported(day, changed)
            later = shown.first_after(day, [row.playlist_id for row, _ in changed if row.playlist_id in shown.of(day)])
            backends.due.add((reading.day for reading in later.values()), since=day)
            written += len(changed)
        if changed or not _is_shown(shown, backends, day, gathering.days[day]):
            due.append(day)
    backends.due.add_changed(due)
    return written


def _changed(backends: Warehouse, day: date, readings: dict[str, Reading]) -> Iterator[tuple[Coverage, bytes]]:
    """The readings that the day does not have yet; those that it has from Spotify itself are noted as kept."""
    found = backends.raw.find_day(day)
    rows = found.manifest.by_id() if found else {}
    for playlist_id, reading in readings.items():
        old, document = rows.get(playlist_id), decompress(reading.document)
        if old and old.status.has_rows and old.status is not Status.IMPORTED:
            reading.file.kept.append((playlist_id, day))
            continue
        new = _going_on(reading.row, old, day)
        if old and _is_same(old, new):
            with suppress(DataError):  # it is damaged, or gone
                if backends.raw.read_document(day, playlist_id) == document:
                    continue
        yield new, document


def _going_on(row: Coverage, old: Coverage | None, day: date) -> Coverage:
    """The row with what the day knows of earlier ones, which lets the next extraction tell what has changed."""
    if old is None:
        return row
    known = old.last_reading
    if known and known.snapshot_date == day:  # its document is replaced
        known = None
    return Coverage(
        row.playlist_id,
        row.status,
        row.reason,
        row.observed_date,
        row.items_total,
        row.items_read,
        fetched_at=row.fetched_at,
        requests=old.requests,
        last_reading=known,
        accepted=row.accepted or old.accepted,
    )


def _is_same(old: Coverage, new: Coverage) -> bool:
    """Whether two rows tell of the same import, be it from a copy of the file, which has another name and time."""
    return (old.status, old.observed_date, old.items_total, old.items_read, old.accepted) == (
        new.status,
        new.observed_date,
        new.items_total,
        new.items_read,
        new.accepted,
    )


def _is_shown(shown: ShownReadings, backends: Warehouse, day: date, readings: dict[str, Reading]) -> bool:
    """Whether the published tables of a day have what its documents tell of these playlists."""
    rows, readings_of_day = backends.raw.open_day(day).manifest.by_id(), shown.of(day)
    return all(
        playlist_id in readings_of_day
        and readings_of_day[playlist_id].is_of(rows[playlist_id].observed_date, rows[playlist_id].fetched_at)
        for playlist_id in readings
    )


def _make(backends: Warehouse, progress: Progress) -> tuple[list[date], list[str]]:
    """Make the tables of all days that are due, and let the catalog show them once, in the end."""
    made: list[date] = []
    total = len(backends.due.load())

    def make(due: Due) -> None:
        with making_tables(backends, due.day):
            transform_day(backends, backends.raw.open_day(due.day))
        put_in_place(backends, due.day)
        made.append(due.day)
        progress.count(len(made), max(total, len(made)), f"the tables of {due.day}")

    progress.count(0, total, "making tables")
    failures = make_due_days(backends, make, tell=lambda _: None)
    if made:
        backends.catalog.publish(progress)
    return sorted(set(made)), failures
