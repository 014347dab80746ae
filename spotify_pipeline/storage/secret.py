"""The Spotify credentials in AWS: one secret in Secrets Manager, which holds the app and the user's login.

    {"SPOTIPY_CLIENT_ID": "…", "SPOTIPY_CLIENT_SECRET": "…", "SPOTIFY_REFRESH_TOKEN": "…", "login": {…}}

The refresh token comes from `spotify-pipeline login`, or is put there by hand; when Spotify replaces it, the new one is
written back. `login` is what is known of the consent: it is written with the refresh token, never by hand. All else in
the secret is left as it is.
"""

import hashlib
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
_OF = "of"  # in the login: a digest of its refresh token, by which another one that is put there by hand is told apart


class App(NamedTuple):
    """The Spotify app in the secret."""

    client_id: str | None
    client_secret: SecretStr | None


class SpotifySecret:
    """The secret; a `TokenStore` of the one login that it holds.

    Access tokens are not kept: they last an hour, and each of them would be a new version of the secret.
    """

    can_lock = False

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

    def fill(self, app: App) -> bool:
        """Put an app into the secret, if it has none: one that was just made has no content at all.

        Returns:
            Whether it did.

        Raises:
            StorageError: the secret cannot be read or written.
        """
        with aws.explained(self.location, StorageError):
            try:
                text = self._client.get_secret_value(SecretId=self._secret_id).get("SecretString")
            except self._client.exceptions.ResourceNotFoundException:  # so AWS says that there is no content
                text = None
        content = self._decoded(text or "{}")
        is_taken = not content.get(_CLIENT_ID) and bool(app.client_id)
        if is_taken:
            content[_CLIENT_ID] = app.client_id
            if app.client_secret:
                content[_CLIENT_SECRET] = app.client_secret.get_secret_value()
        if is_taken or not text:
            self._put(content)
        return is_taken

    def read(self, key: str) -> TokenRecord | None:
        """The login, if this is its key and a user has logged in.

        Raises:
            StorageError: the secret cannot be read.
        """
        content, made_at = self._load()
        refresh_token = content.get(_REFRESH_TOKEN)
        if not refresh_token or not self._is_key(key, content):
            return None
        login = _login(content)
        if login.consent is None:  # put there by hand: consent is at least as old as the secret
            login = replace(login, first_used_at=made_at)
        return replace(login, refresh_token=refresh_token)

    def locked(self) -> AbstractContextManager[None]:
        """Nothing: Secrets Manager has no locks."""
        return nullcontext()

    def save(self, key: str, record: TokenRecord) -> None:
        """Write the login back, where the refresh token or the consent is another one.

        Raises:
            StorageError: the secret cannot be written, or holds another app.
        """
        content, _ = self._load()
        if not self._is_key(key, content):
            raise StorageError(
                f"The secret {self._secret_id} holds another app than the one that logs in: unset SPOTIPY_CLIENT_ID, "
                "or put that app into the secret."
            )
        if (record.refresh_token, record.consented_at) == (content.get(_REFRESH_TOKEN), _login(content).consented_at):
            return
        login = msgspec.to_builtins(replace(record, refresh_token="", access_token="", access_token_ends=None))
        content |= {_REFRESH_TOKEN: record.refresh_token, _LOGIN: login | {_OF: _digest(record.refresh_token)}}
        self._put(content)

    def forget(self, account_id: str) -> bool:
        """Take the login out of the secret, if it is that account's; gives whether it was.

        Raises:
            StorageError: the secret cannot be read or written.
        """
        content, _ = self._load()
        account = _login(content).account
        if account is None or account.id != account_id:
            return False
        self._put({name: value for name, value in content.items() if name not in (_REFRESH_TOKEN, _LOGIN)})
        return True

    def _put(self, content: dict[str, Any]) -> None:
        with aws.explained(self.location, StorageError):
            self._client.put_secret_value(SecretId=self._secret_id, SecretString=msgspec.json.encode(content).decode())

    def _is_key(self, key: str, content: dict[str, Any]) -> bool:
        """Whether a record's key is that of the app in the secret; a secret without an app takes any."""
        client_id = content.get(_CLIENT_ID)
        return not client_id or key == record_key(self._accounts_url, client_id, None)

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
                f"The secret {self._secret_id} is not what docs/aws.md describes: a JSON object with {_CLIENT_ID}, "
                f"{_CLIENT_SECRET} and {_REFRESH_TOKEN}, each a text."
            ) from None
        return content


def _login(content: dict[str, Any]) -> TokenRecord:
    """What is known of the consent to the refresh token that is there now."""
    login = content.get(_LOGIN, {})
    return msgspec.convert(login if login.get(_OF) == _digest(content.get(_REFRESH_TOKEN) or "") else {}, TokenRecord)


def _digest(refresh_token: str) -> str:
    return hashlib.sha256(refresh_token.encode()).hexdigest()[:16]
