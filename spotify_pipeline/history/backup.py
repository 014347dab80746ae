"""A raw document in the form of spotify-backup, https://github.com/caseychu/spotify-backup."""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from spotify_pipeline.history.printed import Printed

_PAGES = ("items", "tracks")  # as Spotify calls a playlist's contents, the newer name first
_ENTRY, _OLD_ENTRY = "item", "track"


class _Page(Struct):
    items: list[dict[str, Raw]] | None = None


def as_backup(document: bytes) -> Printed:
    """`{"playlists": […], "albums": []}` with the one playlist, whose `tracks` are a list of all its entries.

    Everything else is as Spotify sent it, each value as the same text. Entries have their content as `track`, whichever
    of its names for it Spotify used.

    Args:
        document: a raw document that could be read as a playlist.
    """
    playlist = msgspec.json.decode(document, type=dict[str, Raw])
    pages = [msgspec.json.decode(playlist.pop(name), type=_Page | None) for name in _PAGES if name in playlist]
    entries = next((page.items for page in pages if page and page.items is not None), [])
    backup: dict[str, Any] = {"playlists": [playlist | {"tracks": list(map(_renamed, entries))}], "albums": []}
    return Printed(msgspec.json.encode(backup).decode())


def _renamed(entry: dict[str, Raw]) -> dict[str, Raw]:
    return {_OLD_ENTRY if name == _ENTRY else name: value for name, value in entry.items() if not _is_old(name, entry)}


def _is_old(name: str, entry: dict[str, Raw]) -> bool:
    """Whether it is the older of both names, and the newer one is there too."""
    return name == _OLD_ENTRY and _ENTRY in entry
