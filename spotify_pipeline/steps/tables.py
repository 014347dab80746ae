"""From raw documents to published tables: transform, audit, publish a day."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date
from functools import lru_cache

import polars as pl

from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.catalog.publication import Publication
from spotify_pipeline.errors import DataError
from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.spotify import details
from spotify_pipeline.spotify.manifest import Coverage, Manifest
from spotify_pipeline.steps.due import publication
from spotify_pipeline.steps.readings import ShownReading, ShownReadings
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

_MANIFESTS_AT_ONCE = 8  # mostly yesterday's alone is asked for


def transform_day(backends: Warehouse, day: RawDay) -> dict[str, pl.DataFrame]:
    """Make all tables of a day from its raw documents: a frame by name of the table.

    What the documents leave null of artists and albums is filled from the details that were read up to that day. Events
    are those since the newest earlier day that is published with the playlist's rows.

    A document that cannot be read is taken aside, and its playlist becomes `failed` in the day's manifest, so that
    running the day again reads it anew.
    """
    raw = backends.raw
    transformed = transform(day.manifest, day.document, _Before(backends, day.manifest).differing)
    if transformed.rejected:
        # First aside, then the manifest: a crash between leaves a document that is missing, which fails it again.
        for playlist_id in transformed.rejected:
            raw.quarantine_document(day.manifest.snapshot_date, playlist_id)
        raw.correct(mark_failed(day.manifest, transformed.rejected))
    return transformed.frames | _detailed(transformed.frames, raw.details, day.manifest.snapshot_date)


class _Before:
    """The newest readings before a day that SQL shows, with their documents.

    Days whose document is not what SQL shows are passed over: those that were read again since and are not published,
    and those of which the document was damaged.
    """

    def __init__(self, backends: Warehouse, manifest: Manifest) -> None:
        """Of the playlists that have rows in this manifest."""
        self._raw, self._readings = backends.raw, ShownReadings(backends)
        self._newest = _newest_before(self._readings, manifest)
        self._rows_of_day = lru_cache(_MANIFESTS_AT_ONCE)(self._read_rows)

    def differing(self, row: Coverage) -> Previous | None:
        """That of the playlist of a row, if it may differ from the row's own."""
        shown = self._newest.get(row.playlist_id)
        while shown and not shown.is_of(row.observed_date, row.fetched_at):
            kept = self._rows_of_day(shown.day).get(row.playlist_id)
            if kept and kept.status.has_rows and shown.is_of(kept.observed_date, kept.fetched_at):
                with suppress(DataError):  # it was removed or damaged since
                    document = self._raw.read_document(shown.day, row.playlist_id)
                    return Previous(shown.day, decode_playlist(row.playlist_id, document))
            shown = self._readings.newest_before(shown.day, [row.playlist_id]).get(row.playlist_id)
        return None

    def _read_rows(self, day: date) -> dict[str, Coverage]:
        manifest = _manifest_or_none(self._raw, day)
        return manifest.by_id() if manifest else {}


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


def _newest_before(readings: ShownReadings, manifest: Manifest) -> dict[str, ShownReading]:
    """What SQL shows last of each playlist that has rows in a manifest, by id."""
    having_rows = [row.playlist_id for row in manifest.playlists if row.status.has_rows]
    return readings.newest_before(manifest.snapshot_date, having_rows)


def published_before(backends: Warehouse, manifest: Manifest) -> dict[str, Published]:
    """What each playlist had when it was last published."""
    newest = _newest_before(ShownReadings(backends), manifest)
    return {id_: Published(reading.day, reading.rows, reading.total) for id_, reading in newest.items()}


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
    tables, published = backends.tables, False
    due = backends.due.load().get(day)
    while staged := tables.staged(day):  # again, where another process has staged the day anew meanwhile
        if missing := TABLES.keys() - staged:
            raise DataError(
                f"The transformation of {day} was interrupted ({', '.join(sorted(missing))} missing): run it again."
            )
        digests = tables.digests(day)
        failed = [finding for finding in audit_day(backends, day) if not finding.passed]
        if not failed:
            with publication(backends, day):
                tables.publish(day, digests)
            published = True
        if due:
            backends.due.let_go(due)  # also where it is held back: making it again would not help
        if failed:
            raise DataError(not_published(day, [str(finding) for finding in failed]))
    if not published and day not in tables.published_days():
        raise DataError(f"There are no tables for {day}: run the transformation of that day first.")
    return backends.catalog.publish(progress)


def not_published(day: date, failed_checks: Sequence[str]) -> str:
    """Why a day is not shown, in one sentence; each failed check with what it found."""
    return f"{day} is not published, because {len(failed_checks)} checks failed: {' | '.join(failed_checks)}"
