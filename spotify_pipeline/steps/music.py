"""The artists and albums of a day, as its documents name them."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from spotify_pipeline.errors import DataError
from spotify_pipeline.spotify.details import ALBUMS, ARTISTS, Kind
from spotify_pipeline.spotify.documents import Album, Content, Playlist, decode
from spotify_pipeline.storage.raw import RawDay


def music_of(raw_day: RawDay) -> dict[Kind[Any], set[str]]:
    """The ids of the artists and albums of whatever stands in the day's playlists.

    Artists come first: tracks hold little but their names, so that details of them tell more, in fewer requests.
    """
    artists: set[str | None] = set()
    albums: set[str | None] = set()
    for row in raw_day.manifest.playlists:
        if row.status.has_rows:
            for content in _contents(raw_day, row.playlist_id):
                album = content.album or Album()
                albums.add(album.id)
                artists.update(artist.id for artist in chain(content.artists or (), album.artists or ()))
    return {ARTISTS: {one for one in artists if one}, ALBUMS: {one for one in albums if one}}


def _contents(raw_day: RawDay, playlist_id: str) -> Iterator[Content]:
    try:
        page = decode(raw_day.document(playlist_id), Playlist).contents
    except DataError:
        return  # the transformation takes it aside and says so
    yield from (entry.content for entry in (page.entries if page else ()) if entry.content)
