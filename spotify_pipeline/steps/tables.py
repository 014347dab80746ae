"""From raw documents to published tables: transform, audit, publish a day."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from functools import cache, partial

import polars as pl

from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.catalog.publication import Publication
from spotify_pipeline.errors import DataError
from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.spotify import details
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Reading
from spotify_pipeline.storage.details import DetailStore
from spotify_pipeline.storage.raw import RawDay, RawStore
from spotify_pipeline.tables.audit import AuditedDay, Finding, Published, audit
from spotify_pipeline.tables.declarations import ALBUMS, ARTISTS, TABLES
from spotify_pipeline.tables.details import fill
from spotify_pipeline.tables.transform import (
    Previous,
    album_row,
    artist_row,
    decode_playlist,
    mark_failed,
    transform,
)


def transform_day(backends: Warehouse, day: RawDay) -> dict[str, pl.DataFrame]:
    """Make all tables of a day from its raw documents: a frame by name of the table.

    What the documents leave null of artists and albums is filled from the details that were read up to that day. Events
    are those since the newest earlier day that is published with the playlist's rows.

    A document that cannot be read is taken aside, and its playlist becomes `failed` in the day's manifest, so that
    running the day again reads it anew.
    """
    raw, readings = backends.raw, _PublishedReadings(backends)
    transformed = transform(day.manifest, day.document, partial(_previous, raw, readings))
    if transformed.rejected:
        # First aside, then the manifest: a crash between leaves a document that is missing, which fails it again.
        for playlist_id in transformed.rejected:
            raw.quarantine_document(day.manifest.snapshot_date, playlist_id)
        raw.correct(mark_failed(day.manifest, transformed.rejected))
    return transformed.frames | _detailed(transformed.frames, raw.details, day.manifest.snapshot_date)


def _previous(raw: RawStore, readings: "_PublishedReadings", row: Coverage) -> Previous | None:
    """The newest earlier reading of a playlist whose document can still be read, but for what is unchanged since."""
    for reading in readings.before(row):
        if row.observed_date and row.observed_date <= reading.snapshot_date:
            return None
        with suppress(DataError):  # it was removed, taken aside, or damaged since
            document = raw.read_document(reading.snapshot_date, row.playlist_id)
            return Previous(reading.snapshot_date, decode_playlist(row.playlist_id, document))
    return None


def _detailed(frames: dict[str, pl.DataFrame], store: DetailStore, day: date) -> dict[str, pl.DataFrame]:
    artists, albums = frames[ARTISTS.name], frames[ALBUMS.name]
    read_artists = store.read(details.ARTISTS, set(artists["artist_id"]), up_to=day)
    read_albums = store.read(details.ALBUMS, set(albums["album_id"]), up_to=day)
    return {
        ARTISTS.name: fill(ARTISTS, artists, map(artist_row, read_artists.values())),
        ALBUMS.name: fill(ALBUMS, albums, map(album_row, read_albums.values())),
    }


def audit_day(backends: Warehouse, day: date) -> list[Finding]:
    """Run every check on the newest tables of a day: the staged ones, else the published ones.

    Raises:
        DataError: the day has no tables, or a file is damaged.
    """
    manifest = _manifest_or_none(backends.raw, day)
    return audit(
        AuditedDay(
            table=lambda table: backends.tables.read(table, day),
            before=published_before(backends, manifest) if manifest else {},
            accepted=frozenset(row.playlist_id for row in manifest.playlists if row.accepted)
            if manifest
            else frozenset(),
            max_loss=backends.settings.max_loss,
        )
    )


def accept_losses(raw: RawStore, day: date, playlist_ids: Iterable[str]) -> None:
    """Note in a day's manifest that these playlists may have lost as many rows as they have.

    Raises:
        SettingsError: a playlist has no rows that day.
        DataError: the day has no raw data.
    """
    raw.correct(raw.open_day(day).manifest.accepting(playlist_ids))


def _manifest_or_none(raw: RawStore, day: date) -> Manifest | None:
    """The day's manifest; tables may outlive their raw documents."""
    found = raw.find_day(day)
    return found.manifest if found else None


def published_before(backends: Warehouse, manifest: Manifest) -> dict[str, Published]:
    """What each playlist had when it was last published."""
    readings = _PublishedReadings(backends)
    newest = {row.playlist_id: next(readings.before(row), None) for row in manifest.playlists}
    return {
        playlist_id: Published(reading.snapshot_date, reading.items_read, reading.items_total)
        for playlist_id, reading in newest.items()
        if reading
    }


class _PublishedReadings:
    """The earlier readings of playlists that SQL shows.

    Days that were read but are not published are passed over: what was held back yesterday is no measure for today, and
    nothing that has happened. So are those that were published and then read again, and held back: their manifest tells
    of the newer reading. So are days whose document of the playlist was damaged: they have no rows of it any more.
    """

    def __init__(self, backends: Warehouse) -> None:
        """Nothing is read before it is asked for."""
        self._backends = backends
        self._is_shown = cache(self._look_whether_shown)
        self._rows_of_day = cache(self._read_rows)
        self._published = cache(lambda: set(backends.tables.published_days()))

    def before(self, row: Coverage) -> Iterator[Reading]:
        """Those of a playlist before a row of a manifest, newest first."""
        reading = row.previous
        while reading:
            found = self._rows_of_day(reading.snapshot_date).get(row.playlist_id)
            if found and found.status.has_rows and self._is_shown(reading.snapshot_date):
                yield reading
            reading = found.previous if found else None

    def _look_whether_shown(self, day: date) -> bool:
        return day in self._published() and not self._backends.tables.staged(day)

    def _read_rows(self, day: date) -> dict[str, Coverage]:
        manifest = _manifest_or_none(self._backends.raw, day)
        return manifest.by_id() if manifest else {}


def publish_day(backends: Warehouse, day: date, *, progress: Progress = SILENT) -> Publication:
    """Audit a day's staged tables and make the catalog show them.

    The audit is made here too, whoever has made it before, so that no way of starting this step goes round it.

    Args:
        backends: where to read and write.
        day: the day.
        progress: is told what the catalog waits for.

    Raises:
        DataError: a check failed, or the day has no complete tables; the catalog shows what it showed.
        StorageError: the catalog cannot be written.
    """
    tables = backends.tables
    while staged := tables.staged(day):  # again, where another process has staged the day anew meanwhile
        if missing := TABLES.keys() - staged:
            raise DataError(
                f"The transformation of {day} was interrupted ({', '.join(sorted(missing))} missing): run it again."
            )
        digests = tables.digests(day)
        if failed := [finding for finding in audit_day(backends, day) if not finding.passed]:
            raise DataError(not_published(day, [str(finding) for finding in failed]))
        tables.publish(day, digests)
    if day not in tables.published_days():
        raise DataError(f"There are no tables for {day}: run the transformation of that day first.")
    return backends.catalog.publish(progress)


def not_published(day: date, failed_checks: Sequence[str]) -> str:
    """Why a day is not shown, in one sentence; each failed check with what it found."""
    return f"{day} is not published, because {len(failed_checks)} checks failed: {' | '.join(failed_checks)}"
