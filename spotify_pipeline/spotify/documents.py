"""Typed readings of the Web API's JSON: only the fields that the tables need, everything else is passed over.

Source: https://developer.spotify.com/documentation/web-api, and captures of real answers. Spotify sends three
shapes: before February 2026 the contents of a playlist are under `tracks` and each entry holds a `track`; since
then apps in development mode get `items` and `item`; and for some time both were sent. The shape of an answer
tells which it is, so nothing needs to be configured. One trap: inside a track object, `"track": true` is a boolean,
so `track` is declared on playlist entries only.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from itertools import chain
from typing import Annotated, TypeVar, cast

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from spotify_pipeline.errors import DataError

Timestamp = Annotated[datetime, Meta(tz=True)]
# What the tables' columns hold: a document with anything else fails alone, instead of the whole day.
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
BigCount = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_FIRST_TIME, _LAST_TIME = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class _Object(Struct, gc=False):
    """Not looked at by Python's garbage collector: no document holds itself, and there are millions of them."""


class Image(_Object):
    """A cover or portrait."""

    url: str | None = None


class ExternalUrls(_Object):
    """Links to the object on the web."""

    spotify: str | None = None


class ExternalIds(_Object):
    """Ids from outside Spotify."""

    isrc: str | None = None


class Followers(_Object):
    """How many follow the object."""

    total: BigCount | None = None


class User(_Object):
    """A playlist's owner, or who added an entry."""

    id: str | None = None
    display_name: str | None = None


class Artist(_Object):
    """An artist; in tracks and albums without genres, followers and popularity."""

    id: str | None = None
    name: str | None = None
    genres: list[str] | None = None
    followers: Followers | None = None
    popularity: Count | None = None
    images: list[Image | None] | None = None
    external_urls: ExternalUrls | None = None


class Album(_Object):
    """An album; inside a track without its label and popularity."""

    id: str | None = None
    name: str | None = None
    album_type: str | None = None
    release_date: str | None = None
    release_date_precision: str | None = None
    total_tracks: Count | None = None
    label: str | None = None
    popularity: Count | None = None
    images: list[Image | None] | None = None
    artists: list[Artist] | None = None
    external_urls: ExternalUrls | None = None


class Content(_Object):
    """A track, an episode or a local file: what stands at one position of a playlist.

    Episodes have neither album nor artists; local files have no ids.
    """

    type: str | None = None
    id: str | None = None
    uri: str | None = None
    name: str | None = None
    duration_ms: BigCount | None = None
    is_local: bool | None = None
    is_playable: bool | None = None
    explicit: bool | None = None
    disc_number: Count | None = None
    track_number: Count | None = None
    popularity: Count | None = None
    album: Album | None = None
    artists: list[Artist] | None = None
    external_ids: ExternalIds | None = None
    external_urls: ExternalUrls | None = None


class PlaylistItem(_Object):
    """One position of a playlist."""

    added_at: Timestamp | None = None
    added_by: User | None = None
    is_local: bool | None = None
    item: Content | UnsetType | None = UNSET
    track: Content | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        """Refuse what no column holds, and an entry with neither key, which is none. msgspec adds where it stands."""
        if self.item is UNSET and self.track is UNSET:
            raise ValueError("neither `item` nor `track`")
        if self.added_at and not _FIRST_TIME <= self.added_at <= _LAST_TIME:  # possible with an offset from UTC
            raise ValueError("in UTC, `added_at` is not in the years 1 to 9999")

    @property
    def content(self) -> Content | None:
        """What stands at this position; None where Spotify sent null."""
        content = self.track if self.item is UNSET else self.item
        return None if content is UNSET else content


class Page(_Object):
    """One page of a playlist's entries, all of them once pages are merged, or (without `items`) their number."""

    items: list[PlaylistItem] | UnsetType = UNSET
    total: Count | None = None

    @property
    def entries(self) -> list[PlaylistItem]:
        """The entries on this page; none where only their number was sent."""
        return [] if isinstance(self.items, UnsetType) else self.items


class Playlist(_Object):
    """A playlist with its entries, or its metadata alone where the app may not read them."""

    id: str
    name: str | None = None
    description: str | None = None
    owner: User | None = None
    public: bool | None = None
    collaborative: bool | None = None
    snapshot_id: str | None = None
    followers: Followers | None = None
    images: list[Image | None] | None = None
    external_urls: ExternalUrls | None = None
    items: Page | None = None
    tracks: Page | None = None

    @property
    def contents(self) -> Page | None:
        """The entries; None where only metadata was sent."""
        pages = (page for page in (self.items, self.tracks) if page is not None and page.items is not UNSET)
        return next(pages, None)

    @property
    def total(self) -> int | None:
        """How many entries Spotify says there are; None where it does not say."""
        totals = (page.total for page in (self.items, self.tracks) if page is not None)
        return next((total for total in totals if total is not None), None)


class Account(Struct, frozen=True):
    """The user who has logged in."""

    id: str
    display_name: str | None = None


class ListedPlaylist(Struct):
    """A playlist as listings show it."""

    id: str | None
    snapshot_id: str | None = None
    name: str | None = None
    owner: User | None = None
    collaborative: bool | None = None


class Listing(Struct):
    """One page of `/me/playlists`; null stands for a playlist that the app may not see."""

    items: list[ListedPlaylist | None]
    total: int


_Document = TypeVar("_Document", Playlist, Page, Listing, Account, Artist, Album)
_DECODERS = {kind: msgspec.json.Decoder(kind) for kind in (Playlist, Page, Listing, Account, Artist, Album)}


def decode(document: bytes, kind: type[_Document]) -> _Document:
    """Read a JSON document as `kind`.

    Raises:
        DataError: it is not JSON, or a field has another type; the message names the field.
    """
    try:
        return cast("_Document", _DECODERS[kind].decode(document))
    except (msgspec.ValidationError, RecursionError) as error:
        raise DataError(f"unexpected JSON: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"not JSON: {error}") from None


_CANNOT_MERGE = "cannot merge the playlist's pages"
_NULL = Raw(b"null")
_Kind = TypeVar("_Kind")


class _NewShape(Struct):
    items: dict[str, Raw] | None = None


class _RawPage(Struct):
    items: list[Raw]
    next: Raw = _NULL


def on_one_line(document: bytes) -> bytes:
    """The JSON document without white space around its tokens, each token as the bytes that it was.

    Raises:
        DataError: it is not JSON.
    """
    with _refusing("cannot put the document on one line"):
        return msgspec.json.format(document, indent=-1)


def merge_pages(playlist: bytes, further_pages: Iterable[bytes]) -> bytes:
    """The playlist as one document on one line, with the entries of all its pages.

    Values are copied as the bytes that Spotify sent, so that nothing is lost in a round trip through Python's
    numbers and strings. Only the merged page's `next` changes: it becomes the last page's. Each page is let go before
    the next one is taken, and the merged document is in memory once.

    Raises:
        DataError: a document is not as Spotify documents it.
    """
    pages = iter(further_pages)
    second = next(pages, None)
    if second is None:
        with _refusing(_CANNOT_MERGE):
            return msgspec.json.format(playlist, indent=-1)
    document = _read(playlist, dict[str, Raw])
    key = "items" if "items" in (_read(playlist, _NewShape).items or {}) else "tracks"
    first = document.get(key, _NULL)
    entries, link = _entries(chain([first, second], pages))
    around = _read(first, dict[str, Raw]) | {"items": Raw(b"[\n]"), "next": link}
    document[key] = Raw(msgspec.json.encode(around))
    before, after = msgspec.json.encode(document).split(b"\n")  # which is nowhere else: no token holds a line feed
    return _between(before, entries, after)


@contextmanager
def _refusing(problem: str) -> Iterator[None]:
    try:
        yield
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"{problem}: {error}") from None


def _read(document: bytes, kind: type[_Kind]) -> _Kind:
    with _refusing(_CANNOT_MERGE):
        return msgspec.json.decode(msgspec.json.format(document, indent=-1), type=kind)


def _entries(pages: Iterable[bytes]) -> tuple[BytesIO, Raw]:
    """The entries of all pages with commas between, and the `next` of the last page."""
    entries, link = BytesIO(), _NULL
    for body in pages:
        page = _read(body, _RawPage)
        if page.items and entries.tell():
            entries.write(b",")
        entries.write(b",".join(page.items))
        link = page.next
    return entries, link


def _between(before: bytes, text: BytesIO, after: bytes) -> bytes:
    """The three in one piece; `text` is moved inside its own buffer, because it may be too large to be copied."""
    start, end = len(before), len(before) + text.tell()
    text.write(before + after)  # makes room
    with text.getbuffer() as buffer:
        buffer[start:end] = buffer[: end - start]
        buffer[:start], buffer[end:] = before, after
    return text.getvalue()
