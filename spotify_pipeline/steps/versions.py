"""Versions of one playlist, from its readings that SQL shows: which playlist is meant, and how it was on a day.

What SQL shows is asked of SQL: one question over `coverage` tells of every day of a playlist, however long its history.
"""

import difflib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.errors import DataError, SettingsError
from spotify_pipeline.history.versions import Comparison, Version
from spotify_pipeline.query.engine import Engine
from spotify_pipeline.spotify.manifest import Status
from spotify_pipeline.spotify.playlist_ids import parse_playlist_id
from spotify_pipeline.tables.transform import decode_playlist

_NEWEST_NAMES = "SELECT playlist_id, max_by(name, snapshot_date) FROM playlists GROUP BY playlist_id"
_MOST_CANDIDATES = 5


class _Covered(NamedTuple):
    """A row of `coverage`."""

    day: date
    status: Status
    reason: str | None
    observed_date: date | None
    fetched_at: datetime | None


def find_playlist(engine: Engine, text: str) -> str:
    """The id of the playlist that is meant.

    Args:
        engine: knows the names.
        text: an id, a URI, a URL, or the newest name of a playlist, in small or capital letters.

    Raises:
        SettingsError: no playlist has this name, or several have.
        QueryError: nothing is published, or SQL cannot be asked.
    """
    with suppress(SettingsError):
        return parse_playlist_id(text)
    names = newest_names(engine)
    if text in names:  # the id of one that was imported
        return text
    alike = [playlist_id for playlist_id, name in names.items() if _folded(name) == _folded(text)]
    found = [playlist_id for playlist_id in alike if names[playlist_id] == text] or alike
    if len(found) > 1:
        raise SettingsError(f"{text!r} is the name of {len(found)} playlists, give an id: {', '.join(sorted(found))}.")
    if found:
        return found[0]
    raise SettingsError(f"No playlist is called {text!r}; known: {', '.join(_candidates(text, names.values()))}.")


def newest_names(engine: Engine) -> dict[str, str]:
    """What each playlist was called last, by id.

    Raises:
        QueryError: nothing is published, or SQL cannot be asked.
    """
    return dict(engine.ask(_NEWEST_NAMES).rows)


def _candidates(text: str, names: Iterable[str]) -> list[str]:
    """A few names: those with the text in them, else similar ones, else the first ones, and that there are more."""
    folded = {_folded(name): name for name in sorted(names) if name}
    similar = [name for name in folded if _folded(text) in name]
    similar = similar or difflib.get_close_matches(_folded(text), folded, len(folded))
    candidates = [folded[name] for name in similar or folded]
    more = len(candidates) - _MOST_CANDIDATES
    return [*map(repr, candidates[:_MOST_CANDIDATES]), *([f"{more} more"] if more > 0 else [])]


def _folded(name: str) -> str:
    return name.strip().casefold()


class Readings:
    """The days of one playlist, as SQL shows them now.

    A day that was published, and then read anew without being published again, is passed over: its document is the
    newer one. So is a day whose document is gone or damaged.
    """

    def __init__(self, backends: Warehouse, playlist_id: str) -> None:
        """Ask SQL once for all days.

        Raises:
            SettingsError: the playlist has no history, or was never read.
            QueryError: nothing is published, or SQL cannot be asked.
        """
        self._backends = backends
        self._id = playlist_id
        rows = backends.engine.ask(
            "SELECT snapshot_date, status, reason, observed_date, fetched_at FROM coverage "
            f"WHERE playlist_id = '{playlist_id}' ORDER BY snapshot_date"
        ).rows
        self._days = [_Covered(day, Status(status), *others) for day, status, *others in rows]
        if not self._days:
            raise SettingsError(f"The playlist {playlist_id} has no history here: no published day has asked for it.")
        if not any(covered.status.has_rows for covered in self._days):
            raise SettingsError(f"The playlist {playlist_id} was never read: {_outcome(self._days[-1])}.")

    @property
    def last_day(self) -> date:
        """The newest day on which SQL shows rows of the playlist."""
        return max(covered.day for covered in self._days if covered.status.has_rows)

    def document(self, version: Version) -> bytes:
        """The raw JSON that a version was read from.

        Raises:
            DataError: it was removed since.
        """
        return self._backends.raw.read_document(version.snapshot_date, self._id)

    def newest(self, before: date = date.max) -> Version:
        """The newest reading, or the newest before a day.

        Raises:
            DataError: there is none.
        """
        if version := self._first(covered for covered in reversed(self._days) if covered.day < before):
            return version
        raise DataError(f"Of the playlist {self._id} there is no reading before {before}: nothing to compare with.")

    def on(self, day: date) -> Version:
        """The playlist as it was on a day, as far as that is known.

        That is the reading of the day itself; else one that is known to be the same, because Spotify's snapshot_id was
        still that of an earlier day when it was read next; else the newest one before.

        Raises:
            SettingsError: the day is still to come.
            DataError: the playlist was first read later.
        """
        if day > self._backends.settings.today():
            raise SettingsError(f"{day} is still to come.")
        earlier = self._first(covered for covered in reversed(self._days) if covered.day <= day)
        if earlier and earlier.snapshot_date == day:
            return earlier
        later = next((covered for covered in self._days if covered.day > day and self._is_shown(covered)), None)
        since = later.observed_date if later else None
        if later and since and since <= day:
            version = earlier if earlier and since <= earlier.snapshot_date else self._first([later])
            known = f"but Spotify's snapshot_id of {later.day} is still that of {since}: nothing had changed since then"
        else:
            version = earlier
            known = f"so this is how it was on {earlier.snapshot_date}" if earlier else ""
        if version is None:
            first = self._first(self._days)
            raise DataError(
                f"{first.name} was first read on {first.snapshot_date}: how it was on {day} is not known."
                if first
                else f"None of the raw documents of the playlist {self._id} can be read any more."
            )
        note = f"{version.name} was not read on {day} ({self._why_not(day)}), {known}."
        return replace(version, day=day, is_certain=bool(since and since <= day), note=note)

    def _first(self, days: Iterable[_Covered]) -> Version | None:
        """The first of the readings that can be shown."""
        for covered in days:
            if self._is_shown(covered):
                with suppress(DataError):  # its document was removed, taken aside, or damaged since
                    document = self._backends.raw.read_document(covered.day, self._id)
                    return Version(covered.day, covered.day, decode_playlist(self._id, document))
        return None

    def _is_shown(self, covered: _Covered) -> bool:
        """Whether the raw document of the day is the one that SQL shows."""
        found = self._backends.raw.find_day(covered.day) if covered.status.has_rows else None
        row = found.manifest.by_id().get(self._id) if found else None
        return row is not None and row.status.has_rows and _is_same_time(row.fetched_at, covered.fetched_at)

    def _why_not(self, day: date) -> str:
        covered = next((covered for covered in self._days if covered.day == day), None)
        if covered and covered.status.has_rows:
            return "the raw document of that day is not the one that SQL shows, or cannot be read any more"
        if covered:
            return _outcome(covered)
        if day in self._backends.tables.published_days():
            return "it was not asked for"
        return "that day is not published" if self._backends.raw.find_day(day) else "there was no run"


def compare(readings: Readings, first: date | None = None, last: date | None = None) -> Comparison:
    """Two versions of a playlist.

    Args:
        readings: the playlist's.
        first: the earlier day; without it, the reading before the later one.
        last: the later day; without it, the newest reading.

    Raises:
        SettingsError: a day is still to come.
        DataError: the playlist was first read later, or not again between the two.
    """
    after = readings.on(last) if last else readings.newest()
    before = readings.on(first) if first else readings.newest(before=after.snapshot_date)
    is_same = before.snapshot_date == after.snapshot_date
    if is_same and not (after.is_certain and before.day < after.day):
        raise DataError(
            f"The newest reading of {after.name} up to {max(before.day, after.day)} is that of {after.snapshot_date}: "
            "what has happened since then is not known."
        )
    return Comparison(before, after)


def _is_same_time(read: datetime | None, shown: datetime | None) -> bool:
    """Whether SQL shows this time: an engine may leave the zone out, and Athena has milliseconds only."""
    if read is None or shown is None:
        return read is shown
    return abs(_in_utc(read) - _in_utc(shown)) < timedelta(milliseconds=1)


def _in_utc(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _outcome(covered: _Covered) -> str:
    """What came of asking, and why."""
    return f"{covered.status}: {covered.reason}" if covered.reason else covered.status.value
