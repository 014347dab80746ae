"""A Spotify with as many playlists of as many items as a test wants, all made from one page."""

import json
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

_PAGE_ITEMS, _LISTED = 100, 50
_ANY = "0" * 12  # the first part of all ids in the page that others are made from
_MARKETS = [first + second for first in "ABCDEFGHI" for second in "ABCDEFGHIJKLMNOPQRST"]  # there are about 180


class BigSpotify:
    """The server; a context manager."""

    def __init__(self, playlists: int, items: int) -> None:
        self.playlists = [f"{number:022}" for number in range(playlists)]
        self._items = items
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.answer = self._answer
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self.bytes_sent = 0

    def __enter__(self) -> Self:
        Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _answer(self, path: str, offset: int) -> bytes:
        answer = self._body(path.split("/"), offset)
        self.bytes_sent += len(answer)
        return answer

    def _body(self, path: list[str], offset: int) -> bytes:
        match path[2:]:
            case ["token"]:
                return _encoded({"access_token": "a-token", "token_type": "Bearer", "expires_in": 3600})
            case ["me", "playlists"]:
                listed = [{"id": found, "snapshot_id": "1"} for found in self.playlists[offset : offset + _LISTED]]
                return _encoded({"items": listed, "total": len(self.playlists)})
            case ["playlists", playlist_id]:
                playlist = {"id": playlist_id, "name": "A playlist", "snapshot_id": "1", "tracks": "the page"}
                return _encoded(playlist).replace(b'"the page"', self._page(playlist_id, 0))
            case _:
                return self._page(path[3], offset)

    def _page(self, playlist_id: str, offset: int) -> bytes:
        page = _page(min(_PAGE_ITEMS, self._items - offset), self._items)
        return page.replace(_ANY.encode(), f"{playlist_id[-6:]}{offset:06}".encode())


@cache
def _page(count: int, total: int) -> bytes:
    return _encoded({"items": [_item(f"{_ANY}{position:010}") for position in range(count)], "total": total})


def _item(ident: str) -> dict[str, Any]:
    """One entry, with all that Spotify sends for it: about 3 KB."""
    artist = {
        "external_urls": {"spotify": f"https://open.spotify.com/artist/{ident}"},
        "href": f"https://api.spotify.com/v1/artists/{ident}",
        "id": ident,
        "name": "An artist",
        "type": "artist",
        "uri": f"spotify:artist:{ident}",
    }
    album = {
        "album_type": "album",
        "artists": [artist],
        "available_markets": _MARKETS,
        "id": ident,
        "images": [{"height": size, "url": f"https://i.scdn.co/image/{ident}", "width": size} for size in (64, 300)],
        "name": "An album",
        "release_date": "2020-02-20",
        "release_date_precision": "day",
        "total_tracks": 12,
        "type": "album",
        "uri": f"spotify:album:{ident}",
    }
    track = {
        "album": album,
        "artists": [artist],
        "available_markets": _MARKETS,
        "disc_number": 1,
        "duration_ms": 200_000,
        "explicit": False,
        "external_ids": {"isrc": "QZES81234567"},
        "id": ident,
        "is_local": False,
        "name": "A track",
        "popularity": 50,
        "track_number": 1,
        "type": "track",
        "uri": f"spotify:track:{ident}",
    }
    return {"added_at": "2020-02-20T20:20:20Z", "added_by": {"id": "somebody"}, "is_local": False, "track": track}


def _encoded(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


class _Server(ThreadingHTTPServer):
    answer: Callable[[str, int], bytes]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave together
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        body = self.server.answer(url.path, int(dict(parse_qsl(url.query)).get("offset", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815  # as the base class wants it

    def log_message(self, *_: object) -> None:
        """Say nothing."""
