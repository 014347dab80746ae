"""Access tokens: from a user's refresh token, or for the app itself, refreshed once for all threads."""

import logging
import threading
from typing import Any, Literal

import requests
from pydantic import SecretStr
from spotipy import MemoryCacheHandler, SpotifyClientCredentials, SpotifyOAuth, SpotifyOauthError, SpotifyPKCE

from spotify_pipeline.spotify.errors import LoginError, UnreachableError
from spotify_pipeline.spotify.transport import TIMEOUT_SECONDS, cause

SCOPES = ("playlist-read-private", "playlist-read-collaborative")

# A refresh does not use the redirect URI, but spotipy insists on having one.
_UNUSED_REDIRECT_URI = "http://127.0.0.1/"

# At DEBUG spotipy prints tokens, and at ERROR what is reported here with a better sentence.
logging.getLogger("spotipy").setLevel(logging.CRITICAL)

NO_CREDENTIALS = (
    "No Spotify credentials: set SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET (and SPOTIFY_REFRESH_TOKEN for your own "
    "playlists) in the environment or in .env; the README says how to get them, and `spotify-pipeline demo` needs none."
)


class TokenSource:
    """Gives spotipy an access token that is valid for at least another minute.

    It takes the place of spotipy's auth managers, which refresh once in each thread, write a cache file into the
    working directory and ask on standard input when a token is missing.
    """

    def __init__(
        self,
        accounts_url: str,
        client_id: str | None,
        client_secret: SecretStr | None,
        refresh_token: SecretStr | None,
        session: requests.Session,
    ) -> None:
        """Check that the credentials suffice; nothing is sent yet.

        Raises:
            LoginError: they do not.
        """
        if not client_id or not (client_secret or refresh_token):
            raise LoginError(NO_CREDENTIALS)
        self._lock = threading.Lock()
        self._token: dict[str, Any] | None = None
        self._refused: LoginError | None = None
        self._refresh_token = refresh_token
        self._accounts_url = accounts_url
        self._manager = self._spotipy_manager(client_id, client_secret, session)
        self._manager.OAUTH_TOKEN_URL = f"{accounts_url.rstrip('/')}/api/token"

    def _spotipy_manager(
        self, client_id: str, client_secret: SecretStr | None, session: requests.Session
    ) -> SpotifyClientCredentials | SpotifyOAuth | SpotifyPKCE:
        common: dict[str, Any] = {
            "requests_session": session,
            "requests_timeout": TIMEOUT_SECONDS,
            "cache_handler": MemoryCacheHandler(),
        }
        if client_secret is None:
            return SpotifyPKCE(client_id, _UNUSED_REDIRECT_URI, **common)
        secret = client_secret.get_secret_value()
        if self._refresh_token is None:
            return SpotifyClientCredentials(client_id, secret, **common)
        return SpotifyOAuth(client_id, secret, _UNUSED_REDIRECT_URI, **common)

    @property
    def is_user(self) -> bool:
        """Whether a user has logged in, so that `/me` exists."""
        return self._refresh_token is not None

    def get_access_token(self, *, as_dict: Literal[False] = False) -> str:
        """A valid access token; the name and the parameter are spotipy's.

        Raises:
            LoginError: Spotify does not accept the credentials.
            UnreachableError: Spotify did not answer.
        """
        del as_dict
        with self._lock:
            if self._refused:  # by an earlier request, perhaps of another thread: asking again cannot help
                raise self._refused
            if self._token is None or self._manager.is_token_expired(self._token):
                self._token = self._request_token()
            return str(self._token["access_token"])

    def _request_token(self) -> dict[str, Any]:
        try:
            if self._refresh_token is None:
                self._manager.get_access_token(as_dict=False, check_cache=False)
                token = self._manager.cache_handler.get_cached_token()
            else:
                token = self._manager.refresh_access_token(self._refresh_token.get_secret_value())
            access = {name: token[name] for name in ("access_token", "expires_at")}
        except SpotifyOauthError as error:
            problem = _oauth_problem(error)
            if isinstance(problem, LoginError):
                self._refused = problem
            raise problem from None
        except (ValueError, LookupError, TypeError, AttributeError):  # how spotipy trips over other JSON, or none
            raise self._no_token("the answer is not a token") from None
        except requests.RequestException as error:
            raise self._no_token(cause(error)) from None
        if token.get("refresh_token"):  # a new one replaces the old one; usually the answer has none
            self._refresh_token = SecretStr(token["refresh_token"])
        return access

    def _no_token(self, reason: str) -> UnreachableError:
        return UnreachableError(
            f"No access token from {self._accounts_url} ({reason}): check the network and "
            "SPOTIFY_PIPELINE_ACCOUNTS_URL."
        )


def _oauth_problem(error: SpotifyOauthError) -> LoginError | UnreachableError:
    if error.error == "invalid_grant":
        return LoginError(
            "Spotify no longer accepts the refresh token (invalid_grant): consent was withdrawn or is older than six "
            "months; get a new SPOTIFY_REFRESH_TOKEN as the README says."
        )
    if error.error in ("invalid_client", "invalid_request", "unauthorized_client"):
        return LoginError(
            f"Spotify does not accept the app ({error.error}): check SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET."
        )
    return UnreachableError("Spotify's token endpoint answered with an error; try again later.")
