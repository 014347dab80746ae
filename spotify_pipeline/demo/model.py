"""What the invented catalogue consists of: plain values, without any idea of how they are made or sent."""

import base64
from dataclasses import dataclass
from functools import cached_property
from typing import Literal
from urllib.parse import quote_plus

from spotify_pipeline.demo.repeatable import digest

AlbumType = Literal["album", "single", "compilation"]


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a Spotify account."""

    id: str
    display_name: str


@dataclass(frozen=True, slots=True)
class Artist:
    """A musician, a band, or the 'Various Artists' of a compilation."""

    id: str
    name: str
    image: str


@dataclass(frozen=True, slots=True)
class Album:
    """A release: album, single or compilation. `release_date` has the form that its precision asks for."""

    id: str
    name: str
    album_type: AlbumType
    artists: tuple[Artist, ...]
    release_date: str | None
    release_date_precision: str | None
    total_tracks: int
    image: str
    upc: str


@dataclass(frozen=True, slots=True)
class Track:
    """A recording as it lies on one album. On another album it is another track with the same ISRC."""

    id: str
    name: str
    album: Album
    artists: tuple[Artist, ...]
    disc_number: int
    track_number: int
    duration_ms: int
    explicit: bool
    isrc: str
    is_playable: bool

    @property
    def uri(self) -> str:
        """The name by which Spotify knows this track."""
        return f"spotify:track:{self.id}"


@dataclass(frozen=True, slots=True)
class Show:
    """A podcast."""

    id: str
    name: str
    description: str
    image: str


@dataclass(frozen=True, slots=True)
class Episode:
    """One part of a podcast."""

    id: str
    name: str
    description: str
    show: Show
    duration_ms: int
    release_date: str

    @property
    def uri(self) -> str:
        """The name by which Spotify knows this episode."""
        return f"spotify:episode:{self.id}"


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on the listener's own disk. Spotify knows what its tags say, and no more."""

    artist: str
    album: str
    title: str
    seconds: int

    @property
    def uri(self) -> str:
        """The name that Spotify makes for this file from its tags."""
        tags = ":".join(map(quote_plus, (self.artist, self.album, self.title)))
        return f"spotify:local:{tags}:{self.seconds}"


Content = Track | Episode | LocalFile


@dataclass(frozen=True, slots=True)
class Row:
    """One position of a playlist. Spotify has lost the content of some, and who added some very old ones."""

    added_at: str
    added_by: str
    content: Content | None


@dataclass(frozen=True)
class Playlist:
    """A playlist as it is on one day."""

    id: str
    name: str
    description: str
    owner: User
    is_public: bool
    is_collaborative: bool
    followers: int
    image: str | None
    rows: tuple[Row, ...]

    @cached_property
    def snapshot_id(self) -> str:
        """A mark of everything that is in the playlist: equal for equal playlists, and for no others."""
        rows = (f"{row.added_at} {row.added_by} {row.content and row.content.uri}" for row in self.rows)
        flags = f"{self.owner.id} {self.is_public} {self.is_collaborative} {self.followers} {self.image}"
        mark = digest(self.id, ascii(self.name), ascii(self.description), flags, *rows)[:20]
        return base64.b64encode(b"\0\0\0\1" + mark).decode()

    def is_readable_by(self, user: User) -> bool:
        """Whether Spotify shows the user the content, and not the cover and title only."""
        return self.owner == user or self.is_collaborative
