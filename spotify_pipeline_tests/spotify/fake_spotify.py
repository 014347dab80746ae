"""Spotify made up for tests: functions that answer requests, in place of the network or over a real socket."""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import requests
from pydantic import SecretStr
from requests.adapters import BaseAdapter

from spotify_pipeline.spotify.client import SpotifyClient
from spotify_pipeline.spotify.patience import Tell
from spotify_pipeline.spotify.quota import Forgetful, Memory, Quota
from spotify_pipeline.spotify.tokens import TokenSource
from spotify_pipeline_tests.spotify.fake_clock import FakeClock

API = "https://api.test/v1/"
ACCOUNTS = "https://accounts.test/"
TOKEN_PATH = "/api/token"

Shape = Literal["old", "new", "both"]
KEYS: dict[Shape, tuple[str, ...]] = {"old": ("tracks",), "new": ("items",), "both": ("items", "tracks")}
"""Where a playlist of each shape holds its entries."""


class Request(NamedTuple):
    """What was asked."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: Mapping[str, str]


def request_of(method: str, url: str, headers: Mapping[str, str], body: str) -> Request:
    parts = urlsplit(url)
    return Request(method, parts.path, dict(parse_qsl(parts.query)), dict(parse_qsl(body)), headers)


class Answer(NamedTuple):
    """What comes back."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = {}


Answering = Callable[[Request], Answer]
"""Answers a request; instead it may raise `requests.ConnectionError`, which drops the connection."""


def found(document: object) -> Answer:
    return Answer(json.dumps(document).encode())


def error(status: int, message: str, reason: str | None = None, **headers: str) -> Answer:
    """An error as the Web API words it; header names have `_` for `-`."""
    about = {"status": status, "message": message} | ({"reason": reason} if reason else {})
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(json.dumps({"error": about}).encode(), status, names)


def refused(problem: str, status: int = 400) -> Answer:
    """An error as the token endpoint words it."""
    return Answer(json.dumps({"error": problem, "error_description": "in other words"}).encode(), status)


def token(number: int = 1, expires_in: int = 3600, **others: str) -> Answer:
    return found({"access_token": f"access-token-{number}", "token_type": "Bearer", "expires_in": expires_in} | others)


class FakeTransport(BaseAdapter):
    """Lies under a session in place of the network, and keeps what was asked."""

    def __init__(self, answering: Answering) -> None:
        super().__init__()
        self.answering = answering
        self.requests: list[Request] = []

    def session(self) -> requests.Session:
        session = requests.Session()
        for scheme in ("https://", "http://"):
            session.mount(scheme, self)
        return session

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        body = request.body or ""
        asked = request_of(
            str(request.method), str(request.url), request.headers, body if isinstance(body, str) else body.decode()
        )
        self.requests.append(asked)
        answer = self.answering(asked)
        response = requests.Response()
        response.status_code = answer.status
        response._content = answer.body
        response.headers.update(answer.headers)
        response.request = request
        response.url = str(request.url)
        return response

    def close(self) -> None:
        """There is no connection."""


@contextmanager
def served(answering: Answering) -> Iterator[str]:
    """The same over a real socket: the URL of a local server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body leave together

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            try:
                answer = answering(request_of(self.command, self.path, dict(self.headers), body))
            except requests.ConnectionError:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if "Content-Length" in answer.headers:  # a wrong one: the answer ends early
                self.close_connection = True
            else:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_POST = do_GET  # noqa: N815  # as http.server calls it

        def log_message(self, *_: object) -> None:
            """Keep standard error free of request lines."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def playlist_id(number: int) -> str:
    return f"{number:022d}"


def entry(number: int, shape: Shape) -> dict[str, Any]:
    """The entry at one position, with the trap that every real track has: `"track": true` inside."""
    content = {
        "type": "track",
        "id": playlist_id(number),
        "uri": f"spotify:track:{playlist_id(number)}",
        "name": f"Song {number}",
        "track": True,
    }
    keys = {"old": ["track"], "new": ["item"], "both": ["item", "track"]}[shape]
    return {"added_at": "2026-01-02T03:04:05Z", "is_local": False} | dict.fromkeys(keys, content)


@dataclass
class FakePlaylist:
    """A playlist as the fake Web API has it; a test may change it between two requests."""

    id: str
    length: int = 3
    shape: Shape = "new"
    snapshot_id: str = "snapshot-1"
    readable: bool = True
    total: int | None = None
    """What Spotify says, where that is not the number of entries."""

    def document(self) -> dict[str, Any]:
        metadata = {"id": self.id, "name": f"Playlist {self.id}", "snapshot_id": self.snapshot_id}
        if not self.readable:
            return metadata
        return metadata | {key: self.page(0, 100) for key in KEYS[self.shape]}

    def page(self, offset: int, limit: int) -> dict[str, Any]:
        end = offset + limit
        return {
            "href": f"{API}playlists/{self.id}/items",
            "items": [entry(number, self.shape) for number in range(self.length)[offset:end]],
            "limit": limit,
            "next": f"{API}playlists/{self.id}/items?offset={end}&limit={limit}" if end < self.length else None,
            "offset": offset,
            "total": self.length if self.total is None else self.total,
        }


@dataclass
class FakeSpotify:
    """The few calls of the Web API that the pipeline makes, over some playlists. Call it with a request."""

    playlists: list[FakePlaylist] = field(default_factory=list)
    listing: list[FakePlaylist | None] | None = None
    """What `/me/playlists` shows, where that is not `playlists`; None stands for a hidden one."""

    def __post_init__(self) -> None:
        self._special: list[tuple[re.Pattern[str], Callable[[Request], Answer | None], Iterator[bool]]] = []
        self.transport = FakeTransport(self)

    def on(self, path: str, answering: Callable[[Request], Answer | None], *, after: int = 0, times: int = 1) -> None:
        """Let `answering` see requests first whose path ends like the pattern `path`; it may return None.

        It sees `times` of them after it has let `after` of them pass.
        """
        turns = chain(repeat(False, after), repeat(True, times))
        self._special.append((re.compile(f"{path}$"), answering, turns))

    def as_usual(self) -> None:
        """Forget what `on` was told."""
        self._special.clear()

    def client(
        self,
        clock: FakeClock | None = None,
        *,
        user: bool = True,
        memory: Memory | None = None,
        budget: int | None = None,
        tell: Tell = lambda _: None,
        **options: float,
    ) -> SpotifyClient:
        session = self.transport.session()
        patience = (clock or FakeClock()).patience(tell)
        refresh_token = SecretStr("refresh-token") if user else None
        tokens = TokenSource(ACCOUNTS, "client", SecretStr("app-secret"), refresh_token, session, patience)
        quota = Quota(memory or Forgetful(), patience.clock, patience.clock.now().date(), budget)
        return SpotifyClient(API, tokens, session, quota, patience, **options)  # type: ignore[arg-type]  # as given

    def asked(self) -> Counter[str]:
        """How often each path was asked for, without what all have in common."""
        return Counter(request.path.removeprefix("/v1/") for request in self.transport.requests)

    def pages_asked(self) -> list[tuple[str, int, int]]:
        """Each page of entries that was asked for: playlist id, offset, limit."""
        return [
            (request.path.split("/")[3], int(request.query["offset"]), int(request.query["limit"]))
            for request in self.transport.requests
            if request.path.endswith("/items")
        ]

    def __call__(self, request: Request) -> Answer:
        for pattern, answering, turns in self._special:
            if pattern.search(request.path) and next(turns, False) and (answer := answering(request)):
                return answer
        if request.path == TOKEN_PATH:
            return token()
        if request.path == "/v1/me/playlists":
            return self._my_playlists(request)
        playlist = self.find(request.path.split("/")[3])
        if playlist is None:
            return error(404, "Resource not found")
        if request.path.endswith("/items"):
            return self._items(playlist, request)
        fields = request.query.get("fields")
        document = playlist.document()
        return found({name: document[name] for name in fields.split(",")} if fields else document)

    def find(self, playlist_id: str) -> FakePlaylist | None:
        return next((known for known in self.playlists if known.id == playlist_id), None)

    def _my_playlists(self, request: Request) -> Answer:
        listing = self.playlists if self.listing is None else self.listing
        offset, limit = int(request.query["offset"]), int(request.query["limit"])
        if limit > 50:
            return error(400, "Invalid limit")
        items = [
            {"id": shown.id, "snapshot_id": shown.snapshot_id} if shown else None
            for shown in listing[offset : offset + limit]
        ]
        return found({"items": items, "total": len(listing)})

    def _items(self, playlist: FakePlaylist, request: Request) -> Answer:
        if not playlist.readable:
            return error(403, "Forbidden")
        offset, limit = int(request.query["offset"]), int(request.query["limit"])
        if limit > (100 if playlist.shape == "old" else 50):
            return error(400, "Invalid limit")
        return found(playlist.page(offset, limit))
