"""The redirect URI: where Spotify sends the browser back to after consent, and listening there for one answer."""

import hmac
import re
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from queue import Empty, Queue
from socketserver import ThreadingTCPServer
from typing import NamedTuple, Self
from urllib.parse import parse_qsl

from spotify_pipeline.errors import SettingsError

_POLL_SECONDS = 0.02
_IDLE_SECONDS = 10  # browsers open connections ahead and may never use them

_ANSWERED = "Spotify has answered. You can close this window; how the login went on is told in the terminal."
_NOT_OURS = "This is not the answer to the login that waits in the terminal: open the address that is shown there."
_NOTHING = "There is nothing here."
_PAGE = '<!doctype html><html lang="en"><meta charset="utf-8"><title>spotify-pipeline</title><p>{}</p></html>'


class RedirectUri(NamedTuple):
    """A redirect URI on this machine, in parts."""

    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, uri: str) -> Self:
        """Take a URI apart.

        Raises:
            SettingsError: it is none that Spotify accepts and that can be listened on.
        """
        match = re.fullmatch(r"http://(127\.0\.0\.1|\[::1\]):([1-9]\d{0,4})(/[^?#]*)?", uri)
        if match is None or int(match[2]) > 65535:
            raise SettingsError(
                "SPOTIPY_REDIRECT_URI must be http://127.0.0.1:PORT or http://[::1]:PORT, with a path if you like, "
                "exactly as it is registered for the app (Spotify refuses `localhost`, which other programs may "
                "answer for)."
            )
        return cls(match[1].strip("[]"), int(match[2]), match[3] or "/")


def is_same(state: str, given: str) -> bool:
    """Whether an answer's state is that of the login, found out without telling by the time it takes."""
    return hmac.compare_digest(state.encode(), given.encode())


class Listener:
    """A server on the redirect URI, for one answer: a context manager.

    An answer with another state is refused, and the wait goes on: any web page can send a browser here, and must
    neither be able to log in somebody else nor to end the login.
    """

    def __init__(self, uri: RedirectUri, state: str) -> None:
        """Begin to listen.

        Raises:
            SettingsError: the port cannot be had.
        """
        try:
            self._server = _Server(uri, state)
        except OSError as error:
            raise SettingsError(
                f"Cannot listen on {uri.host}, port {uri.port} ({error.strerror}): end the program that uses the port, "
                "or register another redirect URI for the app and set SPOTIPY_REDIRECT_URI to it."
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,), name="login")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait(self, seconds: float) -> Mapping[str, str] | None:
        """The parameters of the answer; None if none comes in so many seconds."""
        try:
            return self._server.answers.get(timeout=seconds)
        except Empty:
            return None


# Not http.server's own class: that one looks up the host's name when it starts, which can take seconds.
class _Server(ThreadingTCPServer):
    allow_reuse_address = True  # of connections that a login just before has closed
    daemon_threads = True

    def __init__(self, uri: RedirectUri, state: str) -> None:
        self.address_family = socket.AF_INET6 if ":" in uri.host else socket.AF_INET
        self.path, self._state = uri.path, state
        self.turn = threading.Lock()
        self.answers: Queue[Mapping[str, str]] = Queue()
        self._is_answered = False
        super().__init__((uri.host, uri.port), _Handler)

    def accepts(self, answer: Mapping[str, str]) -> bool:
        """Whether this is the answer; only one ever is."""
        if self._is_answered or not is_same(self._state, answer.get("state", "")):
            return False
        self._is_answered = True
        return True


class _Handler(BaseHTTPRequestHandler):
    timeout = _IDLE_SECONDS
    server: _Server

    def handle(self) -> None:
        with suppress(ConnectionError):  # a browser that goes away is no news
            super().handle()

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path != self.server.path:  # such as /favicon.ico
            self._show(404, _NOTHING)
            return
        answer = dict(parse_qsl(query))
        with self.server.turn:
            if not self.server.accepts(answer):
                self._show(400, _NOT_OURS)
                return
            with suppress(OSError):
                self._show(200, _ANSWERED)
            self.server.answers.put(answer)  # and only now, because the server is closed thereafter

    def _show(self, status: int, text: str) -> None:
        page = _PAGE.format(text).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Keep what Spotify answered out of the terminal."""
