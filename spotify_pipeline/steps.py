"""The steps of a day as plain functions: extract, transform, audit, publish. Whoever runs a day calls these."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
from msgspec.structs import replace

from spotify_pipeline.backends import Backends
from spotify_pipeline.errors import DataError, SettingsError
from spotify_pipeline.spotify.extraction import LIST_NOT_WHOLE, NO_LONGER_LISTED, Extracted, Wanted, extract, list_mine
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Reading, Status
from spotify_pipeline.spotify.playlist_ids import parse_playlists
from spotify_pipeline.storage.raw import RawDay, RawStore
from spotify_pipeline.tables.audit import Finding, audit
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline.tables.transform import mark_failed, transform

Progress = Callable[[int, int, str], None]
"""Told how many of how many playlists are done, and what came of the newest."""


@dataclass(frozen=True)
class Publication:
    """What the catalog shows after a day was published: all its days, oldest first."""

    days: list[date]
    location: str


def extract_day(
    backends: Backends, day: date, *, refresh: bool = False, progress: Progress = lambda *_: None
) -> Manifest:
    """Read today's playlists from Spotify and stage their raw documents.

    The day holds once the returned manifest is committed to the raw store.

    Args:
        backends: where to read and write.
        day: today, as the settings define it.
        refresh: read also what this day already has.
        progress: is told of each playlist.

    Raises:
        SettingsError: `day` is not today, or the playlists are not named as they should be.
        SpotifyError: the credentials are not accepted, or the list of playlists cannot be had.
        StorageError: documents cannot be written.
    """
    today = backends.settings.today()
    if day != today:
        raise SettingsError(
            f"Spotify only tells what playlists are now, so {day} cannot be extracted, only today, {today} (UTC); "
            "transform and publish run for any day that has raw data."
        )
    named = parse_playlists(backends.settings.playlists)
    raw = backends.raw
    raw.begin(day)
    newest = raw.newest_manifest(day)
    known = newest.by_id() if newest else {}
    rows = dict(known) if newest and newest.snapshot_date == day else {}
    done = {playlist_id for playlist_id, row in rows.items() if row.status.has_rows}
    with backends.spotify() as client:
        if named is None:
            wanted, hidden, whole = list_mine(client)
            listed = {want.playlist_id for want in wanted}
            rows |= _not_listed((row for row in known.values() if row.playlist_id not in listed | done), whole=whole)
        else:
            wanted, hidden = [Wanted(playlist_id) for playlist_id in named], 0
        requests = client.requests_made
        queue = [want for want in wanted if refresh or want.playlist_id not in done]
        readings = {} if refresh else _readings_with_documents(raw, known, queue)
        progress(0, len(queue), "asking Spotify")
        for number, extracted in enumerate(extract(client, queue, readings, day), start=1):
            row = _explained(raw, day, extracted)
            requests += row.requests
            old = rows.get(row.playlist_id)
            if old is None or _is_news(row, old):
                _stage(raw, day, extracted)
                rows[row.playlist_id] = row
            progress(number, len(queue), _told(row))
    return Manifest(day, [rows[playlist_id] for playlist_id in sorted(rows)], requests, hidden)


def transform_day(raw: RawStore, day: RawDay) -> dict[str, pl.DataFrame]:
    """Make all tables of a day from its raw documents: a frame by name of the table.

    A document that cannot be read is taken aside, and its playlist becomes `failed` in the day's manifest, so that
    running the day again reads it anew.
    """
    transformed = transform(day.manifest, day.document)
    if transformed.rejected:
        # First aside, then the manifest: a crash between leaves a document that is missing, which fails it again.
        for playlist_id in transformed.rejected:
            raw.quarantine_document(day.manifest.snapshot_date, playlist_id)
        raw.correct(mark_failed(day.manifest, transformed.rejected))
    return transformed.frames


def audit_day(backends: Backends, day: date) -> list[Finding]:
    """Run every check on the newest tables of a day: the staged ones, else the published ones.

    Raises:
        DataError: the day has no tables, or a file is damaged.
    """
    return audit(lambda table: backends.tables.read(table, day))


def publish_day(backends: Backends, day: date) -> Publication:
    """Audit a day's staged tables and make the catalog show them.

    The audit is made here too, whoever has made it before, so that no way of starting this step goes round it.

    Raises:
        DataError: a check failed, or the day has no complete tables; the catalog shows what it showed.
        StorageError: the catalog cannot be written.
    """
    tables = backends.tables
    tables.complete_publication(day)
    if staged := tables.staged(day):
        if missing := TABLES.keys() - staged:
            raise DataError(
                f"The transformation of {day} was interrupted ({', '.join(sorted(missing))} missing): run it again."
            )
        if failed := [finding for finding in audit_day(backends, day) if not finding.passed]:
            raise DataError(not_published(day, [str(finding) for finding in failed]))
        tables.publish(day)
    elif day not in tables.published_days():
        raise DataError(f"There are no tables for {day}: run the transformation of that day first.")
    return Publication(backends.catalog.publish(), str(backends.catalog.path))


def not_published(day: date, failed_checks: Sequence[str]) -> str:
    """Why a day is not shown, in one sentence; each failed check with what it found."""
    return f"{day} is not published, because {len(failed_checks)} checks failed: {' | '.join(failed_checks)}"


def _not_listed(rows: Iterable[Coverage], *, whole: bool) -> dict[str, Coverage]:
    status, reason = (Status.NOT_FOUND, NO_LONGER_LISTED) if whole else (Status.FAILED, LIST_NOT_WHOLE)
    return {row.playlist_id: Coverage(row.playlist_id, status, reason, last_reading=row.last_reading) for row in rows}


def _readings_with_documents(
    raw: RawStore, known: Mapping[str, Coverage], queue: Iterable[Wanted]
) -> dict[str, Reading]:
    """The newest reading of each queued playlist, where its document has not been removed since."""
    rows = (known[want.playlist_id] for want in queue if want.playlist_id in known)
    readings = {row.playlist_id: row.last_reading for row in rows if row.last_reading}
    documents = {day: raw.documents(day) for day in {reading.snapshot_date for reading in readings.values()}}
    return {
        playlist_id: reading
        for playlist_id, reading in readings.items()
        if playlist_id in documents[reading.snapshot_date]
    }


def _explained(raw: RawStore, day: date, extracted: Extracted) -> Coverage:
    """The playlist's row of the manifest; an answer that is no document is kept for inspection."""
    row = extracted.coverage
    if extracted.rejected is not None:
        location = raw.quarantine_answer(day, row.playlist_id, extracted.rejected)
        row = replace(row, reason=f"{row.reason}; the answer is kept in {location}")
    return row


def _stage(raw: RawStore, day: date, extracted: Extracted) -> None:
    """Write down what came of a playlist."""
    playlist_id = extracted.coverage.playlist_id
    if extracted.document is not None:
        raw.stage_document(day, playlist_id, extracted.document)
    if extracted.copy_from is not None:
        raw.stage_copy(day, playlist_id, extracted.copy_from)


def _is_news(row: Coverage, old: Coverage) -> bool:
    """Whether what came of a playlist replaces what the same day already has of it.

    A refresh that fails takes nothing away, and what comes out as before leaves the day's tables as they are.
    """
    if (old.status.has_rows, old.status.has_document) > (row.status.has_rows, row.status.has_document):
        return False
    as_before = replace(row, requests=old.requests, fetched_at=old.fetched_at, last_reading=old.last_reading)
    return row.status.has_rows or as_before != old


def _told(row: Coverage) -> str:
    return f"{row.playlist_id} {row.status}" + (f": {row.reason}" if row.reason else "")
