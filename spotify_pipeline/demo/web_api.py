"""The Web API of the stand-in, by the rules of Spotify's development mode of 2026."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TypeVar
from urllib.parse import urlencode

from spotify_pipeline.demo.accounts import Accounts
from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.documents import (
    Document,
    album_document,
    artist_document,
    item_document,
    playlist_document,
    track_document,
    user_document,
)
from spotify_pipeline.demo.exchange import RefusedError, Reply, Request
from spotify_pipeline.demo.model import Playlist

Thing = TypeVar("Thing")

_PAGE_LIMIT = 50
_EMBEDDED_ITEMS = 100  # that come with the playlist itself


class WebApi:
    """Answers requests with the state of one day.

    Args:
        catalogue: What there is to tell.
        url: Where the stand-in lies, without a slash at the end.
        day: The day that is today.
    """

    def __init__(self, catalogue: DemoCatalogue, url: str, day: date) -> None:
        self._catalogue = catalogue
        self._listener = catalogue.listener
        self._url = url
        self._accounts = Accounts()
        self._routes: list[tuple[str, str, Callable[..., Reply]]] = [
            ("GET", "/authorize", self._accounts.authorize),
            ("POST", "/api/token", self._accounts.token),
            ("GET", "/v1/me", self._me),
            ("GET", "/v1/me/playlists", self._my_playlists),
            ("GET", "/v1/playlists/([^/]+)", self._playlist),
            ("GET", "/v1/playlists/([^/]+)/items", self._playlist_items),
            ("GET", "/v1/playlists/[^/]+/tracks", self._forbidden),
            ("GET", "/v1/tracks/([^/]+)", self._track),
            ("GET", "/v1/albums/([^/]+)", self._album),
            ("GET", "/v1/artists/([^/]+)", self._artist),
            ("GET", "/v1/(?:tracks|albums|artists)", self._forbidden),
        ]
        self.set_day(day)

    def set_day(self, day: date) -> None:
        """Make it another day: from now on all answers are of that day."""
        self._playlists = {playlist.id: playlist for playlist in self._catalogue.playlists_on(day)}

    def answer(self, request: Request) -> Reply:
        """Return the reply to a request, errors included."""
        try:
            if request.path.startswith("/v1/"):
                self._accounts.is_user(request)
            path = request.path.rstrip("/")  # spotipy ends some of its addresses with one
            for method, pattern, handler in self._routes:
                found = re.fullmatch(pattern, path)
                if found and method == request.method:
                    return handler(request, *found.groups())
            raise RefusedError.by_web_api(404, "Service not found")
        except RefusedError as refusal:
            return refusal.reply

    def _need_user(self, request: Request) -> None:
        if not self._accounts.is_user(request):
            raise RefusedError.by_web_api(401, "Valid user authentication required")

    def _me(self, request: Request) -> Reply:
        self._need_user(request)
        return Reply(user_document(self._listener) | {"images": []})

    def _my_playlists(self, request: Request) -> Reply:
        self._need_user(request)

        def summary(playlist: Playlist | None) -> Document | None:
            if playlist is None:
                return None
            items = {"href": f"{self._href(playlist)}/items", "total": len(playlist.rows)}
            return playlist_document(playlist, self._href(playlist)) | {"items": items}

        # A list made by Spotify, which the listener follows too, is a null at the third place.
        listed: list[Playlist | None] = [*self._playlists.values()]
        listed.insert(2, None)
        limit = request.number("limit", 20, 1, _PAGE_LIMIT)
        return Reply(self._page(request, "/v1/me/playlists", listed, summary, limit))

    def _playlist(self, request: Request, playlist_id: str) -> Reply:
        playlist = self._find_playlist(playlist_id)
        document = playlist_document(playlist, self._href(playlist))
        document["followers"] = {"href": None, "total": playlist.followers}
        if self._accounts.is_user(request) and playlist.is_readable_by(self._listener):
            path = f"/v1/playlists/{playlist.id}/items"
            first = Request("GET", path, {}, {}, "")
            document["items"] = self._page(first, path, playlist.rows, item_document, _EMBEDDED_ITEMS)
        return Reply(_chosen_fields(request, document))

    def _playlist_items(self, request: Request, playlist_id: str) -> Reply:
        self._need_user(request)
        playlist = self._find_playlist(playlist_id)
        if not playlist.is_readable_by(self._listener):
            raise RefusedError.by_web_api(403, "Forbidden")
        limit = request.number("limit", 20, 1, _PAGE_LIMIT)
        page = self._page(request, request.path, playlist.rows, item_document, limit)
        return Reply(_chosen_fields(request, page))

    def _track(self, _: Request, track_id: str) -> Reply:
        return Reply(track_document(_find(self._catalogue.music.tracks, track_id)))

    def _album(self, _: Request, album_id: str) -> Reply:
        album = _find(self._catalogue.music.albums, album_id)
        return Reply(album_document(album, self._catalogue.music.album_tracks[album_id]))

    def _artist(self, _: Request, artist_id: str) -> Reply:
        return Reply(artist_document(_find(self._catalogue.music.artists, artist_id)))

    def _forbidden(self, _: Request) -> Reply:
        raise RefusedError.by_web_api(403, "Forbidden")

    def _find_playlist(self, playlist_id: str) -> Playlist:
        return _find(self._playlists, playlist_id)

    def _href(self, playlist: Playlist) -> str:
        return f"{self._url}/v1/playlists/{playlist.id}"

    def _page(
        self,
        request: Request,
        path: str,
        things: Sequence[Thing],
        build: Callable[[Thing], Document | None],
        limit: int,
    ) -> Document:
        """Return one page of a list, with the addresses of the pages beside it."""
        offset = request.number("offset", 0, 0, 100_000)
        end = offset + limit
        kept = {name: value for name, value in request.query.items() if name not in {"limit", "offset"}}

        def link(at: int, size: int = limit) -> str:
            return f"{self._url}{path}?{urlencode({'offset': at, 'limit': size} | kept)}"

        return {
            "href": link(offset),
            "items": [build(thing) for thing in things[offset:end]],
            "limit": limit,
            # The embedded page is larger than any that one may ask for.
            "next": link(end, min(limit, _PAGE_LIMIT)) if end < len(things) else None,
            "offset": offset,
            "previous": link(max(0, offset - limit)) if offset else None,
            "total": len(things),
        }


def _find(things: Mapping[str, Thing], spotify_id: str) -> Thing:
    if not re.fullmatch("[0-9A-Za-z]{22}", spotify_id):
        raise RefusedError.by_web_api(400, "Invalid base62 id")
    if spotify_id not in things:  # Spotify's own playlists, which development mode hides, among them
        raise RefusedError.by_web_api(404, "Resource not found")
    return things[spotify_id]


def _chosen_fields(request: Request, document: Document) -> Document:
    """Obey `fields` in its plain form, such as `name,snapshot_id`; any other form is taken for all fields."""
    fields = request.query.get("fields", "")
    if not re.fullmatch("[a-z_]+(,[a-z_]+)*", fields):
        return document
    return {name: document[name] for name in fields.split(",") if name in document}
