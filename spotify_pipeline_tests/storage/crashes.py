"""Stores that break down as a process does that is killed."""

from collections.abc import Callable, Iterator
from itertools import count

from spotify_pipeline.storage.objects import ObjectStore, SharedStore


class Crash(Exception):  # noqa: N818  # it is no error that anybody handles
    """The process ends here."""


class CrashingStore:
    """A store that makes so many changes, and then crashes at every further one.

    A move is two changes, as in S3: between them the object is in both places.
    """

    at_once = 1  # so that the order of changes is the one that is written

    def __init__(self, store: ObjectStore, changes: int) -> None:
        self._store, self._changes_left = store, changes
        self.uri, self.get = store.uri, store.get
        self.list, self.folders, self.versions, self.sizes = store.list, store.folders, store.versions, store.sizes

    def put(self, key: str, content: bytes) -> None:
        self._change()
        self._store.put(key, content)

    def copy(self, source: str, target: str) -> None:
        self.put(target, self._store.get(source))

    def move(self, source: str, target: str) -> None:
        self.copy(source, target)
        self.delete(source)

    def delete(self, key: str) -> None:
        self._change()
        self._store.delete(key)

    def sweep(self) -> None:
        self._change()
        self._store.sweep()

    def _change(self) -> None:
        if self._changes_left == 0:
            raise Crash
        self._changes_left -= 1


class CrashingSharedStore(CrashingStore):
    """As above, where several processes agree on something."""

    def __init__(self, store: SharedStore, changes: int) -> None:
        super().__init__(store, changes)
        self._shared = store

    def replace(self, key: str, content: bytes, *, seen: bytes | None) -> bool:
        self._change()
        return self._shared.replace(key, content, seen=seen)


def crashed_everywhere(
    new_store: Callable[[], ObjectStore], prepare: Callable[[ObjectStore], object], act: Callable[[ObjectStore], object]
) -> Iterator[ObjectStore]:
    """A prepared store for each moment at which `act` can crash, in the state it was left in; last, without a crash."""
    for changes in count():
        store = new_store()
        prepare(store)
        try:
            act(CrashingStore(store, changes))
        except Crash:
            yield store
        else:
            yield store
            return
