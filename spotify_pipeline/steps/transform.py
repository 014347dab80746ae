"""From a day's raw documents to its staged tables."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from functools import lru_cache

import polars as pl

from spotify_pipeline.backends.stores import Stores
from spotify_pipeline.errors import DataError
from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.spotify import details
from spotify_pipeline.spotify.manifest import Coverage, Manifest
from spotify_pipeline.steps.readings import ShownReading, ShownReadings, newest_before
from spotify_pipeline.steps.shares import HEAD_START, cut, processes_worth, run
from spotify_pipeline.storage.ahead import read_ahead
from spotify_pipeline.storage.details import DetailStore
from spotify_pipeline.storage.raw import RawDay
from spotify_pipeline.storage.stage import StageWriter
from spotify_pipeline.tables.declarations import ALBUMS, ARTISTS, COVERAGE, TABLES
from spotify_pipeline.tables.details import fill
from spotify_pipeline.tables.merge import merge
from spotify_pipeline.tables.rows import Rows, album_row, artist_row, coverage_row
from spotify_pipeline.tables.transform import Previous, Transformed, decode_playlist, mark_failed, transform

_MANIFESTS_AT_ONCE = 8  # mostly yesterday's alone is asked for


def transform_day(
    backends: Stores, day: RawDay, *, processes: int | None = None, progress: Progress = SILENT
) -> dict[str, int]:
    """Make all tables of a day from its raw documents, and stage them.

    What the documents leave null of artists and albums is filled from the details that were read up to that day. Events
    are those since the newest earlier day that is published with the playlist's rows.

    A document that cannot be read is taken aside, and its playlist becomes `failed` in the day's manifest, so that
    running the day again reads it anew.

    Args:
        backends: where to read and write.
        day: the day.
        processes: in how many to work (default: as many as there are processors, if the day is worth it).
        progress: is told how many playlists are done.

    Returns:
        How many rows each table has, by name.
    """
    manifest = day.manifest
    with backends.tables.stage(manifest.snapshot_date) as stage:
        shares = cut(manifest, processes or processes_worth(manifest), HEAD_START)
        transformed = run(transform_share, backends, manifest.snapshot_date, shares, stage, progress)
        manifest = take_aside(backends, manifest, transformed)
        in_common = merge([share.in_common for share in transformed])
        rest = in_common | detailed(in_common, backends.raw.details, manifest.snapshot_date)
        rest[COVERAGE.name] = coverage(manifest)
        for name, frame in rest.items():
            stage.write(TABLES[name], frame)
        stage.write_missing()
    return stage.stage.row_counts()


def transform_share(backends: Stores, day: date, share: Sequence[Coverage], writer: StageWriter) -> Transformed:
    """Make the tables of a share of a day's playlists; those of which each row is one playlist's are written."""
    before, documents = _Before(backends, day, share), [row.playlist_id for row in share if row.status.has_document]
    with read_ahead(backends.raw, day, documents) as read_document, _no_garbage_collection():
        return transform(day, share, writer.write, read_document, before.differing)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Spare the collector looking through millions of rows for cycles that are not there: a sixth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def take_aside(backends: Stores, manifest: Manifest, transformed: Sequence[Transformed]) -> Manifest:
    """Take documents aside that cannot be read; gives the manifest that says so."""
    rejected = {id_: reason for share in transformed for id_, reason in share.rejected.items()}
    if not rejected:
        return manifest
    # First aside, then the manifest: a crash between leaves a document that is missing, which fails it again.
    for playlist_id in rejected:
        backends.raw.quarantine_document(manifest.snapshot_date, playlist_id)
    corrected = mark_failed(manifest, rejected)
    backends.raw.correct(corrected)
    return corrected


def coverage(manifest: Manifest) -> pl.DataFrame:
    """The table `coverage`."""
    rows = Rows(COVERAGE.polars_schema())
    for row in manifest.playlists:
        rows.add(coverage_row(row))
    return rows.take().sort(COVERAGE.primary_key)


def detailed(frames: Mapping[str, pl.DataFrame], store: DetailStore, day: date) -> dict[str, pl.DataFrame]:
    """Artists and albums with what details tell that were read up to a day."""
    artists, albums = frames[ARTISTS.name], frames[ALBUMS.name]
    read_artists = store.read(details.ARTISTS, set(artists["artist_id"]), up_to=day)
    read_albums = store.read(details.ALBUMS, set(albums["album_id"]), up_to=day)
    return {
        ARTISTS.name: fill(ARTISTS, artists, map(artist_row, read_artists.values())),
        ALBUMS.name: fill(ALBUMS, albums, map(album_row, read_albums.values())),
    }


class _Before:
    """The newest readings before a day that SQL shows, with their documents.

    Days whose document is not what SQL shows are passed over: those that were read again since and are not published,
    and those of which the document was damaged.
    """

    def __init__(self, backends: Stores, day: date, share: Sequence[Coverage]) -> None:
        """Of the playlists of a share that have rows."""
        self._raw, self._readings = backends.raw, ShownReadings(backends)
        self._newest = newest_before(self._readings, day, share)
        self._rows_of_day = lru_cache(_MANIFESTS_AT_ONCE)(self._read_rows)

    def differing(self, row: Coverage) -> Previous | None:
        """That of the playlist of a row, if it may differ from the row's own."""
        shown: ShownReading | None = self._newest.get(row.playlist_id)
        while shown and not shown.is_of(row.observed_date, row.fetched_at):
            kept = self._rows_of_day(shown.day).get(row.playlist_id)
            if kept and kept.status.has_rows and shown.is_of(kept.observed_date, kept.fetched_at):
                with suppress(DataError):  # it was removed or damaged since
                    document = self._raw.read_document(shown.day, row.playlist_id)
                    return Previous(shown.day, decode_playlist(row.playlist_id, document))
            shown = self._readings.newest_before(shown.day, [row.playlist_id]).get(row.playlist_id)
        return None

    def _read_rows(self, day: date) -> dict[str, Coverage]:
        found = self._raw.find_day(day)
        rows = found.manifest.playlists if found else ()
        return {row.playlist_id: row for row in rows if row.playlist_id in self._newest}
