"""The Spotify credentials in AWS: one secret in Secrets Manager, which holds the app and the user's login.

    {"SPOTIPY_CLIENT_ID": "…", "SPOTIPY_CLIENT_SECRET": "…", "SPOTIFY_REFRESH_TOKEN": "…", "login": {…}}

`login` is what is known of the consent; it is written by `spotify-pipeline login` and needs nobody else. When Spotify
replaces the refresh token, the new one is written back. What else the secret holds is left as it is.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec.structs import replace
from pydantic import SecretStr

from spotify_pipeline import aws
from spotify_pipeline.errors import StorageError
from spotify_pipeline.spotify.token_store import TokenRecord, record_key

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_secretsmanager import SecretsManagerClient

_CLIENT_ID, _CLIENT_SECRET = "SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET"
_REFRESH_TOKEN = "SPOTIFY_REFRESH_TOKEN"  # noqa: S105  # the name of one
_LOGIN = "login"


class App(NamedTuple):
    """The Spotify app in the secret."""

    client_id: str | None
    client_secret: SecretStr | None


class SpotifySecret:
    """The secret; a `TokenStore` of the one login that it holds.

    Access tokens are not kept: they last an hour, and each of them would be a new version of the secret.
    """

    def __init__(self, client: "SecretsManagerClient", secret_id: str, accounts_url: str) -> None:
        """The secret of this name or ARN, with a login to the Spotify at `accounts_url`."""
        self._client, self._secret_id, self._accounts_url = client, secret_id, accounts_url

    @property
    def location(self) -> str:
        """The name of the secret."""
        return f"the secret {self._secret_id}"

    def app(self) -> App:
        """The app that the secret names.

        Raises:
            StorageError: the secret cannot be read.
        """
        content, _ = self._load()
        secret = content.get(_CLIENT_SECRET)
        return App(content.get(_CLIENT_ID), SecretStr(secret) if secret else None)

    def read(self, key: str) -> TokenRecord | None:
        """The login, if this is its key and a user has logged in.

        Raises:
            StorageError: the secret cannot be read.
        """
        content, made_at = self._load()
        refresh_token = content.get(_REFRESH_TOKEN)
        if not refresh_token or not self._is_key(key, content):
            return None
        login = msgspec.convert(content.get(_LOGIN, {}), TokenRecord)
        if login.consent is None:  # put there by hand: consent is at least as old as the secret
            login = replace(login, first_used_at=made_at)
        return replace(login, refresh_token=refresh_token)

    def locked(self) -> AbstractContextManager[None]:
        """Nothing: Secrets Manager has no locks. Who refreshes with a token that was just replaced reads it again."""
        return nullcontext()

    def save(self, key: str, record: TokenRecord) -> None:
        """Write the login back, unless all but the access token is as it was.

        Raises:
            StorageError: the secret cannot be written, or holds another app.
        """
        content, _ = self._load()
        if not self._is_key(key, content):
            raise StorageError(
                f"{self.location.capitalize()} holds another app than the one that logs in: unset SPOTIPY_CLIENT_ID, "
                "or put that app into the secret."
            )
        login = replace(record, refresh_token="", access_token="", access_token_ends=None)
        new = content | {_REFRESH_TOKEN: record.refresh_token, _LOGIN: msgspec.to_builtins(login)}
        if new != content:
            with aws.explained(self.location, StorageError):
                self._client.put_secret_value(SecretId=self._secret_id, SecretString=msgspec.json.encode(new).decode())

    def _is_key(self, key: str, content: dict[str, Any]) -> bool:
        """Whether a record's key is that of the app in the secret; a secret without an app takes any."""
        client_id = content.get(_CLIENT_ID)
        return client_id is None or key == record_key(self._accounts_url, client_id, None)

    def _load(self) -> "tuple[dict[str, Any], datetime]":
        with aws.explained(self.location, StorageError):
            try:
                found = self._client.get_secret_value(SecretId=self._secret_id)
            except self._client.exceptions.ResourceNotFoundException:
                raise StorageError(
                    f"There is no secret {self._secret_id} in Secrets Manager: create it, as docs/aws.md says, or "
                    "correct SPOTIFY_PIPELINE_SECRET_ID."
                ) from None
        return self._decoded(found.get("SecretString", "")), found["CreatedDate"]

    def _decoded(self, text: str) -> dict[str, Any]:
        """The content, checked; no error shows any of it."""
        try:
            content = msgspec.json.decode(text, type=dict[str, Any])
            for name in (_CLIENT_ID, _CLIENT_SECRET, _REFRESH_TOKEN):
                msgspec.convert(content.get(name), str | None)
            msgspec.convert(content.get(_LOGIN, {}), TokenRecord)
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeError):
            raise StorageError(
                f"{self.location.capitalize()} is not what docs/aws.md describes: a JSON object with "
                f"{_CLIENT_ID}, {_CLIENT_SECRET} and {_REFRESH_TOKEN}, each a text."
            ) from None
        return content
