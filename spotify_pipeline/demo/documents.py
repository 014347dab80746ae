"""The catalogue's values as objects of the Web API, as Spotify's development mode sends them since 2026.

An object's `href` names Spotify, as in real answers. Only what a client follows (playlists and pages) names
the stand-in; `web_api` adds those.
"""

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from spotify_pipeline.demo.model import Album, Artist, Episode, LocalFile, Playlist, Row, Show, Track, User

Document = dict[str, object]

_API = "https://api.spotify.com/v1"
_IMAGES = "https://i.scdn.co/image"
# The first digits of an image's address tell what it shows, and how large it is.
_ALBUM_COVER = {640: "ab67616d0000b273", 300: "ab67616d00001e02", 64: "ab67616d00004851"}
_ARTIST_PHOTO = {640: "ab6761610000e5eb", 320: "ab67616100005174", 160: "ab6761610000f178"}
_PODCAST_COVER = {640: "ab6765630000ba8a", 300: "ab67656300005f1f", 64: "ab6765630000f68d"}
_PLAYLIST_COVER = "ab67706c0000da84"


def user_document(user: User) -> Document:
    """Return a user with the display name, as owners of playlists are sent."""
    return {"display_name": user.display_name} | _user(user.id)


def playlist_document(playlist: Playlist, href: str) -> Document:
    """Return a playlist without its items and followers.

    Args:
        playlist: The playlist as it is now.
        href: Its address on the stand-in.
    """
    cover = f"{_IMAGES}/{_PLAYLIST_COVER}{playlist.image}"
    return {
        "collaborative": playlist.is_collaborative,
        "description": escape(playlist.description),  # the one text that Spotify sends as HTML
        **_reference("playlist", playlist.id),
        "href": href,
        "images": [{"height": None, "url": cover, "width": None}] if playlist.image else None,
        "name": playlist.name,
        "owner": user_document(playlist.owner),
        "primary_color": None,
        "public": playlist.is_public,
        "snapshot_id": playlist.snapshot_id,
    }


def item_document(row: Row) -> Document:
    """Return one row of a playlist."""
    match row.content:
        case Track() as track:
            # Here, and not where a track is asked for alone, Spotify says twice what kind of item it is.
            item: Document | None = track_document(track) | {"episode": False, "track": True}
        case Episode() as episode:
            item = _episode(episode)
        case LocalFile() as file:
            item = _local_file(file)
        case None:
            item = None
    return {
        "added_at": row.added_at,
        "added_by": _user(row.added_by),
        "is_local": isinstance(row.content, LocalFile),
        "primary_color": None,
        "video_thumbnail": {"url": None},
        "item": item,
    }


def track_document(track: Track) -> Document:
    """Return a track with its album."""
    return {
        "album": _album(track.album),
        **_track_on_album(track),
        "external_ids": {"isrc": track.isrc},
        "is_playable": track.is_playable,
    }


def album_document(album: Album, tracks: Sequence[Track]) -> Document:
    """Return an album with its tracks, none of which name the album again."""
    page: Document = {
        "href": f"{_API}/albums/{album.id}/tracks?offset=0&limit=50",
        "items": [_track_on_album(track) for track in tracks],
        "limit": 50,
        "next": None,
        "offset": 0,
        "previous": None,
        "total": len(tracks),
    }
    return _album(album) | {
        "tracks": page,
        "copyrights": [],
        "external_ids": {"upc": album.upc},
        "genres": [],
    }


def artist_document(artist: Artist) -> Document:
    """Return an artist with photos: development mode knows neither followers nor genres."""
    return _artist(artist) | {"images": _images(_ARTIST_PHOTO, artist.image)}


def _reference(kind: str, spotify_id: str) -> Document:
    """Return what all objects have in common."""
    word = quote(spotify_id)
    return {
        "external_urls": {"spotify": f"https://open.spotify.com/{kind}/{word}"},
        "href": f"{_API}/{kind}s/{word}",
        "id": spotify_id,
        "type": kind,
        "uri": f"spotify:{kind}:{word}",
    }


def _images(sizes: dict[int, str], key: str) -> list[Document]:
    return [{"height": size, "url": f"{_IMAGES}/{prefix}{key}", "width": size} for size, prefix in sizes.items()]


def _user(user_id: str) -> Document:
    return _reference("user", user_id)


def _artist(artist: Artist) -> Document:
    return _reference("artist", artist.id) | {"name": artist.name}


def _album(album: Album) -> Document:
    return _reference("album", album.id) | {
        "album_type": album.album_type,
        "artists": [_artist(artist) for artist in album.artists],
        "images": _images(_ALBUM_COVER, album.image),
        "is_playable": True,
        "name": album.name,
        "release_date": album.release_date,
        "release_date_precision": album.release_date_precision,
        "total_tracks": album.total_tracks,
    }


def _track_on_album(track: Track) -> Document:
    return _reference("track", track.id) | {
        "artists": [_artist(artist) for artist in track.artists],
        "disc_number": track.disc_number,
        "duration_ms": track.duration_ms,
        "explicit": track.explicit,
        "is_local": False,
        "name": track.name,
        "track_number": track.track_number,
    }


def _episode(episode: Episode) -> Document:
    return _reference("episode", episode.id) | {
        "audio_preview_url": None,
        "description": episode.description,
        "duration_ms": episode.duration_ms,
        "episode": True,
        "explicit": False,
        "html_description": f"<p>{episode.description}</p>",
        "images": _images(_PODCAST_COVER, episode.show.image),
        "is_externally_hosted": False,
        "is_playable": True,
        "language": "en",
        "languages": ["en"],
        "name": episode.name,
        "release_date": episode.release_date,
        "release_date_precision": "day",
        "show": _show(episode.show),
        "track": False,
    }


def _show(show: Show) -> Document:
    return _reference("show", show.id) | {
        "copyrights": [],
        "description": show.description,
        "explicit": False,
        "html_description": f"<p>{show.description}</p>",
        "images": _images(_PODCAST_COVER, show.image),
        "is_externally_hosted": False,
        "languages": ["en"],
        "media_type": "audio",
        "name": show.name,
    }


def _local_file(file: LocalFile) -> Document:
    nowhere: Document = {"external_urls": {}, "href": None, "id": None}
    album: Document = nowhere | {
        "album_type": None,
        "artists": [],
        "images": [],
        "name": file.album,
        "release_date": None,
        "release_date_precision": None,
        "type": "album",
        "uri": None,
    }
    return nowhere | {
        "album": album,
        "artists": [nowhere | {"name": file.artist, "type": "artist", "uri": None}],
        "disc_number": 0,
        "duration_ms": file.seconds * 1000,
        "episode": False,
        "explicit": False,
        "external_ids": {},
        "is_local": True,
        "name": file.title,
        "track": True,
        "track_number": 0,
        "type": "track",
        "uri": file.uri,
    }
