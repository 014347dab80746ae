"""What stands in a playlist, by the names that people know it by."""

from dataclasses import dataclass
from datetime import datetime

from spotify_pipeline.spotify.documents import Playlist, PlaylistItem
from spotify_pipeline.tables.items import standing


@dataclass(frozen=True)
class Item:
    """What stands at a position: the columns of `playlist_items` that matter to people, and more names.

    Attributes:
        position: from 0.
        artists: their names, in the order of the credits; none where Spotify sends none, as of episodes.
    """

    position: int
    item_type: str
    item_key: str
    name: str | None
    artists: tuple[str, ...]
    album: str | None
    duration_ms: int | None
    added_at: datetime | None
    added_by_id: str | None
    url: str | None

    @property
    def is_on_spotify(self) -> bool:
        """Whether its key is an address under which Spotify finds it: neither a file of the user's nor gone."""
        return self.item_key.startswith(("spotify:track:", "spotify:episode:"))

    @property
    def is_known(self) -> bool:
        """Whether Spotify tells anything of it."""
        return not self.item_key.startswith("unavailable:")


def items_of(playlist: Playlist) -> list[Item]:
    """The items of a document with its entries, in order."""
    entries = playlist.contents.entries if playlist.contents else ()
    return [_item(position, entry) for position, entry in enumerate(entries)]


def _item(position: int, entry: PlaylistItem) -> Item:
    content, kind, key, _, added_at, added_by_id = standing(position, entry)
    return Item(
        position=position,
        item_type=kind,
        item_key=key,
        name=content.name if content else None,
        artists=tuple(artist.name for artist in (content.artists or ()) if artist.name) if content else (),
        album=content.album.name if content and content.album else None,
        duration_ms=content.duration_ms if content else None,
        added_at=added_at,
        added_by_id=added_by_id,
        url=content.external_urls.spotify if content and content.external_urls else None,
    )
