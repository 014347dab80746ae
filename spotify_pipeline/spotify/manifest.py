"""The manifest of a day: what was asked for, what came of it, and why something is missing.

It is written last, so a day without one was never finished. The table `coverage` is made from it.
"""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from spotify_pipeline.errors import SettingsError


class Status(StrEnum):
    """What came of asking for a playlist on a day."""

    OBSERVED = "observed"
    UNCHANGED = "unchanged"
    RESTRICTED = "restricted"
    NOT_FOUND = "not_found"
    FAILED = "failed"
    IMPORTED = "imported"

    @property
    def has_rows(self) -> bool:
        """Whether the day has the playlist's rows."""
        return self in (Status.OBSERVED, Status.UNCHANGED, Status.IMPORTED)

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
    requests: int = 0
    """Web API requests that it took: what is avoided as long as it holds."""

    @property
    def lacks_rows(self) -> bool:
        """Whether Spotify sent none although it said that there are some: it may send them another time."""
        return self.status.has_rows and self.items_read == 0 and bool(self.items_total)


class Coverage(Struct, frozen=True):
    """What came of one playlist on one day.

    The `reason` says why there are no rows, or where imported ones come from. `last_reading` lets the next day tell
    whether it has changed; `accepted` says that the user has looked at it where many rows were lost since the day
    before.
    """

    playlist_id: str
    status: Status
    reason: str | None = None
    observed_date: date | None = None
    items_total: int | None = None
    items_read: int = 0
    requests: int = 0
    fetched_at: datetime | None = None
    last_reading: Reading | None = None
    accepted: bool = False


class Manifest(Struct, frozen=True):
    """One row for each playlist asked for, in the order of their ids."""

    snapshot_date: date
    playlists: list[Coverage]
    requests: int = 0
    """Web API requests of the newest run, listings included; each playlist's own are in its row."""
    requests_avoided: int = 0
    """Web API requests that the newest run did not need, because what they would tell was known already."""
    hidden_playlists: int = 0
    """Null entries in the listing: playlists that the app is not allowed to know."""
    stopped: str | None = None
    """Why the newest run asked no more before it had asked for everything."""
    out_of_time: bool = False
    """Whether that was because the run's own time was up: another one can go on at once."""

    @property
    def is_of_a_run(self) -> bool:
        """Whether Spotify was asked that day: what was only imported says nothing of all that there is."""
        of_a_run = any(row.status is not Status.IMPORTED for row in self.playlists)
        return of_a_run or self.requests > 0 or not self.playlists

    def by_id(self) -> dict[str, Coverage]:
        """The rows by playlist id."""
        return {row.playlist_id: row for row in self.playlists}

    def accepting(self, playlist_ids: Iterable[str]) -> "Manifest":
        """The manifest with the note that these playlists may have lost as many rows as they have.

        Raises:
            SettingsError: a playlist has no rows that day.
        """
        accepted = set(playlist_ids)
        if unknown := accepted - {row.playlist_id for row in self.playlists if row.status.has_rows}:
            raise SettingsError(
                f"There are no rows of {', '.join(sorted(unknown))} to accept on {self.snapshot_date}: it was not read."
            )
        rows = [replace(row, accepted=row.accepted or row.playlist_id in accepted) for row in self.playlists]
        return replace(self, playlists=rows)

    def counts(self) -> dict[str, int]:
        """How many playlists have each status, all statuses listed."""
        counts = {status.value: 0 for status in Status}
        for row in self.playlists:
            counts[row.status] += 1
        return counts
