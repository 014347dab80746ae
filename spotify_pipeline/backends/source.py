"""What extraction needs: the Spotify client with its login and its quota, and where raw documents go."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cached_property

from spotify_pipeline import aws
from spotify_pipeline.backends.base import Base
from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.client import SpotifyClient
from spotify_pipeline.spotify.patience import Tell
from spotify_pipeline.spotify.quota import Quota
from spotify_pipeline.spotify.token_store import TokenFile, TokenStore
from spotify_pipeline.storage.secret import SpotifySecret
from spotify_pipeline.storage.state import StoredState


class Source(Base):
    """Spotify as the settings name it, and the raw documents."""

    @property
    def logins(self) -> TokenStore:
        """Where `login` stores the tokens that it gets: in the secret, if there is one."""
        return self._secret or self._token_file

    @property
    def tokens(self) -> TokenStore:
        """Where the tokens of a run are: with the logins, but on this machine if the environment gives a token."""
        return self._token_file if self.settings.refresh_token else self.logins

    @cached_property
    def app_settings(self) -> Settings:
        """The settings with the Spotify app, which is the secret's unless the environment names one.

        Raises:
            StorageError: the secret cannot be read.
        """
        if self._secret is None or self.settings.client_id:
            return self.settings
        return self.settings.model_copy(update=self._secret.app()._asdict())

    def quota(self, day: date) -> Quota:
        """What the app may still ask on a day, as it is remembered now."""
        app = hashlib.sha256((self.app_settings.client_id or "").encode()).hexdigest()[:12]
        memory = StoredState(self.raw_objects, f"quota-{app}")
        return Quota(memory, self.clock, day, self.settings.request_budget)

    @contextmanager
    def spotify(self, tell: Tell = lambda _: None) -> Iterator[SpotifyClient]:
        """A Spotify client, closed in the end. `tell` hears what it waits for.

        Raises:
            LoginError: there are no credentials.
            StorageError: they cannot be read.
        """
        patience = self.new_patience(tell)
        quota = self.quota(self.settings.today())
        with SpotifyClient.from_settings(self.app_settings, patience, quota, self.tokens) as client:
            yield client

    @property
    def _token_file(self) -> TokenFile:
        return TokenFile(self.settings.data_dir / "spotify_token.json")

    @cached_property
    def _secret(self) -> SpotifySecret | None:
        settings = self.settings
        if settings.target == "local" or not settings.secret_id:
            return None
        return SpotifySecret(aws.client("secretsmanager"), settings.secret_id, str(settings.accounts_url))
