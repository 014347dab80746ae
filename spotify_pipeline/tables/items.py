"""What stands at a position of a playlist: what kind of thing it is, and what tells it from others."""

import re
from datetime import UTC, datetime

from spotify_pipeline.spotify.documents import Content, PlaylistItem

_NOT_RECORDED = datetime(1970, 1, 1, tzinfo=UTC)  # what Spotify sends as added_at of very old entries


def item_type(entry: PlaylistItem, content: Content | None) -> str:
    """One of `ITEM_TYPES` of the declarations."""
    if content is None:
        return "unavailable"
    is_local = content.is_local if entry.is_local is None else entry.is_local
    if is_local or (content.uri or "").startswith("spotify:local:"):
        return "local"
    # Not the other way round: libraries that write answers down anew have put `Track` for `track`.
    return "episode" if (content.type or "").lower() == "episode" else "track"


def item_key(position: int, item_type: str, content: Content | None) -> str:
    """The URI, or what stands for it."""
    if content and content.uri:
        return content.uri
    if content and content.id:  # some old answers have no URI
        return f"spotify:{item_type}:{content.id}"
    return f"unavailable:{position}"


def added_at(entry: PlaylistItem) -> datetime | None:
    """When it was added; None where Spotify does not know."""
    return None if entry.added_at == _NOT_RECORDED else entry.added_at


def added_by_id(entry: PlaylistItem) -> str | None:
    """Who added it."""
    return (entry.added_by.id or None) if entry.added_by else None


def track_id(item_type: str, content: Content | None) -> str | None:
    """Spotify's id of a track; None for all but tracks."""
    return (content.id or None) if content and item_type == "track" else None


def isrc(content: Content) -> str | None:
    """The code of the recording, as ISO 3901 writes it in data; Spotify has some in small letters or with hyphens."""
    code = content.external_ids.isrc if content.external_ids else None
    return re.sub(r"[\s-]", "", code).upper() or None if code else None
