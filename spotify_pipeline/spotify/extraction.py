"""Reading playlists whole: what to ask for, page after page, and what came of it.

Nothing is stored here. `extract` yields each playlist as it is complete, so that a caller can write it down at once
and no more than a few documents are in memory.
"""

import dataclasses
from collections.abc import Generator, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import NamedTuple, TypeVar

from msgspec import UNSET
from msgspec.structs import replace

from spotify_pipeline.errors import DataError
from spotify_pipeline.spotify.client import SpotifyClient
from spotify_pipeline.spotify.documents import ListedPlaylist, Listing, Page, Playlist, decode, merge_pages
from spotify_pipeline.spotify.errors import (
    LoginError,
    MalformedError,
    QuotaError,
    RefusedError,
    UnreachableError,
)
from spotify_pipeline.spotify.manifest import Coverage, Reading, Status

METADATA_ONLY = "Spotify shows this app its metadata only"
NO_LONGER_LISTED = "it is no longer among the user's playlists"
LIST_NOT_WHOLE = "it is not in the list of the user's playlists, of which Spotify sent a part only"

_PARALLEL_PLAYLISTS = 4
READINGS = 3
"""How often a playlist is read that is being edited while it is read."""
_EDITED = "it was edited while it was read"
_NEW_SHAPE_LIMIT, _OLD_SHAPE_LIMIT = 50, 100  # most entries on a page, by the shape of the answers


class Wanted(NamedTuple):
    """A playlist to read; `snapshot_id` is what a listing gave, `readings` how often it has been read in vain."""

    playlist_id: str
    snapshot_id: str | None = None
    readings: int = 0


class Listed(NamedTuple):
    """The logged-in user's playlists, and how many more the app may not know.

    `whole` tells whether as many were listed as Spotify says there are: from half a list does not follow that a
    playlist is gone.
    """

    wanted: list[Wanted]
    hidden: int
    whole: bool

    def snapshot_ids(self) -> dict[str, str | None]:
        """The snapshot_id of each playlist."""
        return {want.playlist_id: want.snapshot_id for want in self.wanted}


@dataclass(frozen=True)
class Extracted:
    """What came of one playlist.

    `document` is the raw JSON to keep, on one line; where the document of an earlier day still holds, `copy_from` is
    that day instead. It is `unconfirmed` as long as the playlist may have been edited while its pages were read.
    `rejected` is what Spotify sent instead of a document, to be kept for inspection. It took so many `readings`.
    """

    coverage: Coverage
    document: bytes | None = None
    copy_from: date | None = None
    unconfirmed: bool = False
    rejected: bytes | None = None
    readings: int = 0


def list_mine(client: SpotifyClient) -> Listed:
    """All playlists that the logged-in user owns or follows, 50 a request.

    Raises:
        SpotifyError: nobody has logged in, or Spotify cannot be asked.
    """
    if not client.is_user:
        raise LoginError(
            "SPOTIFY_PIPELINE_PLAYLISTS is `mine`, but no user has logged in: run `spotify-pipeline login`, or name "
            "public playlists."
        )
    entries: list[ListedPlaylist | None] = []
    whole, readings = False, 0
    while not whole and readings < READINGS:
        entries, totals = _listed_entries(client)
        whole, readings = totals == {len(entries)}, readings + 1
    wanted = {entry.id: Wanted(entry.id, entry.snapshot_id) for entry in entries if entry and entry.id}
    hidden = sum(1 for entry in entries if not (entry and entry.id))
    return Listed(list(wanted.values()), hidden, whole)


def _listed_entries(client: SpotifyClient) -> tuple[list[ListedPlaylist | None], set[int]]:
    """The entries of all pages, and what the pages say how many there are: one number, unless the list was edited."""
    entries: list[ListedPlaylist | None] = []
    totals: set[int] = set()
    for page in listing_pages(client):
        entries += page.items
        totals.add(page.total)
    return entries, totals


def listing_pages(client: SpotifyClient) -> Iterator[Listing]:
    """The pages of the user's playlists, each asked for when it is taken.

    Raises:
        SpotifyError: Spotify cannot be asked, or answers with something else.
    """
    listed, more = 0, True
    while more:
        page = _checked(client.my_playlists(listed), Listing)
        yield page
        listed += len(page.items)
        more = bool(page.items) and listed < page.total


def extract(
    client: SpotifyClient,
    wanted: Iterable[Wanted],
    readings: Mapping[str, Reading],
    day: date,
    *,
    closing_listing: bool = False,
) -> Generator[Extracted, None, None]:
    """Read playlists, a few at once, and yield each when it is complete, in no particular order.

    A playlist whose `snapshot_id` is that of its newest reading is not read again.

    Args:
        client: the Web API.
        wanted: the playlists to read.
        readings: the newest reading of each playlist whose document still exists.
        day: the day that is being read.
        closing_listing: whether a listing, made afterwards, will tell which playlists were edited while they were read;
            else each that takes several requests is asked for its `snapshot_id` once more.

    Raises:
        ClockError: this machine's clock is wrong.
    """
    queue = iter(wanted)
    with ThreadPoolExecutor(_PARALLEL_PLAYLISTS, thread_name_prefix="spotify") as pool:
        running: set[Future[Extracted]] = set()
        try:
            while True:
                # No more are started than can run, so that finished documents do not pile up in memory.
                for want in islice(queue, _PARALLEL_PLAYLISTS - len(running)):
                    reader = _Reader(client, want, readings.get(want.playlist_id), day, closing_listing=closing_listing)
                    running.add(pool.submit(reader.read))
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        except BaseException:
            client.end()  # else leaving the pool would wait for those that wait
            raise


class _InconsistentError(Exception):
    """Entries may be missing or doubled, because the playlist was edited between two requests."""


class _Reader:
    """Reads one playlist, in one thread."""

    def __init__(
        self, client: SpotifyClient, want: Wanted, reading: Reading | None, day: date, *, closing_listing: bool
    ) -> None:
        self._client, self._want, self._reading, self._day = client, want, reading, day
        self._closing_listing = closing_listing
        self._requests_before = 0

    def read(self) -> Extracted:
        """The playlist, or why there is none."""
        self._requests_before = self._client.requests_of_thread
        if self._reading and self._is_current(self._reading, self._want.snapshot_id):
            return self._unchanged(self._reading)
        try:
            reason = _EDITED
            for reading in range(self._want.readings + 1, READINGS + 1):
                try:
                    return dataclasses.replace(self._read_whole(is_last=reading == READINGS), readings=reading)
                except _InconsistentError as error:
                    reason = str(error)
            return self._missing(Status.FAILED, f"{reason}, in each of {READINGS} readings")
        except RefusedError as error:
            unknown = error.status in (400, 404)  # 400: there is no id of this form
            return self._missing(Status.NOT_FOUND if unknown else Status.FAILED, str(error))
        except MalformedError as error:
            return self._missing(Status.FAILED, str(error), rejected=error.body)
        except (UnreachableError, QuotaError, LoginError) as error:
            return self._missing(Status.FAILED, str(error))

    @staticmethod
    def _is_current(reading: Reading, snapshot_id: str | None) -> bool:
        return snapshot_id is not None and snapshot_id == reading.snapshot_id and not reading.lacks_rows

    def _read_whole(self, *, is_last: bool) -> Extracted:
        body = self._client.playlist(self._want.playlist_id)
        playlist = _checked(body, Playlist)
        readable = playlist.contents is not None
        reading = self._reading
        # With the same snapshot the entries can still have become readable, or have stopped being so.
        if reading and self._is_current(reading, playlist.snapshot_id) and readable == reading.status.has_rows:
            return self._unchanged(reading)
        if playlist.contents is None:
            return self._found(Status.RESTRICTED, playlist, _one_document(body), METADATA_ONLY)
        entries, total = len(playlist.contents.entries), playlist.contents.total or 0
        has_more = 0 < entries < total
        try:
            document = _one_document(body, self._further_pages(playlist) if has_more else ())
        except RefusedError as error:
            if error.status not in (401, 403):
                raise
            # Spotify did send the first entries, so it may send all of them another time: without a snapshot_id this
            # reading is never current, and the playlist is asked for again.
            refused = replace(playlist, snapshot_id=None)
            return self._found(Status.RESTRICTED, refused, _one_document(body), f"{METADATA_ONLY} ({error})")
        if has_more:
            if not self._closing_listing:
                self._require_snapshot(playlist.snapshot_id)
            playlist = _checked(document, Playlist)
        _require_total(playlist, is_last=is_last)
        found = self._found(Status.OBSERVED, playlist, document)
        return dataclasses.replace(found, unconfirmed=has_more and self._closing_listing)

    def _further_pages(self, playlist: Playlist) -> Iterator[bytes]:
        """The pages after the one that the playlist itself embeds."""
        contents = playlist.contents or Page()
        limit = _NEW_SHAPE_LIMIT if contents is playlist.items else _OLD_SHAPE_LIMIT
        offset = read = len(contents.entries)
        while read and offset < (contents.total or 0):
            body = self._client.playlist_items(self._want.playlist_id, offset, limit)
            page = _checked(body, Page)
            if page.items is UNSET:
                raise MalformedError("Spotify's answer is not what it documents: a page without `items`", body)
            if page.total not in (None, contents.total):
                raise _InconsistentError(_EDITED)
            read = len(page.entries)
            offset += read
            yield body

    def _require_snapshot(self, snapshot_id: str | None) -> None:
        now = _checked(self._client.playlist_metadata(self._want.playlist_id), Playlist).snapshot_id
        if now != snapshot_id:
            raise _InconsistentError(_EDITED)

    def _found(self, status: Status, playlist: Playlist, document: bytes, reason: str | None = None) -> Extracted:
        contents = playlist.contents
        reading = Reading(
            snapshot_date=self._day,
            status=status,
            observed_date=self._day if status.has_rows else None,
            snapshot_id=playlist.snapshot_id,
            items_total=playlist.total,
            items_read=len(contents.entries) if contents and status.has_rows else 0,
            fetched_at=datetime.now(UTC),
            requests=self._requests(),
        )
        return Extracted(self._coverage(status, reading, reason), document)

    def _unchanged(self, reading: Reading) -> Extracted:
        """The newest reading still holds: what was restricted is so today, what had rows has the same ones."""
        status, reason = (Status.UNCHANGED, None) if reading.status.has_rows else (Status.RESTRICTED, METADATA_ONLY)
        today = replace(reading, snapshot_date=self._day, status=status)
        return Extracted(self._coverage(status, today, reason), copy_from=reading.snapshot_date)

    def _missing(self, status: Status, reason: str, rejected: bytes | None = None) -> Extracted:
        coverage = Coverage(
            self._want.playlist_id, status, reason, requests=self._requests(), last_reading=self._reading
        )
        return Extracted(coverage, rejected=rejected)

    def _coverage(self, status: Status, reading: Reading, reason: str | None) -> Coverage:
        return Coverage(
            playlist_id=self._want.playlist_id,
            status=status,
            reason=reason,
            observed_date=reading.observed_date,
            items_total=reading.items_total,
            items_read=reading.items_read,
            requests=self._requests(),
            fetched_at=reading.fetched_at,
            last_reading=reading,
        )

    def _requests(self) -> int:
        return self._client.requests_of_thread - self._requests_before


_Document = TypeVar("_Document", Playlist, Page, Listing)


def _checked(body: bytes, kind: type[_Document]) -> _Document:
    try:
        return decode(body, kind)
    except DataError as error:
        raise MalformedError(f"Spotify's answer is not what it documents: {error}", body) from None


def _one_document(playlist: bytes, further_pages: Iterable[bytes] = ()) -> bytes:
    """The playlist with all its pages, on one line."""
    try:
        return merge_pages(playlist, further_pages)
    except DataError as error:
        raise MalformedError(f"Spotify's answer is not what it documents: {error}", playlist) from None


def _require_total(playlist: Playlist, *, is_last: bool) -> None:
    total, read = playlist.total, len(playlist.contents.entries if playlist.contents else ())
    if total is None or total == read:
        return
    if read == 0 and is_last:
        return  # Spotify keeps to it, so it is taken down as it is: the audit holds the day back until somebody looks
    raise _InconsistentError(f"Spotify says that it has {total} entries but sent {read}")
