"""The HTTP server of the stand-in: sockets and threads around `web_api`."""

import contextlib
import socket
import threading
from collections.abc import Callable
from datetime import date
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Self
from urllib.parse import parse_qsl, urlsplit
from weakref import WeakSet

from spotify_pipeline.demo import accounts
from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.exchange import Reply, Request
from spotify_pipeline.demo.web_api import WebApi

_POLL_SECONDS = 0.02  # how long closing may have to wait for the accept loop


class DemoServer:
    """Spotify on this machine, as the demo listener sees it on one day: a context manager.

    The Web API lies at `{url}/v1/`, the accounts service at `{url}/`. Any client, secret and refresh token
    will do; those given here are for callers that have none.

    Attributes:
        url: Where the server listens, without a slash at the end.

    Args:
        catalogue: What to serve.
        day: The day that is today at first.
        port: The port on 127.0.0.1; 0 for any free one.
    """

    client_id = accounts.CLIENT_ID
    client_secret = accounts.CLIENT_SECRET
    refresh_token = accounts.REFRESH_TOKEN

    def __init__(self, catalogue: DemoCatalogue, *, day: date, port: int = 0) -> None:
        self._server = _Server(port)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._api = WebApi(catalogue, self.url, day)
        self._server.answer = self._api.answer
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,), name="demo-spotify")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    def set_day(self, day: date) -> None:
        """Make it another day: from now on all answers are of that day."""
        self._api.set_day(day)


# Not http.server's own class: that one looks up the host's name when it starts, which can take seconds.
class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 128
    answer: Callable[[Request], Reply]

    def __init__(self, port: int) -> None:
        self._connections: WeakSet[socket.socket] = WeakSet()
        super().__init__(("127.0.0.1", port), _Handler)

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def hang_up(self) -> None:
        """End the connections that clients keep open, so that no thread waits for a next request."""
        for connection in self._connections:
            with contextlib.suppress(OSError):  # it ended by itself meanwhile
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 2**19  # room for the largest reply, so that its headers and its body leave together
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # a client that goes away is no news
            super().handle()

    def do_GET(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def _reply(self) -> None:
        url = urlsplit(self.path)
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        request = Request(
            method=self.command,
            path=url.path,
            query=dict(parse_qsl(url.query)),
            form=dict(parse_qsl(sent)),
            authorization=self.headers.get("Authorization", ""),
        )
        reply = self.server.answer(request)
        body = reply.body()
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json; charset=utf-8", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the terminal for the demo itself."""
