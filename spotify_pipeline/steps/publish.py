"""From staged tables to published ones: the audit of a day, and its publication."""

from collections.abc import Iterable, Sequence
from datetime import date

from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.catalog.publication import Publication
from spotify_pipeline.errors import DataError
from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.spotify.manifest import Manifest
from spotify_pipeline.steps.due import publication
from spotify_pipeline.steps.readings import ShownReadings, newest_before
from spotify_pipeline.storage.raw import RawStore
from spotify_pipeline.tables.audit import AuditedDay, Finding, Published, audit


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
    newest = newest_before(ShownReadings(backends), manifest.snapshot_date, manifest.playlists)
    return {id_: Published(reading.day, reading.rows, reading.total) for id_, reading in newest.items()}


def publish_day(backends: Warehouse, day: date, *, progress: Progress = SILENT) -> Publication:
    """Audit a day's staged tables and make the catalog show them.

    Args:
        backends: where to read and write.
        day: the day.
        progress: is told what the catalog waits for.

    Raises:
        DataError: a check failed, or the day has no tables; the catalog shows what it showed.
        StorageError: the catalog cannot be written.
    """
    put_in_place(backends, day)
    return backends.catalog.publish(progress)


def put_in_place(backends: Warehouse, day: date) -> None:
    """Audit a day's staged tables and put them in their place, where the next publication of the catalog finds them.

    The audit is made here too, whoever has made it before, so that no way of starting this step goes round it.

    Raises:
        DataError: a check failed, or the day has no tables; what was in its place stays there.
    """
    tables, published = backends.tables, False
    due = backends.due.load().get(day)
    while staged := tables.staged(day):  # again, where another process has staged the day anew meanwhile
        failed = [finding for finding in audit_day(backends, day) if not finding.passed]
        if not failed:
            with publication(backends, day):
                tables.publish(day, staged)
            published = True
        if due:
            backends.due.let_go(due)  # also where it is held back: making it again would not help
        if failed:
            raise DataError(not_published(day, [str(finding) for finding in failed]))
    if not published and day not in tables.published_days():
        raise DataError(f"There are no tables for {day}: run the transformation of that day first.")


def not_published(day: date, failed_checks: Sequence[str]) -> str:
    """Why a day is not shown, in one sentence; each failed check with what it found."""
    return f"{day} is not published, because {len(failed_checks)} checks failed: {' | '.join(failed_checks)}"
