"""The few Web API calls that the pipeline makes, with the errors that a caller can act on."""

import http.client
import textwrap
import threading
import time
from collections.abc import Callable
from typing import Any, Self

import requests
import spotipy

from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.errors import (
    LoginError,
    MalformedError,
    QuotaError,
    RefusedError,
    UnreachableError,
)
from spotify_pipeline.spotify.tokens import TokenSource
from spotify_pipeline.spotify.transport import TIMEOUT_SECONDS, AnswerRecorder, cause, new_session

LISTING_LIMIT = 50
"""Most playlists in one answer of `/me/playlists`."""

_LONGEST_WAIT_SECONDS = 60.0
"""A longer Retry-After is the daily quota rather than the rolling rate limit: do not sleep through it."""

_MOST_WAITS = 5
_MOST_OUTAGES = 8
"""Requests in a row without any answer, after which no more are sent: each has waited and repeated by itself."""

_ITEM_TYPES = ("track", "episode")  # without it Spotify sends episodes as damaged tracks


class SpotifyClient:
    """The Web API over spotipy; safe to use from several threads."""

    def __init__(
        self,
        api_url: str,
        tokens: TokenSource,
        session: requests.Session,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Make a client that sends its requests through `session` and waits with `sleep`."""
        self._api_url = api_url
        self._tokens = tokens
        self._sleep = sleep
        self._session = session
        self._answers = AnswerRecorder(session)
        self._spotipy = spotipy.Spotify(auth_manager=tokens, requests_session=session, requests_timeout=TIMEOUT_SECONDS)
        self._spotipy.prefix = f"{api_url.rstrip('/')}/"
        self._counted = threading.local()
        self._quota: QuotaError | None = None
        self._outages = 0

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """A client for the Spotify, the app and the user that the settings name; nothing is sent yet.

        Raises:
            LoginError: there are no credentials.
        """
        session = new_session()
        tokens = TokenSource(
            str(settings.accounts_url),
            settings.client_id,
            settings.client_secret,
            settings.refresh_token,
            session,
        )
        return cls(str(settings.api_url), tokens, session)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    @property
    def requests_made(self) -> int:
        """How many requests this thread has sent (repeats after dropped connections not counted)."""
        return getattr(self._counted, "requests", 0)

    @property
    def is_user(self) -> bool:
        """Whether a user has logged in, so that there is a `mine`."""
        return self._tokens.is_user

    def my_playlists(self, offset: int) -> bytes:
        """One page of the logged-in user's playlists, owned and followed, 50 at most."""
        return self._get(self._spotipy.current_user_playlists, limit=LISTING_LIMIT, offset=offset)

    def playlist(self, playlist_id: str) -> bytes:
        """A playlist's metadata with its first 100 entries, where the app may read them."""
        return self._get(self._spotipy.playlist, playlist_id, additional_types=_ITEM_TYPES)

    def playlist_metadata(self, playlist_id: str) -> bytes:
        """What tells whether a playlist has changed: its id and snapshot_id."""
        return self._get(self._spotipy.playlist, playlist_id, fields="id,snapshot_id", additional_types=_ITEM_TYPES)

    def playlist_items(self, playlist_id: str, offset: int, limit: int) -> bytes:
        """One page of a playlist's entries."""
        return self._get(
            self._spotipy.playlist_items,
            playlist_id,
            limit=limit,
            offset=offset,
            additional_types=_ITEM_TYPES,
        )

    def _get(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> bytes:  # noqa: ANN401  # as `call` takes
        """The body of the answer, a JSON object.

        Raises:
            LoginError: the credentials are not accepted.
            QuotaError: the app has used up its daily quota; no further call is sent.
            RefusedError: any other error answer.
            UnreachableError: no answer, or server errors only; after many in a row no further call is sent.
            MalformedError: success without a JSON object.
        """
        if self._outages >= _MOST_OUTAGES:
            raise UnreachableError("Spotify did not answer again and again, so no more was asked; try again later.")
        try:
            body = self._answer(call, *args, **kwargs)
        except UnreachableError:
            self._outages += 1
            raise
        except (RefusedError, MalformedError):
            self._outages = 0
            raise
        self._outages = 0
        return body

    def _answer(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> bytes:  # noqa: ANN401
        """As `_get`, whatever happened before, and after as many waits as Spotify's rate limit asks for."""
        for waits in range(_MOST_WAITS + 1):
            if self._quota:
                raise self._quota
            self._counted.requests = self.requests_made + 1
            try:
                answer, body = self._ask(call, *args, **kwargs)
            except spotipy.SpotifyException as error:
                if error.http_status != 429:
                    raise self._refusal(error) from None
                wait = _seconds(error.headers.get("Retry-After"))
                if error.reason == "QUOTA_EXCEEDED" or wait > _LONGEST_WAIT_SECONDS:
                    self._quota = QuotaError(
                        f"Spotify's quota for this app is used up; it may ask again in {_duration(wait)}"
                    )
                    raise self._quota from None
                if waits == _MOST_WAITS:
                    raise UnreachableError("Spotify limits the rate of requests; try again later.") from None
                self._sleep(wait)
            except requests.RequestException as error:
                raise UnreachableError(
                    f"Cannot reach Spotify at {self._api_url} ({cause(error)}): check the network and "
                    "SPOTIFY_PIPELINE_API_URL."
                ) from None
            else:
                if not isinstance(answer, dict):
                    raise MalformedError("Spotify's answer is empty, cut off or not a JSON object", body)
                return body
        raise AssertionError("unreachable")

    def _ask(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, bytes]:  # noqa: ANN401
        """What spotipy makes of the answer, and its body."""
        try:
            answer = call(*args, **kwargs)
        except AttributeError:
            # spotipy 2.26 takes `{"error": {…}}` for granted in an error answer, and trips over what gateways send.
            response = self._answers.take()
            if response is None or response.ok:
                raise
            message = f"{response.url}:\n {response.text}"
            raise spotipy.SpotifyException(response.status_code, -1, message, headers=response.headers) from None
        response = self._answers.take()
        return answer, response.content if response is not None else b""

    def _refusal(self, error: spotipy.SpotifyException) -> RefusedError | UnreachableError | LoginError:
        # spotipy puts the URL, a line break and Spotify's own message (or None) into `msg`; a gateway's is a page.
        message = str(error.msg).split("\n", 1)[-1].strip()
        if message in ("", "None"):
            message = http.client.responses.get(error.http_status, "no message")
        message = textwrap.shorten(message, 200, placeholder=" …")
        if error.http_status >= 500:
            return UnreachableError(f"Spotify answered {error.http_status} again and again; try again later.")
        if error.http_status == 401 and "user authentication" not in message:
            return LoginError(f"Spotify does not accept the access token ({message}): check the credentials.")
        return RefusedError(f"Spotify answered {error.http_status}: {message}", error.http_status)


def _seconds(retry_after: str | None) -> float:
    try:
        return max(0.0, float(retry_after or 1))
    except ValueError:  # the header may also hold a date
        return 1.0


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.1f} hours" if seconds >= 3600 else f"{seconds / 60:.0f} minutes"
