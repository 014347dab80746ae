"""What formats that are JSON have in common."""

from functools import lru_cache
from typing import Any

import msgspec

from spotify_pipeline.spotify.documents import Playlist, PlaylistItem

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@lru_cache(1)  # each format looks at the file, until one recognises it
def parsed(content: bytes) -> Any:  # noqa: ANN401  # any JSON
    """The JSON in a file; None where there is something else."""
    content = content.removeprefix(_BYTE_ORDER_MARK)
    if content.lstrip()[:1] not in (b"[", b"{"):
        return None
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def objects(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401  # any JSON
    """The value, if it is a list of objects with one object at least; else an empty list."""
    is_list = isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)
    return value if is_list else []


def text_of(about: Any, key: str) -> str | None:  # noqa: ANN401  # any JSON
    """The text under a key of an object; None where there is something else."""
    value = about.get(key) if isinstance(about, dict) else None
    return value if isinstance(value, str) else None


def typed_entry(value: Any) -> PlaylistItem:  # noqa: ANN401  # any JSON
    """An entry of a playlist as the transformation reads it.

    Raises:
        msgspec.ValidationError: it cannot be read; the message names the field.
    """
    return msgspec.convert(value, PlaylistItem)


def typed_playlist(value: dict[str, Any]) -> Playlist:
    """A playlist as the transformation reads it; raises as `typed_entry`."""
    return msgspec.convert(value, Playlist)
