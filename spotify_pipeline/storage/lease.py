"""A lease: who may work on something alone, and until when. It holds between machines that share nothing but a store.

The owner is named: whoever comes again with the same name, as Lambda repeats an event that failed, has it at once. When
the time of an owner is over, which has then died, the lease is anybody's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event

import msgspec
from msgspec import Struct

from spotify_pipeline.errors import StorageError
from spotify_pipeline.spotify.patience import Clock
from spotify_pipeline.storage.objects import ObjectNotFoundError, SharedStore

_POLL_SECONDS = 1.0


class LeaseTakenError(StorageError):
    """Somebody else has the lease, for longer than was waited."""

    may_pass = True


class _Record(Struct, frozen=True):
    """What is stored: the owner, none where the lease is free, and until when it is theirs."""

    owner: str | None = None
    ends: datetime = datetime.max.replace(tzinfo=UTC)


@contextmanager
def leased(
    objects: SharedStore, name: str, owner: str, ends: datetime, clock: Clock, *, wait_until: datetime
) -> Iterator[None]:
    """Do something alone, after whoever does it now.

    Args:
        objects: where the lease is kept.
        name: of the work.
        owner: of the lease.
        ends: when the owner will be done, or dead.
        clock: the time.
        wait_until: how long to wait for others.

    Raises:
        LeaseTakenError: it is still somebody else's at `wait_until`.
        StorageError: the lease cannot be read or written.
    """
    key = f"_state/lease-{name}.json"
    mine = _Record(owner, ends)
    while (other := _take(objects, key, mine, clock.now())) is not None:
        if clock.now() >= wait_until:
            raise LeaseTakenError(
                f"Another {name} is at work, until {other.ends:%H:%M:%S} UTC at most ({other.owner}): try again then."
            )
        clock.wait(_POLL_SECONDS, Event())
    try:
        yield
    finally:
        # Nothing is put where the lease is somebody else's meanwhile.
        objects.replace(key, msgspec.json.encode(_Record()), seen=msgspec.json.encode(mine))


def _take(objects: SharedStore, key: str, mine: _Record, now: datetime) -> _Record | None:
    """Take the lease, or give the record of whoever has it."""
    while True:
        try:
            seen: bytes | None = objects.get(key)
        except ObjectNotFoundError:
            seen = None
        record = _decoded(seen) if seen else _Record()
        if record.owner not in (None, mine.owner) and now < record.ends:
            return record
        if objects.replace(key, msgspec.json.encode(mine), seen=seen):
            return None


def _decoded(content: bytes) -> _Record:
    try:
        return msgspec.json.decode(content, type=_Record)
    except msgspec.DecodeError:
        return _Record()  # nobody can have it
