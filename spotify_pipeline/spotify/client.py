"""The few Web API calls that the pipeline makes, with the errors that a caller can act on."""

import http.client
import logging
import re
import textwrap
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, Self

import requests
import spotipy

from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.errors import (
    ClockError,
    LoginError,
    MalformedError,
    QuotaError,
    RefusedError,
    UnreachableError,
)
from spotify_pipeline.spotify.pace import Pace
from spotify_pipeline.spotify.patience import Patience
from spotify_pipeline.spotify.quota import BudgetError, Quota
from spotify_pipeline.spotify.token_store import TokenStore
from spotify_pipeline.spotify.tokens import TokenSource
from spotify_pipeline.spotify.transport import AnswerRecorder, cause, new_session

# spotipy tells its log every access token, and takes for an error what is raised here with a better sentence. A level
# would not do: whoever sets up logging, such as Dagster, may set another one.
logging.getLogger(spotipy.client.__name__).addFilter(lambda _: False)

LISTING_LIMIT = 50
"""Most playlists in one answer of `/me/playlists`."""

_MOST_WAITS = 5
"""How often one request waits for the rate limit to end."""

_MOST_OUTAGES = 8
"""Requests in a row without any answer, after which no more are sent: each has waited and repeated by itself."""

_MOST_SECONDS_OFF = 600
"""How wrong this machine's clock may be: a day is what it says it is."""

_ITEM_TYPES = ("track", "episode")  # without it Spotify sends episodes as damaged tracks
_ANY_ARTIST = "0TnOYISbd1XYRBk9myaseg"  # the one in Spotify's own examples


class SpotifyClient:
    """The Web API over spotipy; safe to use from several threads.

    Attributes:
        quota: what may still be asked.
        stopped: why no further request is sent, once that is so.
    """

    def __init__(
        self,
        api_url: str,
        tokens: TokenSource,
        session: requests.Session,
        quota: Quota,
        patience: Patience,
        *,
        longest_wait: float = 300.0,
        dated_by_clock: bool = True,
    ) -> None:
        """Make a client that sends its requests through `session`.

        Args:
            api_url: the Web API's base URL.
            tokens: gives access tokens.
            session: sends requests, each once.
            quota: counts them.
            patience: how long to wait for what.
            longest_wait: seconds; a longer Retry-After is a quota that is used up: do not sleep through it.
            dated_by_clock: whether days are dated by this machine's clock, which must then be right.
        """
        self.quota = quota
        self.stopped: LoginError | QuotaError | UnreachableError | None = None
        self._api_url = api_url
        self._tokens = tokens
        self._session = session
        self._patience = patience
        self._pace = Pace(patience)
        self._longest_wait, self._dated_by_clock = longest_wait, dated_by_clock
        self._answers = AnswerRecorder(session)
        self._spotipy = spotipy.Spotify(
            auth_manager=tokens, requests_session=session, requests_timeout=patience.timeout
        )
        self._spotipy.prefix = f"{api_url.rstrip('/')}/"
        self._lock = threading.Lock()
        self._of_thread = threading.local()
        self._sent = 0
        self._outages = 0

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        patience: Patience,
        quota: Quota,
        token_store: TokenStore | None = None,
    ) -> Self:
        """A client for the Spotify, the app and the user that the settings name; nothing is sent yet.

        Raises:
            LoginError: there are no credentials.
        """
        session = new_session(patience.answer_seconds)
        tokens = TokenSource(
            str(settings.accounts_url),
            settings.client_id,
            settings.client_secret,
            settings.refresh_token,
            session,
            patience,
            token_store,
        )
        return cls(
            str(settings.api_url),
            tokens,
            session,
            quota,
            patience,
            longest_wait=settings.longest_wait,
            dated_by_clock=settings.fixed_today is None,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self._session.close()
        self.quota.save()

    def end(self) -> None:
        """Let all threads that wait for something give up at once."""
        self._patience.end()

    @property
    def requests_sent(self) -> int:
        """How many requests have been sent, repeated ones included."""
        return self._sent

    @property
    def requests_of_thread(self) -> int:
        """How many of them this thread has sent."""
        return getattr(self._of_thread, "requests", 0)

    @property
    def is_user(self) -> bool:
        """Whether a user has logged in, so that there is a `mine`."""
        return self._tokens.is_user

    def me(self) -> bytes:
        """The logged-in user."""
        return self._get(self._spotipy.current_user)

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

    def artist(self, artist_id: str) -> bytes:
        """The full artist object."""
        return self._get(self._spotipy.artist, artist_id)

    def artists(self, artist_ids: list[str]) -> bytes:
        """Full artist objects, 50 at most, null for ids that do not exist; refused with 403 in development mode."""
        return self._get(self._spotipy.artists, artist_ids)

    def album(self, album_id: str) -> bytes:
        """The full album object."""
        return self._get(self._spotipy.album, album_id)

    def albums(self, album_ids: list[str]) -> bytes:
        """Full album objects, 20 at most, null for ids that do not exist; refused with 403 in development mode."""
        return self._get(self._spotipy.albums, album_ids)

    def is_extended(self) -> bool:
        """Whether the app has extended quota mode: only then Spotify answers calls for several objects at once."""
        try:
            self.artists([_ANY_ARTIST])
        except RefusedError as error:
            if error.status != 403:
                raise
            return False
        return True

    def _get(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> bytes:  # noqa: ANN401  # as `call` takes
        """The body of the answer, a JSON object.

        Raises:
            LoginError: the credentials are not accepted; no further request is sent.
            QuotaError: the quota or the budget is used up; no further request is sent, but what was kept back of the
                budget once it is set free.
            RefusedError: any other error answer.
            UnreachableError: no answer, or server errors only; after many in a row no further request is sent.
            MalformedError: success without a JSON object.
            ClockError: this machine's clock is wrong.
        """
        if self.stopped and not isinstance(self.stopped, BudgetError):
            raise self.stopped.with_traceback(None)  # else each raise would make its traceback longer
        try:
            body = self._repeated(call, *args, **kwargs)
        except UnreachableError as error:
            self._count_outage(error)
            raise
        except (LoginError, QuotaError) as error:
            self.stopped = error
            raise
        except (RefusedError, MalformedError):
            self._outages = 0
            raise
        self._outages = 0
        return body

    def _count_outage(self, error: UnreachableError) -> None:
        with self._lock:
            self._outages += 1
            if self._outages >= _MOST_OUTAGES:
                self.stopped = UnreachableError(
                    f"Spotify did not answer again and again, so no more was asked ({error}); try again later."
                )

    def _repeated(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> bytes:  # noqa: ANN401
        """As `_get`, whatever happened before; asks again where that can help."""
        pauses, waits, renewed = self._patience.pauses(), 0, False
        while True:
            self.quota.require()
            self._tokens.get_access_token()  # here, because it is no request of the Web API and repeats by itself
            self._pace.wait_for_turn()
            self.quota.spend()
            with self._lock:
                self._sent += 1
            self._of_thread.requests = self.requests_of_thread + 1
            try:
                return self._ask(call, *args, **kwargs)
            except _RateLimitedError as limit:
                if limit.is_quota or limit.seconds > self._longest_wait:
                    raise self.quota.block(limit.seconds) from None
                waits += 1
                if waits > _MOST_WAITS:
                    raise UnreachableError("Spotify limits the rate of requests; try again later.") from None
                # Longer each time, so that all waits together outlast the window in which Spotify counts.
                self._pace.slow_down(max(limit.seconds, 2.0 ** (waits - 1)))
            except _TokenRefusedError as error:
                if renewed:
                    raise LoginError(
                        f"Spotify does not accept the access token ({error}): check the credentials."
                    ) from None
                renewed = True
                self._tokens.renew(error.token)
            except (UnreachableError, MalformedError):
                pause = next(pauses, None)
                if pause is None:
                    raise
                self._patience.wait(pause, "No usable answer from Spotify, which is asked again")

    def _ask(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> bytes:  # noqa: ANN401
        """Send one request."""
        try:
            answer = call(*args, **kwargs)
        except spotipy.SpotifyException as error:
            response = self._answers.take()
            self._raise_refusal(error.http_status, str(error.msg), error.reason, response)
        except requests.RequestException as error:
            raise UnreachableError(
                f"Cannot reach Spotify at {self._api_url} ({cause(error)}): check the network and "
                "SPOTIFY_PIPELINE_API_URL."
            ) from None
        except (AttributeError, RecursionError) as error:
            # spotipy 2.26 takes `{"error": {…}}` for granted in an error answer, and trips over what gateways send; and
            # nobody reads JSON that is nested a thousand times.
            response = self._answers.take()
            if response is None or (response.ok and isinstance(error, AttributeError)):
                raise
            if not response.ok:
                self._raise_refusal(response.status_code, response.text, None, response)
            answer = None
        else:
            response = self._answers.take()
        if response is not None:
            self._check_clock(response)
        if not isinstance(answer, dict):
            body = response.content if response is not None else b""
            raise MalformedError("Spotify's answer is empty, cut off or not a JSON object", body)
        return response.content if response is not None else b""

    def _raise_refusal(
        self, status: int, message: str, reason: str | None, response: requests.Response | None
    ) -> NoReturn:
        # spotipy puts the URL, a line break and Spotify's own message (or None) into its errors; a gateway's is a page.
        message = message.split("\n", 1)[-1].strip() if message.startswith("http") else message.strip()
        if message in ("", "None"):
            message = http.client.responses.get(status, "no message")
        message = textwrap.shorten(message, 200, placeholder=" …")
        headers = response.headers if response is not None else {}
        if status == 429:
            is_quota = reason == "QUOTA_EXCEEDED"
            seconds = self._seconds(headers.get("Retry-After", ""), otherwise=3600.0 if is_quota else 1.0)
            raise _RateLimitedError(seconds, is_quota=is_quota) from None
        if status >= 500:
            raise UnreachableError(f"Spotify answered {status} again and again; try again later.") from None
        if status == 401 and "user authentication" not in message and response is not None:
            sent = response.request.headers.get("Authorization", "")
            raise _TokenRefusedError(message, sent.removeprefix("Bearer ")) from None
        raise RefusedError(f"Spotify answered {status}: {message}", status) from None

    def _seconds(self, retry_after: str, otherwise: float) -> float:
        """The seconds of a Retry-After header, which may also hold a date."""
        if until := _date(retry_after):
            seconds = (until - self._patience.clock.now()).total_seconds()
        else:
            seconds = float(retry_after) if re.fullmatch(r"\d{1,9}(\.\d+)?", retry_after) else otherwise
        return max(seconds, 0.0)

    def _check_clock(self, response: requests.Response) -> None:
        theirs = _date(response.headers.get("Date"))
        if theirs is None or not self._dated_by_clock:
            return
        seconds = (self._patience.clock.now() - theirs).total_seconds()
        if abs(seconds) > _MOST_SECONDS_OFF:
            raise ClockError(
                f"This machine's clock is {abs(seconds) / 60:.0f} minutes {'ahead of' if seconds > 0 else 'behind'} "
                f"Spotify's ({theirs:%Y-%m-%d %H:%M %Z}), so the day would get the wrong date: set the clock."
            )


class _RateLimitedError(Exception):
    """Spotify wants no request for `seconds`."""

    def __init__(self, seconds: float, *, is_quota: bool) -> None:
        super().__init__(seconds)
        self.seconds, self.is_quota = seconds, is_quota


class _TokenRefusedError(Exception):
    """Spotify does not accept this access token."""

    def __init__(self, message: str, token: str) -> None:
        super().__init__(message)
        self.token = token


def _date(header: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(header or "")
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
