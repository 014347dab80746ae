"""The HTTP session that spotipy works with: whole answers within a time, and the bytes as they arrived."""

import threading
from contextlib import suppress
from typing import Any

import requests
from requests.adapters import HTTPAdapter


class _WholeAnswers(HTTPAdapter):
    """Reads each answer to its end within a time.

    The time-out of requests is between two bytes, so an answer that drips would hold a thread for ever.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401
        response = super().send(request, *args, **(kwargs | {"stream": True}))
        too_late = threading.Event()

        def hang_up() -> None:
            too_late.set()
            with suppress(RuntimeError, ValueError, OSError):  # the last byte came just now
                response.raw.shutdown()

        timer = threading.Timer(self._seconds, hang_up)
        timer.daemon = True
        timer.start()
        try:
            _ = response.content
        except Exception:  # which one it is where the connection is shut down, is up to the operating system and TLS
            if not too_late.is_set():
                raise
        finally:
            timer.cancel()
        if too_late.is_set():
            raise requests.ReadTimeout(request=request)
        return response


def new_session(answer_seconds: float) -> requests.Session:
    """A session that repeats nothing by itself and gives up an answer that takes longer than `answer_seconds`.

    Repeating is the client's, which counts and paces each request. spotipy's own session would sleep as long as
    `Retry-After` says, up to a day.
    """
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, _WholeAnswers(answer_seconds))
    return session


def cause(error: requests.RequestException) -> str:
    """A word for what went wrong; the error's own text has object addresses in it, and may have more."""
    return {
        requests.ConnectTimeout: "connecting timed out",
        requests.ReadTimeout: "no answer in time",
        requests.exceptions.SSLError: "its certificate is not accepted",
        requests.ConnectionError: "no connection",
        requests.exceptions.ChunkedEncodingError: "the answer was cut off",
    }.get(type(error), type(error).__name__)


class AnswerRecorder:
    """Keeps the newest answer in each thread.

    spotipy returns parsed JSON, and None where parsing failed. Raw documents are stored as the bytes that were sent,
    and malformed ones are kept for inspection, so both need the answer itself.
    """

    def __init__(self, session: requests.Session) -> None:
        self._newest = threading.local()
        session.hooks["response"].append(self._record)

    def _record(self, response: requests.Response, **_: object) -> None:
        self._newest.response = response

    def take(self) -> requests.Response | None:
        """The newest answer in this thread, once."""
        response: requests.Response | None = getattr(self._newest, "response", None)
        self._newest.response = None
        return response
