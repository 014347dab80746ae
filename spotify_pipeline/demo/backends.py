"""A data folder with the demo's invented history, and the stand-in for Spotify that goes on with it.

A file marks such a folder: real playlists are never mixed into it, and `dagster dev` and `spotify-pipeline run` need no
credentials there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache

import msgspec
from pydantic import HttpUrl, SecretStr

from spotify_pipeline.backends.choice import Backends, LocalBackends, choose_backends
from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline.errors import SettingsError
from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.client import SpotifyClient
from spotify_pipeline.spotify.patience import Tell
from spotify_pipeline.spotify.quota import Forgetful, Quota
from spotify_pipeline.storage.objects import FolderStore

_MARKER = "demo.json"


class Demo(msgspec.Struct, frozen=True):
    """What the history of a demo folder is made from."""

    first_day: date
    seed: int


def demo_of(settings: Settings) -> Demo | None:
    """The demo of the data folder; None if it is not a demo's, or if the settings keep data elsewhere.

    Raises:
        SettingsError: the folder is marked as a demo's, but the mark cannot be read.
    """
    if settings.target != "local":
        return None
    marker = settings.data_dir / _MARKER
    try:
        return msgspec.json.decode(marker.read_bytes(), type=Demo)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise SettingsError(f"Cannot read {marker}, which marks a demo's folder: {error}.") from None


def open_backends(settings: Settings) -> Backends:
    """The backends that the settings choose, with the stand-in for Spotify in a demo folder of the local target."""
    demo = demo_of(settings)
    return DemoBackends(settings, demo) if demo else choose_backends(settings)


def mark_as_demo(settings: Settings, demo: Demo) -> None:
    """Make an empty data folder a demo's.

    Raises:
        SettingsError: the folder holds real history, or the settings do not name a folder.
        StorageError: it cannot be written.
    """
    if settings.target != "local":
        raise SettingsError(
            "The demo is for a folder, and SPOTIFY_PIPELINE_TARGET is aws: set it to local, or run with your own "
            "playlists."
        )
    if choose_backends(settings).raw.days():
        raise SettingsError(
            f"{settings.data_dir} already holds a history that is not the demo's: choose another folder for the demo "
            "with SPOTIFY_PIPELINE_DATA_DIR."
        )
    FolderStore(settings.data_dir).put(_MARKER, msgspec.json.encode(demo))


def not_for_real_playlists(settings: Settings) -> SettingsError:
    """The error of whoever wants real playlists in a demo's folder."""
    return SettingsError(
        f"{settings.data_dir} holds the demo's invented history: choose another folder for your own playlists with "
        "SPOTIFY_PIPELINE_DATA_DIR, or remove it."
    )


class DemoBackends(LocalBackends):
    """A demo folder's stores, and a stand-in for Spotify that is started for each extraction."""

    is_invented = True

    def __init__(self, settings: Settings, demo: Demo) -> None:
        """Go on with `demo` on the day that the settings call today."""
        # The partitions begin with the invented history, so that the UI does not show years of missing days.
        super().__init__(settings.model_copy(update={"start_date": demo.first_day}))
        self._demo = demo

    @contextmanager
    def spotify(self, tell: Tell = lambda _: None) -> Iterator[SpotifyClient]:
        """A client of the stand-in, over HTTP as to Spotify.

        Raises:
            SettingsError: there are credentials, so real playlists are meant.
        """
        if self.settings.client_id:
            raise not_for_real_playlists(self.settings)
        with DemoServer(_catalogue(self._demo), day=self.settings.today()) as server:
            stand_in = {
                "api_url": HttpUrl(f"{server.url}/v1/"),
                "accounts_url": HttpUrl(server.url),
                "client_id": server.client_id,
                "client_secret": SecretStr(server.client_secret),
                "refresh_token": SecretStr(server.refresh_token),
            }
            settings = self.settings.model_copy(update=stand_in)
            quota = Quota(Forgetful(), self.clock, settings.today())
            with SpotifyClient.from_settings(settings, self.new_patience(tell), quota) as client:
                yield client


@cache
def _catalogue(demo: Demo) -> DemoCatalogue:
    """Inventing the music takes longer than a day of the demo otherwise does, so the days share it."""
    return DemoCatalogue(demo.seed, demo.first_day)
