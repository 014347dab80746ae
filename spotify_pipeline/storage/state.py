"""Small states that outlive a run: a few bytes each, under `_state/` beside raw documents or tables."""

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from spotify_pipeline.storage.objects import ObjectNotFoundError, ObjectStore, SharedStore

_Content = TypeVar("_Content", bound=Struct)


class StoredState:
    """One such state."""

    def __init__(self, objects: ObjectStore, name: str) -> None:
        """The state of this name in `objects`."""
        self._objects, self._key = objects, f"_state/{name}.json"

    def load(self) -> bytes | None:
        """What was saved last; None where nothing was."""
        try:
            return self._objects.get(self._key)
        except ObjectNotFoundError:
            return None

    def save(self, state: bytes) -> None:
        """Replace what was saved."""
        self._objects.put(self._key, state)

    def clear(self) -> None:
        """Forget it."""
        self._objects.delete(self._key)


class SharedState(Generic[_Content]):
    """A state that several processes change: what one of them has changed is not undone by another."""

    def __init__(self, objects: SharedStore, name: str, kind: type[_Content]) -> None:
        """The state of this name in `objects`, kept as JSON."""
        self._objects, self._key, self._kind = objects, f"_state/{name}.json", kind

    def load(self) -> _Content | None:
        """What is kept now; None where nothing is, or nothing that can be read."""
        return self._decoded(self._seen())

    def change(self, change: Callable[[_Content | None], _Content]) -> None:
        """Keep what `change` makes of what is kept; it is called again where that has just been changed by others."""
        while True:
            seen = self._seen()
            content = self._decoded(seen)
            changed = change(content)
            if changed == content or self._objects.replace(self._key, msgspec.json.encode(changed), seen=seen):
                return

    def _seen(self) -> bytes | None:
        try:
            return self._objects.get(self._key)
        except ObjectNotFoundError:
            return None

    def _decoded(self, seen: bytes | None) -> _Content | None:
        try:
            return msgspec.json.decode(seen, type=self._kind) if seen is not None else None
        except msgspec.DecodeError:
            return None
