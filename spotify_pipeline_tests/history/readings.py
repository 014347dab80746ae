"""Documents of a playlist as two days may have them, with everything that stands in real ones."""

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from spotify_pipeline.history.versions import Comparison, Version
from spotify_pipeline.spotify.documents import (
    Album,
    Artist,
    Content,
    ExternalIds,
    ExternalUrls,
    Page,
    Playlist,
    PlaylistItem,
    User,
)

ID = "3cEYpjA9oz9GiPac4AsH4n"
FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 4)
UNAVAILABLE = PlaylistItem(item=None)
HOSTILE = [
    "](http://evil)",
    "<script>alert(1)</script>",
    "a\nspotify:track:forged",
    "\x1b[31mred",
    "[bold]x[/bold]",
    "**b** _i_ `c` ~~s~~",
    "www.evil.example",
    "https://evil.example",
    "me@evil.example",
    "#EXTINF:1,x",
    "&lt;b&gt; &amp;",
    "| a | b |",
    "\u202eklim",
    "",
]


def track(
    name: str,
    *artists: str,
    id_: str | None = None,
    isrc: str | None = None,
    album: str = "Album",
    length: int = 187_000,
) -> PlaylistItem:
    """A track whose id is its name, unless another one is given."""
    key = id_ or name
    return PlaylistItem(
        added_at=datetime(2026, 10, 5, 12, tzinfo=UTC),
        added_by=User("anna"),
        item=Content(
            type="track",
            id=key,
            uri=f"spotify:track:{key}",
            name=name,
            duration_ms=length,
            album=Album(name=album),
            artists=[Artist(name=artist) for artist in artists],
            external_ids=ExternalIds(isrc=isrc),
            external_urls=ExternalUrls(f"https://open.spotify.com/track/{key}"),
        ),
    )


def local(name: str, *artists: str) -> PlaylistItem:
    """A file of the user's own, of which Spotify knows neither who has added it nor when."""
    uri = f"spotify:local:{'+'.join(artists)}::{name}:12"
    return PlaylistItem(
        is_local=True, item=Content(uri=uri, name=name, artists=[Artist(name=artist) for artist in artists])
    )


def episode(name: str) -> PlaylistItem:
    return PlaylistItem(item=Content(type="episode", id=name, uri=f"spotify:episode:{name}", name=name))


def playlist(*entries: PlaylistItem, name: str = "Mix", **fields: Any) -> Playlist:
    return Playlist(ID, name, items=Page(list(entries)), **fields)


def version(*entries: PlaylistItem, day: date = FIRST, **fields: Any) -> Version:
    return Version(day, day, playlist(*entries, **fields))


def comparison(before: Playlist, after: Playlist) -> Comparison:
    return Comparison(Version(FIRST, FIRST, before), Version(SECOND, SECOND, after))


NAMES = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=8))
_LETTERS = st.sampled_from("abcd")
# Few of each, so that they repeat; the address decides what it is called.
ENTRIES = st.one_of(
    st.builds(lambda letter: track(f"Song {letter}", f"Artist {letter}", id_=letter), _LETTERS),
    st.sampled_from([track("X", "Y", id_=id_, isrc="ISRC1", album=f"Album {id_}") for id_ in ("x1", "x2")]),
    st.builds(lambda letter: local(f"File {letter}", "Me"), _LETTERS),
    st.builds(episode, _LETTERS),
    st.just(UNAVAILABLE),
)
HOSTILE_ENTRIES = st.one_of(
    ENTRIES,
    st.builds(lambda name, artist: track(name, artist, id_="evil"), NAMES, NAMES),
    st.builds(local, NAMES, NAMES),
)
PLAYLISTS = st.builds(lambda entries, name: playlist(*entries, name=name), st.lists(ENTRIES, max_size=12), NAMES)
HOSTILE_PLAYLISTS = st.builds(
    lambda entries, name: playlist(*entries, name=name), st.lists(HOSTILE_ENTRIES, max_size=8), NAMES
)
