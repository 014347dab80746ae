"""Spotify's token endpoint: one form is sent, and one token comes back, or an error that says who can do something."""

import re
from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec
import requests
from msgspec import Meta, Struct
from pydantic import SecretStr
from requests.auth import HTTPBasicAuth

from spotify_pipeline.spotify.errors import LoginError, QuotaError, UnreachableError
from spotify_pipeline.spotify.patience import Patience
from spotify_pipeline.spotify.transport import cause

_LONGEST_WAIT_SECONDS = 60
_APP_REFUSED = ("invalid_client", "invalid_request", "unauthorized_client")

_T = TypeVar("_T")


class Token(Struct, frozen=True):
    """What the endpoint gives. A refresh comes without a refresh token where the old one stays."""

    access_token: Annotated[str, Meta(min_length=1)]
    expires_in: Annotated[float, Meta(ge=0, lt=1e9)]
    refresh_token: str | None = None
    scope: str | None = None

    def __repr__(self) -> str:
        """Without the tokens."""
        return f"<Token for {self.expires_in} s>"


class InvalidGrantError(LoginError):
    """What was to be exchanged for a token is not good, or no longer."""


class _BusyError(UnreachableError):
    """Spotify wants no request for some seconds."""

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


class TokenEndpoint:
    """The endpoint as one app asks it."""

    def __init__(
        self,
        accounts_url: str,
        client_id: str,
        client_secret: SecretStr | None,
        session: requests.Session,
        patience: Patience,
    ) -> None:
        """Ask through `session`; an app without a secret only gives its name."""
        self._accounts_url = accounts_url
        self._client_id, self._client_secret = client_id, client_secret
        self._session, self._patience = session, patience

    def ask(self, **form: str) -> Token:
        """Send one request.

        Raises:
            InvalidGrantError: Spotify does not accept what is to be exchanged.
            LoginError: Spotify does not accept the app.
            QuotaError: Spotify wants no request for longer than a run can wait.
            UnreachableError: there is no token, but there may be one if asked again.
        """
        if self._client_secret:
            sent = HTTPBasicAuth(self._client_id.encode(), self._client_secret.get_secret_value().encode())
        else:
            sent = None
            form["client_id"] = self._client_id
        try:
            answer = self._session.post(
                f"{self._accounts_url.rstrip('/')}/api/token",
                data=form,
                auth=sent,
                timeout=self._patience.timeout,
                allow_redirects=False,  # it never does, and the form is for nobody else
            )
        except requests.RequestException as error:
            raise self._no_token(cause(error)) from None
        check_limit(answer)
        try:
            return msgspec.json.decode(answer.content, type=Token)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._problem(answer) from None

    def _problem(self, answer: requests.Response) -> LoginError | UnreachableError:
        problem = _problem_named_in(answer) if answer.status_code < 500 else ""
        if problem == "invalid_grant":
            return InvalidGrantError("Spotify does not accept the grant (invalid_grant).")
        if problem in _APP_REFUSED:
            return LoginError(
                f"Spotify does not accept the app ({problem}): check SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET."
            )
        return self._no_token("the answer is not a token" if answer.ok else f"it answered {answer.status_code}")

    def _no_token(self, reason: str) -> UnreachableError:
        return UnreachableError(
            f"No access token from {self._accounts_url} ({reason}): check the network and "
            "SPOTIFY_PIPELINE_ACCOUNTS_URL."
        )


class _Problem(Struct):
    error: str


def _problem_named_in(answer: requests.Response) -> str:
    try:
        return msgspec.json.decode(answer.content, type=_Problem).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def check_limit(answer: requests.Response) -> None:
    """Look whether Spotify wants no further request for a while.

    Raises:
        QuotaError: for longer than a run can wait.
        UnreachableError: for a while that `patiently` waits.
    """
    if answer.status_code != 429:
        return
    given = answer.headers.get("Retry-After", "")
    seconds = int(given) if re.fullmatch(r"\d{1,9}", given) else 0
    if seconds > _LONGEST_WAIT_SECONDS:
        raise QuotaError(f"Spotify wants no request for {seconds / 60:.0f} minutes: run again after that.")
    raise _BusyError("Spotify limits the rate of requests: try again later.", seconds)


def patiently(patience: Patience, attempt: Callable[[], _T]) -> _T:
    """What `attempt` returns, called again after a pause where Spotify did not answer.

    Raises:
        UnreachableError: that of the last attempt, or the run was interrupted.
    """
    pauses = patience.pauses()
    while True:
        try:
            return attempt()
        except UnreachableError as error:
            pause = next(pauses, None)
            if pause is None:
                raise
            if isinstance(error, _BusyError):
                pause = max(pause, error.seconds)
        patience.wait(pause, "No usable answer from Spotify, which is asked again")
