"""Extraction of a day: what to ask Spotify for, what to keep of it, and how to go on after an interruption."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, date, datetime

from msgspec.structs import replace

from spotify_pipeline.backends.source import Source
from spotify_pipeline.errors import SettingsError, SpotifyError
from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.client import LISTING_LIMIT, SpotifyClient
from spotify_pipeline.spotify.errors import ClockError, OutOfTimeError
from spotify_pipeline.spotify.extraction import (
    LIST_NOT_WHOLE,
    NO_LONGER_LISTED,
    Extracted,
    Listed,
    Wanted,
    extract,
    list_mine,
)
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Reading, Status
from spotify_pipeline.spotify.playlist_ids import parse_playlists
from spotify_pipeline.storage.raw import RawStore


def extract_day(
    backends: Source,
    day: date,
    *,
    refresh: bool = False,
    since: datetime | None = None,
    accept: Sequence[str] = (),
    progress: Progress = SILENT,
) -> Manifest:
    """Read today's playlists from Spotify and stage their raw documents.

    The day holds once the returned manifest is committed to the raw store. A run that was killed is gone on with where
    it stopped; one that Spotify stops keeps what is complete, and its manifest says why the rest is missing.

    Args:
        backends: where to read and write.
        day: today, as the settings define it.
        refresh: read also what this day already has.
        since: what a refresh has read from then on is not read again, where the refresh itself is gone on with.
        accept: ids of playlists that may have lost as many rows as they have, whatever the audit finds suspicious.
        progress: is told of each playlist.

    Raises:
        SettingsError: `day` is not today, the playlists are not named as they should be, or one to be accepted has no
            rows.
        SpotifyError: the list of playlists cannot be had, or Spotify stopped the run before anything was read.
        StorageError: documents cannot be written.
    """
    require_today(backends.settings, day)
    named = parse_playlists(backends.settings.playlists)
    with backends.spotify(progress.tell) as client:
        stale_before = (since or datetime.max.replace(tzinfo=UTC)) if refresh else None
        extraction = _Extraction(backends.raw, client, day, progress, stale_before)
        if named is None:
            extraction.read_mine()
        else:
            extraction.read_named(named)
        manifest = extraction.manifest()
        return manifest if manifest.out_of_time else manifest.accepting(accept)  # else the run that ends the day does


def require_today(settings: Settings, day: date) -> None:
    """Refuse to extract any day but today.

    Raises:
        SettingsError: it is another one.
    """
    today = settings.today()
    if day != today:
        raise SettingsError(
            f"Spotify only tells what playlists are now, so {day} cannot be extracted, only today, {today} (UTC); "
            "transform and publish run for any day that has raw data."
        )


class _Extraction:
    """A day while it is being extracted: the rows of its manifest, as far as they are known."""

    def __init__(
        self, raw: RawStore, client: SpotifyClient, day: date, progress: Progress, stale_before: datetime | None
    ) -> None:
        self._raw, self._client, self._day, self._progress = raw, client, day, progress
        self._stale_before = stale_before
        staged = raw.begin(day)
        newest, of_the_day = raw.newest_manifest(day), raw.find_day(day)
        self._known = newest.by_id() if newest else {}
        self._rows = of_the_day.manifest.by_id() if of_the_day else {}
        self._resumable = {playlist_id: row for playlist_id, row in staged.items() if not self._is_stale(row)}
        self._resumed: set[str] = set()
        self._requests: dict[str, int] = {}  # of this run, by playlist
        self._readings: dict[str, int] = {}  # as well
        self._hidden = 0
        self._has_read = False

    def read_mine(self) -> None:
        """Read all playlists that the logged-in user owns or follows."""
        listed = list_mine(self._client)
        self._hidden = listed.hidden
        self._resume(listed.wanted)
        self._confirm_pending(listed)
        self._take_unlisted(listed)
        self._client.quota.reserve(-(-(len(listed.wanted) + listed.hidden) // LISTING_LIMIT))  # for the closing listing
        unconfirmed = self._read(listed.wanted, closing_listing=True)
        self._client.quota.reserve(0)
        if unconfirmed:
            self._close(unconfirmed)

    def read_named(self, playlist_ids: Iterable[str]) -> None:
        """Read the playlists that the settings name."""
        wanted = [Wanted(playlist_id) for playlist_id in playlist_ids]
        self._resume(wanted)
        self._read(wanted, closing_listing=False)

    def manifest(self) -> Manifest:
        """What came of the day.

        Raises:
            SpotifyError: Spotify stopped the run before anything was read.
        """
        stopped = self._client.stopped
        if stopped and not self._has_read:
            raise stopped.with_traceback(None)  # that of the thread tells nothing
        rows = [self._rows[playlist_id] for playlist_id in sorted(self._rows)]
        return Manifest(
            snapshot_date=self._day,
            playlists=rows,
            requests=self._client.requests_sent,
            requests_avoided=sum(self._avoided(row) for row in rows),
            hidden_playlists=self._hidden,
            stopped=str(stopped) if stopped else None,
            out_of_time=isinstance(stopped, OutOfTimeError),
        )

    def _resume(self, wanted: Iterable[Wanted]) -> None:
        """Take what an interrupted run of the day has read whole, and clear away what else it has staged."""
        for want in wanted:
            if row := self._resumable.get(want.playlist_id):
                self._resumed.add(row.playlist_id)
                self._take(row)
        self._raw.clear_staged(self._day, keep=self._resumed)

    def _confirm_pending(self, listed: Listed) -> None:
        """Take what an earlier run has read, where the listing tells that it still holds."""
        snapshot_ids = listed.snapshot_ids()
        for playlist_id, row in self._raw.pending().items():
            if playlist_id not in snapshot_ids and not listed.whole:
                continue
            confirmed = _confirms(snapshot_ids.get(playlist_id), row)
            if self._is_stale(row) or self._is_read(playlist_id) or not confirmed:
                self._raw.drop_pending(playlist_id)
            else:
                self._stage_pending(row)

    def _take_unlisted(self, listed: Listed) -> None:
        """Take it that playlists which were there before are gone, if the list is whole."""
        status, reason = (Status.NOT_FOUND, NO_LONGER_LISTED) if listed.whole else (Status.FAILED, LIST_NOT_WHOLE)
        for playlist_id in self._known.keys() - listed.snapshot_ids().keys():
            if not self._has_rows(playlist_id) and not _was_only_imported(self._known[playlist_id]):
                self._take(self._without_rows(playlist_id, status, reason))

    def _read(self, wanted: Iterable[Wanted], *, closing_listing: bool) -> dict[str, Coverage]:
        """Read what is missing, and return the rows of what a closing listing has to confirm."""
        queue = [want for want in wanted if self._is_missing(want.playlist_id)]
        readings = {} if self._stale_before else self._readings_with_documents(queue)
        unconfirmed: dict[str, Coverage] = {}
        self._progress.count(0, len(queue), "asking Spotify")
        results = extract(self._client, queue, readings, self._day, closing_listing=closing_listing)
        with closing(results):  # lets its threads end, whatever happens here
            for number, extracted in enumerate(results, start=1):
                row = self._completed(extracted)
                if extracted.unconfirmed and extracted.document is not None:
                    self._raw.set_pending(row, extracted.document)
                    unconfirmed[row.playlist_id] = row
                elif self._is_news(row):
                    self._stage(row, extracted)
                    self._take(row)
                self._progress.count(number, len(queue), self._told(row))
        return unconfirmed

    def _close(self, unconfirmed: dict[str, Coverage]) -> None:
        """Ask for the list once more: what has the snapshot_id with which it was read was not edited meanwhile."""
        if not self._client.stopped:
            self._progress.tell("asking whether playlists were edited while they were read")
        try:
            snapshot_ids = list_mine(self._client).snapshot_ids()
        except ClockError:
            raise
        except SpotifyError as error:
            reason = f"it was read, but Spotify did not say whether it was edited meanwhile: {error}"
            for row in unconfirmed.values():
                failed = self._without_rows(row.playlist_id, Status.FAILED, reason)
                if self._is_news(failed):
                    self._take(failed)
            return
        edited = []
        for playlist_id, row in unconfirmed.items():
            if _confirms(snapshot_ids.get(playlist_id), row):
                self._stage_pending(row)
            else:
                self._raw.drop_pending(playlist_id)
                edited.append(Wanted(playlist_id, readings=self._readings[playlist_id]))
        if edited:
            self._read(edited, closing_listing=False)

    def _stage_pending(self, row: Coverage) -> None:
        """Take a reading that is confirmed now: it is what the playlist holds today, whenever it was read."""
        reading = row.last_reading
        if reading and reading.snapshot_date != self._day:
            reading = replace(reading, snapshot_date=self._day, observed_date=self._day)
            row = replace(row, observed_date=self._day, requests=0, last_reading=reading)
        self._raw.stage_pending(self._day, row)
        self._resumed.add(row.playlist_id)
        self._take(row)

    def _completed(self, extracted: Extracted) -> Coverage:
        """The playlist's row with what only the day knows; an answer that is no document is kept for inspection."""
        row = extracted.coverage
        spent = self._requests.get(row.playlist_id, 0) + row.requests
        self._requests[row.playlist_id] = spent
        self._readings[row.playlist_id] = extracted.readings
        if extracted.rejected is not None:
            location = self._raw.quarantine_answer(self._day, row.playlist_id, extracted.rejected)
            row = replace(row, reason=f"{row.reason}; the answer is kept in {location}")
        return replace(row, requests=spent)

    def _stage(self, row: Coverage, extracted: Extracted) -> None:
        if extracted.document is not None:
            self._raw.stage_document(self._day, row, extracted.document)
        if extracted.copy_from is not None:
            self._raw.stage_copy(self._day, row.playlist_id, extracted.copy_from)

    def _take(self, row: Coverage) -> None:
        self._rows[row.playlist_id] = row
        self._has_read = self._has_read or row.status.has_document

    def _is_news(self, row: Coverage) -> bool:
        """Whether what came of a playlist replaces what the same day already has of it.

        A refresh that fails takes nothing away, and what comes out as before leaves the day's tables as they are.
        """
        old = self._rows.get(row.playlist_id)
        if old is None:
            return True
        if (old.status.has_rows, old.status.has_document) > (row.status.has_rows, row.status.has_document):
            return False
        as_before = replace(row, requests=old.requests, fetched_at=old.fetched_at, last_reading=old.last_reading)
        return row.status.has_rows or as_before != old

    def _has_rows(self, playlist_id: str) -> bool:
        return playlist_id in self._rows and self._rows[playlist_id].status.has_rows

    def _is_missing(self, playlist_id: str) -> bool:
        return playlist_id not in self._resumed and not self._is_read(playlist_id)

    def _is_read(self, playlist_id: str) -> bool:
        row = self._rows.get(playlist_id)
        is_ours = row is not None and row.status.has_rows and row.status is not Status.IMPORTED
        return row is not None and is_ours and not self._is_stale(row)

    def _is_stale(self, row: Coverage) -> bool:
        """Whether a row was read too long ago for a refresh."""
        return self._stale_before is not None and (row.fetched_at is None or row.fetched_at < self._stale_before)

    def _without_rows(self, playlist_id: str, status: Status, reason: str) -> Coverage:
        known = self._known.get(playlist_id)
        return Coverage(
            playlist_id,
            status,
            reason,
            requests=self._requests.get(playlist_id, 0),
            last_reading=known.last_reading if known else None,
        )

    def _avoided(self, row: Coverage) -> int:
        """The requests that reading the playlist once took, and this run did not need."""
        reading = row.last_reading if row.status.has_document else None
        return max(0, reading.requests - self._requests.get(row.playlist_id, 0)) if reading else 0

    def _told(self, row: Coverage) -> str:
        """What came of a playlist, in a line; why the run was stopped is said elsewhere, once."""
        reason = None if self._client.stopped else row.reason
        return f"{row.playlist_id} {row.status}" + (f": {reason}" if reason else "")

    def _readings_with_documents(self, queue: Iterable[Wanted]) -> dict[str, Reading]:
        """The newest reading of each queued playlist, where the day on which it was made still has it.

        Its document may have been removed since; and where the newest manifest comes from another machine, what lies
        here on that day is another reading.
        """
        rows = (self._known[want.playlist_id] for want in queue if want.playlist_id in self._known)
        readings = {row.playlist_id: row.last_reading for row in rows if row.last_reading}
        kept = {day: self._kept_readings(day) for day in {reading.snapshot_date for reading in readings.values()}}
        return {
            playlist_id: reading
            for playlist_id, reading in readings.items()
            if kept[reading.snapshot_date].get(playlist_id) == reading
        }

    def _kept_readings(self, day: date) -> dict[str, Reading | None]:
        """The readings of a finished day that have their documents."""
        if (found := self._raw.find_day(day)) is None:
            return {}
        documents = self._raw.documents(day)
        return {row.playlist_id: row.last_reading for row in found.manifest.playlists if row.playlist_id in documents}


def _was_only_imported(row: Coverage) -> bool:
    """Whether a playlist is known from a file alone: it need not be one of the user's."""
    return row.status is Status.IMPORTED and row.last_reading is None


def _confirms(snapshot_id: str | None, row: Coverage) -> bool:
    """Whether a listing, made after a playlist was read, shows it as it was read."""
    return snapshot_id is not None and row.last_reading is not None and snapshot_id == row.last_reading.snapshot_id
