"""Taking users out of raw documents: where one is the owner, or has added an entry, there is null.

All other values stay the bytes that Spotify sent: nothing goes through Python's numbers and strings.
"""

import json
from collections.abc import Collection
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from spotify_pipeline.errors import DataError

_NULL = Raw(b"null")
_CONTENTS = ("items", "tracks")
_Kind = TypeVar("_Kind")
_Object = dict[str, Raw]


class _User(Struct):
    id: str | None = None


def names_a_user(document: bytes, users: Collection[str]) -> bool:
    """Whether the text of a document has the id of one of these users as a value, however it escapes letters.

    One look tells, which may rarely be wrong, but never where one is named.
    """
    return any(msgspec.json.encode(user) in document or json.dumps(user).encode() in document for user in users)


def without_users(document: bytes, users: Collection[str]) -> bytes:
    """The document of a playlist with null for these users, wherever it names them.

    Raises:
        DataError: it is not the JSON of a playlist.
    """
    try:
        playlist = msgspec.json.decode(document, type=_Object)
        _blank(playlist, "owner", users)
        for key in _CONTENTS:
            page = _read(playlist.get(key, _NULL), _Object)
            entries = _read(page.get("items", _NULL), list[Raw]) if page else None
            if page and entries:
                page["items"] = Raw(msgspec.json.encode([_entry(entry, users) for entry in entries]))
                playlist[key] = Raw(msgspec.json.encode(page))
        return msgspec.json.encode(playlist)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"cannot take a user out of the document: {error}") from None


def _entry(entry: Raw, users: Collection[str]) -> Raw:
    found = _read(entry, _Object)
    return Raw(msgspec.json.encode(found)) if found and _blank(found, "added_by", users) else entry


def _blank(found: _Object, key: str, users: Collection[str]) -> bool:
    """Put null for a user under a key; gives whether one of them was there."""
    user = _read(found.get(key, _NULL), _User)
    if user and user.id in users:
        found[key] = _NULL
        return True
    return False


def _read(value: Raw, kind: type[_Kind]) -> _Kind | None:
    """The value as that kind; None where it is of another one."""
    try:
        return msgspec.json.decode(value, type=kind)
    except msgspec.ValidationError:
        return None
