"""Access tokens: for the user who logged in, or for the app itself, refreshed once for all threads and processes."""

import math
import threading
from contextlib import nullcontext
from datetime import timedelta
from typing import Literal

import requests
from msgspec.structs import replace
from pydantic import SecretStr

from spotify_pipeline.spotify.errors import LoginError, QuotaError
from spotify_pipeline.spotify.patience import Patience
from spotify_pipeline.spotify.token_endpoint import InvalidGrantError, TokenEndpoint, patiently
from spotify_pipeline.spotify.token_store import TokenRecord, TokenStore, record_key

NO_CREDENTIALS = (
    "No Spotify credentials: set SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET in the environment, in .env or in the "
    "secret that SPOTIFY_PIPELINE_SECRET_ID names, and run `spotify-pipeline login` for your own playlists; the README "
    "says how, and `spotify-pipeline demo` needs none."
)

_DEAD_REFRESH_TOKEN = (
    "Spotify no longer accepts the refresh token (invalid_grant): consent was withdrawn or is older than six months; "  # noqa: S105
    "run `spotify-pipeline login`"
)
_GIVEN_WINS = " and remove SPOTIFY_REFRESH_TOKEN, which wins over that login, or replace it"

_MARGIN_SECONDS = 60.0  # a token that is about to end might do so on its way


class TokenSource:
    """Gives spotipy an access token that is valid for at least another minute.

    It takes the place of spotipy's auth managers, which refresh once in each thread, never save what Spotify replaces,
    and ask on standard input when a token is missing.
    """

    def __init__(
        self,
        accounts_url: str,
        client_id: str | None,
        client_secret: SecretStr | None,
        refresh_token: SecretStr | None,
        session: requests.Session,
        patience: Patience,
        store: TokenStore | None = None,
    ) -> None:
        """Choose: the given refresh token, else the stored login of this app, else the app itself. Nothing is sent yet.

        Raises:
            LoginError: there is none of them.
            StorageError: the store cannot be read.
        """
        if not client_id:
            raise LoginError(NO_CREDENTIALS)
        self._endpoint = TokenEndpoint(accounts_url, client_id, client_secret, session, patience)
        self._patience, self._store = patience, store
        self._key = record_key(accounts_url, client_id, refresh_token)
        self._given = refresh_token
        self._record = TokenRecord(first_used_at=patience.clock.now()) if refresh_token else self._stored()
        if self._record is None and client_secret is None:
            raise LoginError(NO_CREDENTIALS)
        self._lock = threading.Lock()
        self._access_token, self._ends = "", -math.inf  # by the monotonic clock
        self._used_refresh_token = ""
        self._refusal: LoginError | QuotaError | None = None

    @property
    def is_user(self) -> bool:
        """Whether a user has logged in, so that `/me` exists."""
        return self._record is not None

    def get_access_token(self, *, as_dict: Literal[False] = False) -> str:
        """A valid access token; the name and the parameter are spotipy's.

        Raises:
            LoginError: Spotify does not accept the credentials.
            QuotaError: Spotify wants no request for longer than a run can wait.
            StorageError: the store cannot be read or written.
            UnreachableError: Spotify did not answer, again and again.
        """
        del as_dict
        with self._lock:
            if self._refusal:  # of an earlier request, perhaps of another thread: asking again cannot help
                self._require_another_login(self._refusal)
            if self._patience.clock.monotonic() >= self._ends:
                try:
                    patiently(self._patience, self._obtain)
                except (LoginError, QuotaError) as error:
                    self._refusal = error
                    raise
            return self._access_token

    def renew(self, refused: str) -> None:
        """Give no longer this access token, which Spotify has refused: it was revoked, or a clock was wrong.

        Where another thread or process has a newer one already, that is the next; else the next call asks for one.
        """
        with self._lock:
            if self._access_token == refused:
                self._ends = -math.inf

    def _require_another_login(self, refusal: LoginError | QuotaError) -> None:
        """Raise the refusal, unless there is another refresh token meanwhile: somebody may have run `login`."""
        stored = self._stored()
        if self._record is None or stored is None or self._refresh_token(stored) == self._used_refresh_token:
            raise refusal
        self._refusal = None

    def _obtain(self) -> None:
        """Take an access token that another process has got, or ask for one, once."""
        self._patience.wait(0)  # ends where the run was interrupted
        if self._record is None:
            token = self._endpoint.ask(grant_type="client_credentials")
            self._take(token.access_token, token.expires_in)
            return
        with self._store.locked() if self._store else nullcontext():
            record = self._stored() or self._record
            seconds = self._seconds_left(record)
            if seconds > _MARGIN_SECONDS:
                self._take(record.access_token, seconds)
            else:
                self._refresh(record)

    def _refresh(self, record: TokenRecord) -> None:
        """Exchange the record's refresh token; what comes is saved before anybody uses it."""
        self._used_refresh_token = used = self._refresh_token(record)
        asked_at = self._patience.clock.now()
        try:
            token = self._endpoint.ask(grant_type="refresh_token", refresh_token=used)
        except InvalidGrantError:
            if newer := self._replaced_by_others():
                self._refresh(newer)
                return
            raise LoginError(f"{_DEAD_REFRESH_TOKEN}{_GIVEN_WINS if self._given else ''}.") from None
        record = replace(
            record,
            access_token=token.access_token,
            access_token_ends=asked_at + timedelta(seconds=token.expires_in),
            scopes=tuple(token.scope.split()) if token.scope else record.scopes,
        )
        if token.refresh_token and token.refresh_token != used:  # Spotify has replaced it, the old one is dead
            record = replace(record, refresh_token=token.refresh_token)
        self._record = record
        if self._store:
            self._store.save(self._key, record)
        self._take(token.access_token, token.expires_in)

    def _replaced_by_others(self) -> TokenRecord | None:
        """The record with the refresh token that another process got for the one just used, if there is one.

        Spotify may have given it some moments before it is stored.
        """
        if self._store and not self._store.can_lock:
            for pause in (0.0, *self._patience.pauses()):
                self._patience.wait(pause)
                newer = self._stored()
                if newer and self._refresh_token(newer) != self._used_refresh_token:
                    return newer
        return None

    def _refresh_token(self, record: TokenRecord) -> str:
        return record.refresh_token or (self._given.get_secret_value() if self._given else "")

    def _stored(self) -> TokenRecord | None:
        return self._store.read(self._key) if self._store else None

    def _seconds_left(self, record: TokenRecord) -> float:
        """How long the record's access token may be used; 0 where it is the one at hand, which is of no more use."""
        if record.access_token_ends is None or record.access_token == self._access_token:
            return 0
        return (record.access_token_ends - self._patience.clock.now()).total_seconds()

    def _take(self, access_token: str, seconds: float) -> None:
        self._access_token = access_token
        self._ends = self._patience.clock.monotonic() + seconds - _MARGIN_SECONDS
