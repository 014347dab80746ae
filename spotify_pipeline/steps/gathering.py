"""Gathering what is to be imported: which playlist and day each thing in a file is, before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.errors import DataError, SettingsError
from spotify_pipeline.imports import archive_git
from spotify_pipeline.imports.files import files_under
from spotify_pipeline.imports.formats import FORMATS, format_of
from spotify_pipeline.imports.found import Contents, File, Found, Refusal
from spotify_pipeline.imports.ids import own_id
from spotify_pipeline.progress import Progress
from spotify_pipeline.spotify.manifest import Coverage, Status
from spotify_pipeline.spotify.playlist_ids import OWN
from spotify_pipeline.steps.versions import newest_names
from spotify_pipeline.storage.gzipped import compress
from spotify_pipeline.tables.transform import decode_playlist

_RANKS: dict[str | None, int] = {each.name: number for number, each in enumerate(FORMATS)}
_UNKNOWN = f"it is in none of the known formats: {', '.join(each.name for each in FORMATS)}"


@dataclass
class ImportedFile:
    """What came of a file.

    Attributes:
        name: the file's.
        format: what people call its format; None where it is of none that is known.
        accepted: how many rows were taken, each day's counted.
        refused: what was not, and why.
        days: the days that it gave, by playlist.
        kept: those of them that stay as they were read from Spotify.
    """

    name: str
    format: str | None
    accepted: int = 0
    refused: list[Refusal] = field(default_factory=list)
    days: dict[str, list[date]] = field(default_factory=dict)
    kept: list[tuple[str, date]] = field(default_factory=list)


class Reading(NamedTuple):
    """A playlist on a day, its document compressed: a long history has thousands."""

    row: Coverage
    document: bytes
    file: ImportedFile

    def withdraw(self, day: date, reason: str) -> None:
        """Take it out of what its file gave."""
        playlist_id = self.row.playlist_id
        self.file.accepted -= self.row.items_read
        self.file.days[playlist_id].remove(day)
        if not self.file.days[playlist_id]:
            del self.file.days[playlist_id]
        self.file.refused.append(Refusal(f"playlist {playlist_id}", reason))


class Gathering:
    """All readings of an import, by day and playlist, before anything is written."""

    def __init__(self, backends: Warehouse, playlist: str | None, day: date | None, accept: frozenset[str]) -> None:
        """Nothing yet; the arguments are those of `import_history`."""
        self._backends, self._playlist, self._day, self.accept = backends, playlist, day, accept
        self._today = backends.settings.today()
        self.files: list[ImportedFile] = []
        self.days: dict[date, dict[str, Reading]] = {}

    def read(self, path: Path, progress: Progress) -> None:
        """Take what is under a path.

        Raises:
            SettingsError: there is nothing, or days lie before the first partition.
            DataError: nothing was accepted, or an archive is damaged.
        """
        if archive_git.is_archive(path):
            for name, contents in archive_git.playlists_in(path, self._playlist):
                progress.tell(f"reading {name}")
                self._add(ImportedFile(name, archive_git.NAME), contents)
        else:
            for file in files_under(path):
                progress.tell(f"reading {file.name}")
                self._add_file(file)
        self._check()

    def _add_file(self, file: File) -> None:
        """Take what is in a file."""
        kind = format_of(file)
        outcome = ImportedFile(file.name, kind.name if kind else None)
        try:
            contents = kind.read(file) if kind else _refused(_UNKNOWN)
        except DataError as error:
            contents = _refused(str(error))
        self._add(outcome, contents, file.modified)

    def _add(self, outcome: ImportedFile, contents: Contents, modified: datetime | None = None) -> None:
        """Take what was found in a file; `modified` is its time, for what does not tell its day."""
        self.files.append(outcome)
        outcome.refused = contents.refused
        for found in contents.playlists:
            self._take(found, modified, outcome)

    def _check(self) -> None:
        """Refuse an import that cannot be made as a whole.

        Raises:
            SettingsError: days lie before the first partition.
            DataError: nothing was accepted.
        """
        start = self._backends.settings.start_date
        if early := sorted(day for day in self.days if day < start):
            raise SettingsError(
                f"{len(early)} days to import lie before {start}, the first that there can be, so nothing is imported: "
                f"set SPOTIFY_PIPELINE_START_DATE to {early[0]} and import again."
            )
        if not self.days:
            reasons = [f"{file.name}, {each.place}: {each.reason}" for file in self.files for each in file.refused]
            raise DataError(f"Nothing could be imported: {_listed(reasons) or 'there is no file'}.")

    def _take(self, found: Found, modified: datetime | None, outcome: ImportedFile) -> None:
        place = f"playlist {found.name!r}"
        playlist_id = self._id_of(found)
        if playlist_id is None:
            return
        day, fetched_at = self._day_of(found, modified)
        days = [each for each in (day, *found.same_on) if each >= self._first_kept]
        if reason := self._why_not(found, day, is_kept=bool(days)):
            outcome.refused.append(Refusal(place, reason))
            return
        encoded = found.encoded(playlist_id)
        try:
            decode_playlist(playlist_id, encoded)
        except DataError as error:
            outcome.refused.append(Refusal(place, str(error)))
            return
        document = compress(encoded)
        row = Coverage(
            playlist_id,
            Status.IMPORTED,
            reason=" ".join(filter(None, (outcome.format, outcome.name, found.source))),
            observed_date=day,
            items_total=found.total,
            items_read=found.items,
            fetched_at=fetched_at,
            accepted=playlist_id in self.accept,
        )
        for each in days:
            readings = self.days.setdefault(each, {})
            if other := readings.get(playlist_id):
                if other.document == document:
                    continue
                if _RANKS.get(other.file.format, 0) <= _RANKS.get(outcome.format, 0):
                    outcome.refused.append(Refusal(place, f"{other.file.name} has a {playlist_id} of {each} already"))
                    continue
                other.withdraw(each, f"{outcome.name}, which holds more, has a {playlist_id} of {each} too")
            readings[playlist_id] = Reading(row, document, outcome)
            outcome.accepted += found.items
            outcome.days.setdefault(playlist_id, []).append(each)

    def _id_of(self, found: Found) -> str | None:
        """The id of the playlist; None for one that is not meant."""
        if found.playlist_id:
            return found.playlist_id if self._playlist in (None, found.playlist_id) else None
        if self._playlist:
            return self._playlist
        called = [id_ for id_, name in self._names.items() if found.is_called(name)]
        return called[0] if len(called) == 1 else own_id(found.name)

    @cached_property
    def _first_kept(self) -> date:
        """The first day that is not removed again."""
        keep, first = self._backends.settings.retention_days, self._backends.tables.horizon.load().first
        return max(first, self._today - timedelta(days=keep)) if keep else first

    @cached_property
    def _names(self) -> dict[str, str]:
        """What playlists of the history are called that have an id of Spotify's."""
        if not self._backends.tables.published_days():
            return {}
        return {id_: name for id_, name in newest_names(self._backends.engine).items() if not id_.startswith(OWN)}

    def _day_of(self, found: Found, modified: datetime | None) -> tuple[date, datetime | None]:
        if found.day:
            return found.day, found.fetched_at
        return (modified.date(), modified) if modified and not self._day else (self._day or self._today, None)

    def _why_not(self, found: Found, day: date, *, is_kept: bool) -> str | None:
        if not is_kept:
            return f"it is of {day}, and days before {self._first_kept} are not kept"
        if day > self._today:
            return f"it would be of {day}, which is still to come: give its day with --day"
        if found.newest and found.newest > day:
            return f"it would be of {day}, but tells of {found.newest}: give its day with --day"
        if found.refused > found.items:
            return (
                f"{found.refused} of its {found.refused + found.items} rows were refused: the rest is not the playlist"
            )
        return None


def _refused(reason: str) -> Contents:
    """A file of which nothing is taken."""
    return Contents([], [Refusal("the file", reason)])


def _listed(reasons: Sequence[str], most: int = 3) -> str:
    more = len(reasons) - most
    return "; ".join(reasons[:most]) + (f"; and {more} more" if more > 0 else "")
