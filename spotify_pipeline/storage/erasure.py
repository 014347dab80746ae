"""Taking playlists and users out of the raw documents of all days, and out of whatever lies beside them.

Of each day the manifest goes first, so that no day expects a document that is gone. What does not name them keeps its
bytes. Everything may be done again, wherever it was interrupted.
"""

from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import date
from hashlib import sha256

from msgspec.structs import replace

from spotify_pipeline.errors import DataError
from spotify_pipeline.progress import Progress
from spotify_pipeline.spotify.documents import Playlist, decode
from spotify_pipeline.spotify.redaction import names_a_user, without_users
from spotify_pipeline.storage.gzipped import compress, decompress
from spotify_pipeline.storage.objects import ObjectNotFoundError, ObjectStore, for_each
from spotify_pipeline.storage.raw import FOLDERS, RawStore, playlist_id_of
from spotify_pipeline.tables.partition import PARTITION_COLUMN

_DOCUMENT = ".json.gz"


class RawErasure:
    """What is to go from a raw store."""

    def __init__(self, raw: RawStore, objects: ObjectStore, playlists: Collection[str], users: Collection[str]) -> None:
        """Of the ids of playlists and users; `objects` is where `raw` has its documents."""
        self._raw, self._objects = raw, objects
        self._playlists, self._users = frozenset(playlists), frozenset(users)
        # Of each playlist the digest of the last file, and what came of it: most are copied from day to day.
        self._last: dict[str, tuple[bytes, bytes | None]] = {}

    def keys(self) -> list[str]:
        """What there is of the playlists, under their names."""
        return [key for key in self._all_keys() if playlist_id_of(key) in self._playlists]

    def owned_outside(self, published: Collection[date]) -> set[str]:
        """The playlists that the users own, as documents tell of which there are no published tables."""
        found = set()
        for key in self._all_keys():
            if key.endswith(_DOCUMENT) and _day(key) not in published:
                with suppress(DataError, ObjectNotFoundError):
                    playlist = decode(decompress(self._objects.get(key)), Playlist)
                    if playlist.owner and playlist.owner.id in self._users:
                        found.add(playlist.id)
        return found

    def run(self, progress: Progress) -> None:
        """Take them out.

        Raises:
            DataError: a manifest is damaged.
            StorageError: something cannot be read or written.
        """
        for day in self._raw.days():
            manifest = self._raw.open_day(day).manifest
            rows = [row for row in manifest.playlists if row.playlist_id not in self._playlists]
            if len(rows) < len(manifest.playlists):
                self._raw.correct(replace(manifest, playlists=rows))
        keys = self.keys()
        for_each(self._objects, progress.each(keys, "raw documents removed"), self._objects.delete)
        if self._users:
            keys = [key for key in self._all_keys() if not key.endswith((".row.json", "/_manifest.json"))]
            for_each(self._objects, progress.each(keys, "raw documents looked at"), self._clear)

    def _all_keys(self) -> Iterator[str]:
        for folder in FOLDERS:
            yield from self._objects.list(f"{folder}/")

    def _clear(self, key: str) -> None:
        """Take users out of a document; what is no document, but names one, is removed."""
        try:
            content = self._objects.get(key)
        except ObjectNotFoundError:
            return
        if key.startswith("_quarantine/") or not key.endswith(_DOCUMENT):
            with suppress(DataError):
                content = decompress(content) if key.endswith(_DOCUMENT) else content
            if any(user.encode() in content for user in self._users):
                self._objects.delete(key)
            return
        try:
            cleared = self._cleared(playlist_id_of(key), content)
        except DataError:  # damaged: nobody can tell what is in it
            self._objects.delete(key)
            return
        if cleared is not content:
            self._objects.put(key, cleared)

    def _cleared(self, playlist_id: str, file: bytes) -> bytes:
        """The file of a document without users; the same one where there is none of them."""
        digest = sha256(file).digest()
        before, cleared = self._last.get(playlist_id, (b"", None))
        if before != digest:
            document = decompress(file)
            is_named = names_a_user(document, self._users)
            cleared = compress(without_users(document, self._users)) if is_named else None
            self._last[playlist_id] = digest, cleared
        return file if cleared is None else cleared


def _day(key: str) -> date | None:
    day = key.partition(f"{PARTITION_COLUMN}=")[2].partition("/")[0]
    return date.fromisoformat(day) if day else None
