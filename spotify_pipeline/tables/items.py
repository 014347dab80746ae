"""What stands at a position of a playlist: what kind of thing it is, and what tells it from others."""

import re
from datetime import UTC, datetime
from typing import TypeAlias

from spotify_pipeline.spotify.documents import Content, PlaylistItem

Standing: TypeAlias = tuple[Content | None, str, str, str | None, datetime | None, str | None]
"""Content, `item_type`, `item_key`, `track_id`, `added_at` and `added_by_id`: what `playlist_items` says of it."""

_NOT_RECORDED = datetime(1970, 1, 1, tzinfo=UTC)  # what Spotify sends as added_at of very old entries
_NOT_IN_ISRC = re.compile(r"[\s-]")


def standing(position: int, entry: PlaylistItem) -> Standing:
    """What stands at a position.

    The key is the URI, or what stands for it. Only tracks have a track id. Who added it, and when, is None where
    Spotify does not know. All at once, because this is done for each of millions of items.
    """
    content, added_at, added_by = entry.content, entry.added_at, entry.added_by
    if added_at == _NOT_RECORDED:
        added_at = None
    added_by_id = (added_by.id or None) if added_by else None
    if content is None:
        return None, "unavailable", f"unavailable:{position}", None, added_at, added_by_id
    key = content.uri
    is_local = content.is_local if entry.is_local is None else entry.is_local
    if is_local or (key and key.startswith("spotify:local:")):
        kind, track_id = "local", None
    # Not the other way round: libraries that write answers down anew have put `Track` for `track`.
    elif (content.type or "").lower() == "episode":
        kind, track_id = "episode", None
    else:
        kind, track_id = "track", content.id or None
    if not key:  # as in some old answers
        key = f"spotify:{kind}:{content.id}" if content.id else f"unavailable:{position}"
    return content, kind, key, track_id, added_at, added_by_id


def isrc(content: Content) -> str | None:
    """The code of the recording, as ISO 3901 writes it in data; Spotify has some in small letters or with hyphens."""
    code = content.external_ids.isrc if content.external_ids else None
    if code and not code.isalnum():
        code = _NOT_IN_ISRC.sub("", code)
    return code.upper() if code else None
