"""The manifest of a day: what was asked for, what came of it, and why something is missing.

It is written last, so a day without one was never finished. The table `coverage` is made from it.
"""

from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct


class Status(StrEnum):
    """What came of asking for a playlist on a day."""

    OBSERVED = "observed"
    UNCHANGED = "unchanged"
    RESTRICTED = "restricted"
    NOT_FOUND = "not_found"
    FAILED = "failed"

    @property
    def has_rows(self) -> bool:
        """Whether the day has the playlist's rows."""
        return self in (Status.OBSERVED, Status.UNCHANGED)

    @property
    def has_document(self) -> bool:
        """Whether the day has a raw document, be it metadata alone."""
        return self.has_rows or self is Status.RESTRICTED


class Reading(Struct, frozen=True):
    """The newest day that has a document for a playlist, and what decides whether it is still true."""

    snapshot_date: date
    status: Status
    observed_date: date | None
    snapshot_id: str | None
    items_total: int | None
    items_read: int
    fetched_at: datetime


class Coverage(Struct, frozen=True):
    """What came of one playlist on one day. `last_reading` lets the next day tell whether it has changed."""

    playlist_id: str
    status: Status
    reason: str | None = None
    observed_date: date | None = None
    items_total: int | None = None
    items_read: int = 0
    requests: int = 0
    fetched_at: datetime | None = None
    last_reading: Reading | None = None


class Manifest(Struct, frozen=True):
    """One row for each playlist asked for, in the order of their ids."""

    snapshot_date: date
    playlists: list[Coverage]
    requests: int = 0
    """Web API requests of the newest run, listings included; each playlist's own are in its row."""
    hidden_playlists: int = 0
    """Null entries in the listing: playlists that the app is not allowed to know."""

    def by_id(self) -> dict[str, Coverage]:
        """The rows by playlist id."""
        return {row.playlist_id: row for row in self.playlists}

    def counts(self) -> dict[str, int]:
        """How many playlists have each status, all statuses listed."""
        counts = {status.value: 0 for status in Status}
        for row in self.playlists:
            counts[row.status] += 1
        return counts
