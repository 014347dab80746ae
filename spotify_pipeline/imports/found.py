"""What a reader takes and gives: a file, the playlists in it, and what of it was refused."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec

Encoded = dict[str, Any]
"""A piece of a document, as the Web API's JSON has it; values may be `msgspec.Raw`."""


class File(NamedTuple):
    """A file, or an entry of an archive.

    Attributes:
        name: without folders.
        content: its bytes.
        modified: when it was last written, in UTC.
    """

    name: str
    content: bytes
    modified: datetime


class Refusal(NamedTuple):
    """Something that was not taken: where it stands, and why not."""

    place: str
    reason: str


@dataclass(frozen=True)
class Found:
    """A playlist as it was on a day.

    Attributes:
        name: what it is called there.
        document: the Web API's JSON of a playlist, as far as the format holds it, without the id.
        items: how many rows it has.
        refused: how many more it would have had, if they could be read.
        total: how many Spotify said that there are; None where the format does not tell, or some were refused.
        newest: the newest day that it tells of: it cannot be how the playlist was on an earlier one.
        playlist_id: Spotify's id, where the file tells it.
        is_called: tells whether a playlist of this name may be meant, where the file does not have the id.
        day: the day, where the file tells it.
        fetched_at: when it was asked of Spotify, where the file tells the day.
        source: where in the file it stands, if there are several versions.
        same_on: further days, of which the file tells that nothing had changed.
    """

    name: str
    document: Encoded
    items: int
    refused: int = 0
    total: int | None = None
    newest: date | None = None
    playlist_id: str | None = None
    is_called: Callable[[str], bool] = lambda _: False
    day: date | None = None
    fetched_at: datetime | None = None
    source: str | None = None
    same_on: Sequence[date] = ()

    def encoded(self, playlist_id: str) -> bytes:
        """The document on one line."""
        return msgspec.json.encode({"id": playlist_id, **self.document})


class Contents(NamedTuple):
    """What is in a file."""

    playlists: Iterable[Found]
    refused: list[Refusal]


@dataclass(frozen=True)
class Format:
    """A format of files.

    Attributes:
        name: what people call it.
        recognises: whether a file is of this format, from its content and, where that does not tell, its name.
        read: gives what is in such a file; raises `DataError` where the file as a whole is damaged.
    """

    name: str
    recognises: Callable[[File], bool]
    read: Callable[[File], Contents]
