"""Small states that outlive a run: a few bytes each, under `_state/` beside the raw documents."""

from spotify_pipeline.storage.objects import ObjectNotFoundError, ObjectStore


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
