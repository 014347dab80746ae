"""A webhook on this machine, with answers made up for each test."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

SECRET_PATH = "/services/T000/B000/very-secret"


@dataclass
class FakeWebhook:
    """What it was sent, and what it answers.

    Attributes:
        url: its address.
        bodies: what it was sent, decoded, refused messages too.
        answers: statuses and headers of the next answers; once they are used up, it takes everything.
    """

    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [body["text"] for body in self.bodies]


@contextmanager
def fake_webhook() -> Iterator[FakeWebhook]:
    webhook = FakeWebhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == SECRET_PATH
            webhook.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            status, headers = webhook.answers.pop(0) if webhook.answers else (200, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(SECRET_PATH.encode())  # as a clumsy service may answer

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        webhook.url = f"http://127.0.0.1:{server.server_port}{SECRET_PATH}"
        try:
            yield webhook
        finally:
            server.shutdown()
            thread.join()
