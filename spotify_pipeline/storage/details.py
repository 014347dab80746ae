"""Details of artists and albums: `artists/snapshot_date=YYYY-MM-DD/<name>.jsonl.gz`, and `albums/…` likewise.

The day is the one on which they were read. A file holds several objects, one on each line as Spotify sent it; for an
id that Spotify does not know there is the line `{"id":"…","not_found":true}`. Nothing is added to a file later.
"""

import hashlib
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from itertools import islice

from spotify_pipeline.errors import DataError
from spotify_pipeline.spotify.details import Detail, Kind
from spotify_pipeline.spotify.documents import decode
from spotify_pipeline.storage.gzipped import compress, decompress
from spotify_pipeline.storage.objects import ObjectStore
from spotify_pipeline.tables.partition import PARTITION_COLUMN

OBJECTS_IN_FILE = 50
"""Most objects in a file: what a killed run may lose."""


class DetailStore:
    """The details of all days, in a folder or bucket."""

    def __init__(self, objects: ObjectStore) -> None:
        """Details in `objects`."""
        self._objects = objects

    @contextmanager
    def writer(self, kind: Kind[Detail], day: date) -> Iterator["DetailWriter"]:
        """Keep what is read on a day; whatever happens, what has been added is written in the end."""
        writer = DetailWriter(self._objects, f"{kind.name}/{PARTITION_COLUMN}={day}")
        try:
            yield writer
        finally:
            writer.flush()

    def ids(self, kind: Kind[Detail]) -> set[str]:
        """What has been read on any day, ids that Spotify does not know included.

        Raises:
            DataError: a file is damaged; the message names it.
        """
        return {detail.id for key in self._keys(kind) for detail in self._details(kind, key) if detail.id}

    def read(self, kind: Kind[Detail], ids: Container[str], up_to: date) -> dict[str, Detail]:
        """What was read last, up to and including a day, of those of `ids` of which something was.

        Raises:
            DataError: a file is damaged; the message names it.
        """
        found: dict[str, Detail] = {}
        newest_first = sorted((key for key in self._keys(kind) if _day(key) <= up_to), key=_day, reverse=True)
        for key in newest_first:
            for detail in self._details(kind, key):
                if detail.id and detail.id in ids:
                    found.setdefault(detail.id, detail)
        return found

    def are_older_than(self, kind: Kind[Detail], first: date) -> bool:
        """Whether anything was read before a day."""
        return any(_day(key) < first for key in self._keys(kind))

    def remove(self, kind: Kind[Detail], before: date, needed: Container[str]) -> None:
        """Remove what was read before a day, but for what is needed: of those files that hold nothing else all.

        Raises:
            DataError: a file is damaged; the message names it.
        """
        for key in self._keys(kind):
            if _day(key) < before:
                lines = {line: detail.id for line, detail in self._lines(kind, key)}
                kept = [line for line, spotify_id in lines.items() if spotify_id in needed]
                if not kept:
                    self._objects.delete(key)
                elif len(kept) < len(lines):
                    self._objects.put(key, compress(b"".join(line + b"\n" for line in kept)))

    def _keys(self, kind: Kind[Detail]) -> list[str]:
        return self._objects.list(f"{kind.name}/{PARTITION_COLUMN}=")

    def _details(self, kind: Kind[Detail], key: str) -> Iterator[Detail]:
        return (detail for _, detail in self._lines(kind, key))

    def _lines(self, kind: Kind[Detail], key: str) -> Iterator[tuple[bytes, Detail]]:
        try:
            for line in decompress(self._objects.get(key)).splitlines():
                yield line, decode(line, kind.type)
        except DataError as error:
            raise DataError(
                f"{self._objects.uri(key)} is damaged ({error}): remove it, and what it held is read again."
            ) from None


class DetailWriter:
    """Collects details and writes them as soon as they fill a file."""

    def __init__(self, objects: ObjectStore, folder: str) -> None:
        """Files in a folder of `objects`."""
        self._objects, self._folder = objects, folder
        self._unwritten: dict[str, bytes] = {}

    def add(self, details: Mapping[str, bytes]) -> None:
        """Keep raw JSON on one line, by id."""
        self._unwritten |= details
        while len(self._unwritten) >= OBJECTS_IN_FILE:
            self._write(OBJECTS_IN_FILE)

    def flush(self) -> None:
        """Write what does not fill a file."""
        if self._unwritten:
            self._write(len(self._unwritten))

    def _write(self, count: int) -> None:
        ids = list(islice(self._unwritten, count))
        name = hashlib.sha256(" ".join(ids).encode()).hexdigest()[:16]
        lines = b"".join(self._unwritten[spotify_id] + b"\n" for spotify_id in ids)
        self._objects.put(f"{self._folder}/{name}.jsonl.gz", compress(lines))
        for spotify_id in ids:
            del self._unwritten[spotify_id]


def _day(key: str) -> date:
    return date.fromisoformat(key.split("/")[1].partition("=")[2])
