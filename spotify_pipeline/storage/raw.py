"""Raw documents: `playlists/snapshot_date=YYYY-MM-DD/<playlist_id>.json.gz`, and `_manifest.json` beside them.

A day is replaced whole or not at all. Documents are first staged as they arrive; `commit` writes the manifest into the
stage, which is the moment at which the new day holds, and then moves everything to its place. A crash before that
moment leaves the old day, a crash after it is completed by whoever next opens the day.

Beside a staged document lies its row of the manifest, so that a run that was killed can go on from there. What was read
but may have been edited meanwhile waits under `_pending/` until a listing confirms it, be it another day's.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec
from msgspec.structs import replace

from spotify_pipeline.errors import DataError
from spotify_pipeline.spotify.manifest import Coverage, Manifest
from spotify_pipeline.storage.details import DetailStore
from spotify_pipeline.storage.gzipped import compress, decompress
from spotify_pipeline.storage.objects import ObjectNotFoundError, ObjectStore, for_each
from spotify_pipeline.tables.partition import PARTITION_COLUMN

_MANIFEST = "_manifest.json"
_DOCUMENT, _ROW = ".json.gz", ".row.json"
_DAYS, _STAGED, _QUARANTINE = "playlists", "_staged/playlists", "_quarantine/playlists"
_PENDING = "_pending/playlists"
OF_DAYS = (_STAGED, _DAYS, _QUARANTINE)
FOLDERS = (*OF_DAYS, _PENDING)


@dataclass(frozen=True)
class RawDay:
    """A finished day: its manifest, and its documents one at a time."""

    manifest: Manifest
    store: "RawStore"

    def document(self, playlist_id: str) -> bytes:
        """The raw JSON of a playlist.

        Raises:
            DataError: it is missing or damaged; the message names the file.
        """
        return self.store.read_document(self.manifest.snapshot_date, playlist_id)

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """Each playlist's id and raw JSON, read as it is asked for."""
        for row in self.manifest.playlists:
            if row.status.has_document:
                yield row.playlist_id, self.document(row.playlist_id)


class RawStore:
    """The raw documents of all days, in a folder or bucket.

    Attributes:
        details: what has been read of artists and albums, beside the documents.
    """

    def __init__(self, objects: ObjectStore) -> None:
        """Documents in `objects`."""
        self.details = DetailStore(objects)
        self._objects = objects

    def uri(self, day: date) -> str:
        """Where the day's documents are."""
        return self._objects.uri(_folder(_DAYS, day))

    def days(self) -> list[date]:
        """The finished days, oldest first."""
        self._complete_commits()
        return [day for day in self._folders() if self._objects.list(f"{_folder(_DAYS, day)}/{_MANIFEST}")]

    def open_day(self, day: date) -> RawDay:
        """A finished day.

        Raises:
            DataError: there is none, or its manifest is damaged.
        """
        if (found := self.find_day(day)) is None:
            raise DataError(f"There is no raw data for {day}: extract it on that day, or choose another.")
        return found

    def find_day(self, day: date) -> RawDay | None:
        """A finished day, if there is one.

        Raises:
            DataError: its manifest is damaged.
        """
        self._complete_commit(day)
        key = f"{_folder(_DAYS, day)}/{_MANIFEST}"
        try:
            manifest = msgspec.json.decode(self._objects.get(key), type=Manifest)
        except ObjectNotFoundError:
            return None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DataError(f"The manifest {self._objects.uri(key)} is damaged: {error}.") from None
        return RawDay(manifest, self)

    def newest_manifest(self, up_to: date) -> Manifest | None:
        """The manifest of the last finished day up to and including `up_to` on which Spotify was asked."""
        self._complete_commits()
        for day in reversed(self._folders()):
            if day <= up_to and (found := self.find_day(day)) and found.manifest.is_of_a_run:
                return found.manifest
        return None

    def documents(self, day: date) -> set[str]:
        """The playlists that have a document on a finished day."""
        self._complete_commit(day)
        keys = self._objects.list(f"{_folder(_DAYS, day)}/")
        return {key.rpartition("/")[2].removesuffix(_DOCUMENT) for key in keys if key.endswith(_DOCUMENT)}

    @property
    def at_once(self) -> int:
        """How many documents are worth being read at the same time."""
        return self._objects.at_once

    def read_document(self, day: date, playlist_id: str) -> bytes:
        """The raw JSON of a playlist on a finished day.

        Raises:
            DataError: it is missing or damaged; the message names the file.
        """
        key = _document(_DAYS, day, playlist_id)
        try:
            return decompress(self._objects.get(key))
        except ObjectNotFoundError as error:
            raise DataError(str(error)) from None
        except DataError as error:
            raise DataError(f"{self._objects.uri(key)} is damaged: {error}") from None

    def begin(self, day: date) -> dict[str, Coverage]:
        """The rows of what an interrupted extraction of this day has read whole, by playlist.

        What is left of days before yesterday, which nobody can be extracting any more, is cleared away, and so are
        halves of what waits to be confirmed.
        """
        self._complete_commits()
        for key in self._objects.list(f"{_STAGED}/"):
            if _day(key) < day - timedelta(days=1):
                self._objects.delete(key)
        waiting = self._objects.list(f"{_PENDING}/")
        for playlist_id, number in Counter(map(playlist_id_of, waiting)).items():
            if number == 1:
                self.drop_pending(playlist_id)
        return self._rows(_folder(_STAGED, day))

    def clear_staged(self, day: date, keep: Container[str]) -> None:
        """Let go what is staged for the day, but for these playlists."""
        staged = self._objects.list(f"{_folder(_STAGED, day)}/")
        for_each(self._objects, (key for key in staged if playlist_id_of(key) not in keep), self._objects.delete)

    def stage_document(self, day: date, row: Coverage, document: bytes) -> None:
        """Keep a document for the day that is being extracted, and its row for a run that goes on after a crash."""
        self._put(_folder(_STAGED, day), row, document)

    def stage_copy(self, day: date, playlist_id: str, source: date) -> None:
        """Keep the document of an earlier finished day for the day that is being extracted."""
        if source != day:
            self._objects.copy(_document(_DAYS, source, playlist_id), _document(_STAGED, day, playlist_id))

    def pending(self) -> dict[str, Coverage]:
        """The rows of what was read, but not confirmed by a listing, by playlist."""
        return self._rows(_PENDING)

    def set_pending(self, row: Coverage, document: bytes) -> None:
        """Keep a document until it is known whether the playlist was edited while it was read."""
        self._put(_PENDING, row, document)

    def stage_pending(self, day: date, row: Coverage) -> None:
        """Keep a pending document, now confirmed, for the day that is being extracted."""
        name = row.playlist_id
        # The row goes first: a crash between leaves what is pending, or what is staged, whole.
        self._objects.put(f"{_folder(_STAGED, day)}/{name}{_ROW}", msgspec.json.encode(row))
        self._objects.move(f"{_PENDING}/{name}{_DOCUMENT}", _document(_STAGED, day, name))
        self.drop_pending(name)

    def drop_pending(self, playlist_id: str) -> None:
        """Let a pending document go."""
        for suffix in (_ROW, _DOCUMENT):
            self._objects.delete(f"{_PENDING}/{playlist_id}{suffix}")

    def commit(self, manifest: Manifest) -> None:
        """Make the staged documents and this manifest the day's."""
        self._objects.put(_staged_manifest(manifest.snapshot_date), _encoded(manifest))
        self._complete_commit(manifest.snapshot_date)

    def correct(self, manifest: Manifest) -> None:
        """Replace the manifest of a finished day, whatever an extraction may be staging meanwhile."""
        self._objects.put(f"{_folder(_DAYS, manifest.snapshot_date)}/{_MANIFEST}", _encoded(manifest))

    def add_imported(self, day: date, imported: Iterable[tuple[Coverage, bytes]]) -> None:
        """Add documents to a day, finished or new, from elsewhere than an extraction; all other rows stay.

        Killed in between, the day is what it was, but for the rows that were to be replaced, which may be missing.
        """
        found = self.find_day(day)
        manifest = found.manifest if found else Manifest(day, [])
        added = {row.playlist_id: (row, document) for row, document in imported}
        rows = manifest.by_id()
        if any(rows[playlist_id].status.has_document for playlist_id in rows.keys() & added.keys()):
            # No row tells of a document that it was not made with, not even after a crash.
            self.correct(
                replace(manifest, playlists=[row for row in manifest.playlists if row.playlist_id not in added])
            )
        for playlist_id, (_, document) in added.items():
            self._objects.put(_document(_DAYS, day, playlist_id), compress(document))
        rows |= {playlist_id: row for playlist_id, (row, _) in added.items()}
        self.correct(replace(manifest, playlists=[rows[playlist_id] for playlist_id in sorted(rows)]))

    def quarantine_answer(self, day: date, playlist_id: str, body: bytes) -> str:
        """Keep what Spotify sent instead of a document, as it arrived, and return where."""
        key = f"{_folder(_QUARANTINE, day)}/{playlist_id}.body"
        self._objects.put(key, body)
        return self._objects.uri(key)

    def quarantine_document(self, day: date, playlist_id: str) -> None:
        """Take a damaged document, if it is there at all, out of a finished day and keep it for inspection."""
        with suppress(ObjectNotFoundError):
            self._objects.move(_document(_DAYS, day, playlist_id), _document(_QUARANTINE, day, playlist_id))

    def _folders(self) -> list[date]:
        """The days of which anything lies in its place, oldest first; asked without listing years of documents."""
        return [date.fromisoformat(day) for day in self._objects.folders(f"{_DAYS}/{PARTITION_COLUMN}=")]

    def _put(self, folder: str, row: Coverage, document: bytes) -> None:
        self._objects.put(f"{folder}/{row.playlist_id}{_DOCUMENT}", compress(document))
        self._objects.put(f"{folder}/{row.playlist_id}{_ROW}", msgspec.json.encode(row))

    def _rows(self, folder: str) -> dict[str, Coverage]:
        keys = set(self._objects.list(f"{folder}/"))
        complete = [key for key in keys if key.endswith(_ROW) and f"{key.removesuffix(_ROW)}{_DOCUMENT}" in keys]
        rows = [msgspec.json.decode(self._objects.get(key), type=Coverage) for key in sorted(complete)]
        return {row.playlist_id: row for row in rows}

    def _complete_commits(self) -> None:
        for key in self._objects.list(f"{_STAGED}/"):
            if key.endswith(f"/{_MANIFEST}"):
                self._complete_commit(_day(key))

    def _complete_commit(self, day: date) -> None:
        staged = self._objects.list(f"{_folder(_STAGED, day)}/")
        manifest = _staged_manifest(day)
        if manifest not in staged:
            return
        with suppress(ObjectNotFoundError):  # somebody else, who has opened the day, was faster
            rows = msgspec.json.decode(self._objects.get(manifest), type=Manifest).playlists
            of_the_day = {_document(_STAGED, day, row.playlist_id) for row in rows if row.status.has_document}
            for_each(
                self._objects,
                (key for key in staged if key != manifest),
                lambda key: self._settle(key) if key in of_the_day else self._objects.delete(key),
            )
            # The manifest goes last: before everything is in place, a new day is not seen and an old one is not done.
            self._settle(manifest)

    def _settle(self, key: str) -> None:
        """Move what is staged to its place."""
        with suppress(ObjectNotFoundError):  # somebody else, who has opened the day, was faster
            self._objects.move(key, key.replace(_STAGED, _DAYS, 1))


def day_of_manifest(key: str) -> date | None:
    """The day whose manifest lies under this key; None if it is another object's."""
    folder, _, name = key.rpartition("/")
    with suppress(ValueError):
        day = date.fromisoformat(folder.rpartition("=")[2])
        if name == _MANIFEST and folder == _folder(_DAYS, day):
            return day
    return None


def _encoded(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1)


def _folder(kind: str, day: date) -> str:
    return f"{kind}/{PARTITION_COLUMN}={day}"


def _document(kind: str, day: date, playlist_id: str) -> str:
    return f"{_folder(kind, day)}/{playlist_id}{_DOCUMENT}"


def _staged_manifest(day: date) -> str:
    return f"{_folder(_STAGED, day)}/{_MANIFEST}"


def playlist_id_of(key: str) -> str:
    """The playlist under whose name an object lies."""
    return key.rpartition("/")[2].partition(".")[0]


def _day(key: str) -> date:
    return date.fromisoformat(key.rpartition("/")[0].rpartition("=")[2])
