"""The horizon: the first day that is kept. Whatever lies before it is removed, is not shown, and does not come back.

It is moved before anything is removed. From then on no day before it counts as published, be it that its files are
still there, or that somebody publishes it meanwhile. `is_clear` tells whether a removal has come to its end since.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date

import msgspec
from msgspec import Struct

from spotify_pipeline.storage.objects import ObjectStore
from spotify_pipeline.storage.state import StoredState
from spotify_pipeline.tables.partition import PARTITION_COLUMN


class Horizon(Struct, frozen=True):
    """Days before `first` are not kept; `is_clear`: nothing of them is left."""

    first: date = date.min
    is_clear: bool = True


class StoredHorizon:
    """The horizon of a history, in one object beside its tables."""

    def __init__(self, objects: ObjectStore) -> None:
        """Keep it in `objects`."""
        self._state = StoredState(objects, "horizon")

    def load(self) -> Horizon:
        """The horizon; every day is kept where none was ever saved."""
        with suppress(msgspec.DecodeError):
            if state := self._state.load():
                return msgspec.json.decode(state, type=Horizon)
        return Horizon()

    def save(self, horizon: Horizon) -> None:
        """Move it."""
        self._state.save(msgspec.json.encode(horizon))


def sizes_before(objects: ObjectStore, folder: str, first: date) -> Iterator[tuple[str, int]]:
    """The keys in a folder's partitions before a day, each with how many bytes its object has, oldest day first."""
    prefix = f"{folder}/{PARTITION_COLUMN}="
    for day in objects.folders(prefix):
        if date.fromisoformat(day) < first:
            yield from objects.sizes(f"{prefix}{day}/").items()
