"""Logging in: asking the user for consent in a browser, and storing what Spotify gives for it.

It is the authorization-code flow with PKCE: whoever sees the code on its way back cannot use it without the verifier,
which stays in this process.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

import requests

from spotify_pipeline.errors import DataError
from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.consent import Consent
from spotify_pipeline.spotify.documents import Account, decode
from spotify_pipeline.spotify.errors import LoginError, UnreachableError
from spotify_pipeline.spotify.patience import Patience
from spotify_pipeline.spotify.redirect import Listener, RedirectUri, is_same
from spotify_pipeline.spotify.token_endpoint import InvalidGrantError, Token, TokenEndpoint, check_limit, patiently
from spotify_pipeline.spotify.token_store import TokenRecord, TokenStore, record_key
from spotify_pipeline.spotify.tokens import NO_CREDENTIALS
from spotify_pipeline.spotify.transport import cause

SCOPES = ("playlist-read-private", "playlist-read-collaborative")

_WAIT_SECONDS = 300.0


class LoggedIn(NamedTuple):
    """What came of a login."""

    account: Account
    scopes: tuple[str, ...]
    consent: Consent


class Login:
    """One login under way: an address to open, an answer to wait for, tokens to store.

    Attributes:
        url: the address at which Spotify asks the user for consent.
    """

    def __init__(self, settings: Settings, session: requests.Session, patience: Patience) -> None:
        """Think of what nobody else knows; nothing is sent yet.

        Raises:
            LoginError: there is no app to log in to.
            SettingsError: the redirect URI is none that Spotify accepts.
        """
        if not settings.client_id:
            raise LoginError(NO_CREDENTIALS)
        self._client_id, self._settings = settings.client_id, settings
        self._session, self._patience = session, patience
        self._redirect = RedirectUri.parse(settings.redirect_uri)
        self._state, self._verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
        hashed = hashlib.sha256(self._verifier.encode()).digest()
        question = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": settings.redirect_uri,
            "scope": " ".join(SCOPES),
            "state": self._state,
            "code_challenge_method": "S256",
            "code_challenge": base64.urlsafe_b64encode(hashed).decode().rstrip("="),
            "show_dialog": "true",  # be asked also where an earlier consent still holds: the six months begin anew
        }
        self.url = f"{str(settings.accounts_url).rstrip('/')}/authorize?{urlencode(question)}"

    def code_from_browser(self, open_browser: Callable[[str], object], seconds: float = _WAIT_SECONDS) -> str:
        """Listen on the redirect URI, let `open_browser` open the address, and wait for the code.

        Raises:
            LoginError: the user did not agree, or nothing came in time.
            SettingsError: the redirect URI's port cannot be had.
        """
        with Listener(self._redirect, self._state) as listener:
            open_browser(self.url)
            answer = listener.wait(seconds)
        if answer is None:
            raise LoginError(
                f"No answer within {seconds / 60:.0f} minutes: run `spotify-pipeline login` again, with --no-browser "
                "where the browser is on another machine; if Spotify's page shows an error, compare "
                "SPOTIPY_CLIENT_ID and SPOTIPY_REDIRECT_URI with the app's settings on the dashboard."
            )
        return _code(answer)

    def code_from_pasted(self, text: str) -> str:
        """The code in the address that the browser was sent to, or in its query alone.

        Raises:
            LoginError: the user did not agree, or this is another address.
        """
        answer = dict(parse_qsl(text.strip().rpartition("?")[2].partition("#")[0]))
        if not answer.keys() & {"code", "error"}:
            raise LoginError(
                "That is not the address that Spotify sent the browser to, or not all of it: run `spotify-pipeline "
                f"login --no-browser` again and paste what begins with {self._settings.redirect_uri}?"
            )
        if not is_same(self._state, answer.get("state", "")):
            raise LoginError(
                "That is the answer to another login, or not all of it: run `spotify-pipeline login --no-browser` "
                "again, open the address that it shows, and paste what comes of that."
            )
        return _code(answer)

    def finish(self, code: str, store: TokenStore) -> LoggedIn:
        """Exchange the code for tokens, learn whose they are, and store them.

        Raises:
            LoginError: Spotify accepts the code, the app or the account not.
            QuotaError: Spotify wants no request for now.
            StorageError: the store cannot be written.
            UnreachableError: Spotify did not answer.
        """
        asked_at = self._patience.clock.now()
        token = self._exchanged(code)
        if not token.refresh_token:
            raise LoginError("Spotify gave no refresh token: run `spotify-pipeline login` again.")
        scopes = tuple(token.scope.split()) if token.scope else SCOPES
        account = patiently(self._patience, lambda: self._account(token.access_token))
        record = TokenRecord(
            refresh_token=token.refresh_token,
            access_token=token.access_token,
            access_token_ends=asked_at + timedelta(seconds=token.expires_in),
            scopes=scopes,
            account=account,
            consented_at=asked_at,
        )
        with store.locked():
            store.save(record_key(str(self._settings.accounts_url), self._client_id, None), record)
        return LoggedIn(account, scopes, Consent(asked_at, is_exact=True))

    def _exchanged(self, code: str) -> Token:
        endpoint = TokenEndpoint(
            str(self._settings.accounts_url),
            self._client_id,
            self._settings.client_secret,
            self._session,
            self._patience,
        )
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._settings.redirect_uri,
            "code_verifier": self._verifier,
        }
        try:
            return patiently(self._patience, lambda: endpoint.ask(**form))
        except InvalidGrantError:
            raise LoginError(
                "Spotify does not accept its own answer any more (invalid_grant), which is good once and for some "
                "minutes: run `spotify-pipeline login` again."
            ) from None

    def _account(self, access_token: str) -> Account:
        try:
            answer = self._session.get(
                f"{str(self._settings.api_url).rstrip('/')}/me",
                headers={"Authorization": f"Bearer {access_token}"},
                timeout=self._patience.timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise self._unknown_account(cause(error)) from None
        check_limit(answer)
        if answer.status_code == 403:
            raise LoginError(
                "Spotify does not let this account use the app (403): add it under User Management in the app's "
                "settings on the dashboard, then run `spotify-pipeline login` again."
            )
        try:
            return decode(answer.content, Account)
        except DataError:
            raise self._unknown_account(f"it answered {answer.status_code}") from None

    def _unknown_account(self, reason: str) -> UnreachableError:
        return UnreachableError(
            f"Spotify did not say at {self._settings.api_url} whose account this is ({reason}): check the network and "
            "SPOTIFY_PIPELINE_API_URL, then run `spotify-pipeline login` again."
        )


def _code(answer: Mapping[str, str]) -> str:
    if code := answer.get("code"):
        return code
    if answer.get("error") == "access_denied":
        raise LoginError("You did not agree, so nobody is logged in: run `spotify-pipeline login` again to agree.")
    raise LoginError(
        "Spotify's answer has no code in it, so nobody is logged in: run `spotify-pipeline login` again; if that does "
        "not help, compare the app's settings on the dashboard with SPOTIPY_CLIENT_ID and SPOTIPY_REDIRECT_URI."
    )
