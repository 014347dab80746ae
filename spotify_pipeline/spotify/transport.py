"""The HTTP session that spotipy works with: time-outs, retries, and the bodies as they arrived."""

import threading

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

TIMEOUT_SECONDS = (10.0, 30.0)
"""For connecting, and between two bytes of an answer."""

_RETRIES = 3


def new_session() -> requests.Session:
    """A session that repeats GET requests after dropped connections and server errors, and nothing else.

    It never sleeps for as long as `Retry-After` says (spotipy's own session does, up to a day), and hands a last
    error answer on instead of raising, so that spotipy keeps its status, headers and reason.
    """
    retry = Retry(
        total=_RETRIES,
        allowed_methods={"GET"},
        status_forcelist={500, 502, 503, 504},
        backoff_factor=0.3,
        backoff_jitter=0.3,
        respect_retry_after_header=False,
        raise_on_status=False,
    )
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
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
