"""Backends whose Spotify is made up and whose clock is always right on time; all else is as in a real run."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from pydantic import SecretStr

from spotify_pipeline.backends.choice import LocalBackends
from spotify_pipeline.settings import load_settings
from spotify_pipeline.spotify.client import SpotifyClient
from spotify_pipeline.spotify.manifest import Manifest
from spotify_pipeline.spotify.patience import Tell
from spotify_pipeline.spotify.tokens import TokenSource
from spotify_pipeline.steps.extract import extract_day
from spotify_pipeline.storage.objects import ObjectStore
from spotify_pipeline.storage.raw import RawStore
from spotify_pipeline_tests.spotify.fake_clock import FakeClock
from spotify_pipeline_tests.spotify.fake_spotify import ACCOUNTS, API, FakeSpotify


class FakeBackends(LocalBackends):
    """A day of a made-up Spotify; several share a folder, as the runs of several days do."""

    def __init__(
        self, fake: FakeSpotify, folder: Path, day: date, raw: ObjectStore | None = None, /, **variables: str
    ) -> None:
        """Documents go to `raw`, if it is given; `variables` are settings."""
        usual = {
            "SPOTIFY_PIPELINE_DATA_DIR": str(folder),
            "SPOTIFY_PIPELINE_API_URL": API,
            "SPOTIFY_PIPELINE_ACCOUNTS_URL": ACCOUNTS,
            "SPOTIFY_PIPELINE_TODAY": day.isoformat(),
            "SPOTIPY_CLIENT_ID": "client",
        }
        super().__init__(load_settings(**usual, **variables), new_patience=FakeClock().patience)
        self.day = day
        self._fake = fake
        if raw is not None:
            self.raw = RawStore(raw)

    @contextmanager
    def spotify(self, tell: Tell = lambda _: None) -> Iterator[SpotifyClient]:
        """A client of the made-up Spotify, without sockets."""
        session, patience = self._fake.transport.session(), self.new_patience(tell)
        tokens = TokenSource(ACCOUNTS, "client", SecretStr("app-secret"), SecretStr("refresh-token"), session, patience)
        longest_wait = self.settings.longest_wait
        with SpotifyClient(
            API, tokens, session, self.quota(self.day), patience, longest_wait=longest_wait, dated_by_clock=False
        ) as client:
            yield client

    def extract(self, *, refresh: bool = False, accept: str = "") -> Manifest:
        """Extract the day and commit it, as every way of running a day does."""
        manifest = extract_day(self, self.day, refresh=refresh, accept=accept.split())
        self.raw.commit(manifest)
        return manifest
