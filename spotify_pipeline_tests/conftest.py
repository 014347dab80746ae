"""Fixtures that several packages of tests share."""

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from spotify_pipeline.backends import Backends
from spotify_pipeline.settings import Settings, load_settings

SHARED = Path(__file__).parents[2] / "shared"
CAPTURES = SHARED / "spotify"
FIRST_ARCHIVE_DAY = date(2021, 4, 8)


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests see the settings that they make, not those of whoever runs them."""
    for name in os.environ:
        if name.startswith(("SPOTI", "AWS_", "DAGSTER_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def captures() -> Path:
    """The folder of real Web API answers, which this repository does not hold."""
    if not CAPTURES.is_dir():
        pytest.skip(f"the captures of real Web API answers are not here ({CAPTURES})")
    return CAPTURES


@pytest.fixture(scope="session")
def replay_library(captures: Path) -> Any:
    """All captured playlists and the daily archive, for replay servers."""
    sys.path.insert(0, str(SHARED / "tools"))
    import spotify_replay  # noqa: PLC0415  # found beside the captures only

    folders = [captures / name for name in ("playlists", "playlists_2026_new_shape", "playlist_metadata")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves the closing of files to the garbage collection
        return spotify_replay.Library(folders, captures / "daily_archive")


@pytest.fixture
def replay(replay_library: Any) -> Iterator[Callable[..., Any]]:
    """Start a replay server: `replay(mode="development", owned="all")`, with the options of ReplayServer."""
    import spotify_replay  # noqa: PLC0415

    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(spotify_replay.ReplayServer(library=replay_library, **options))


@pytest.fixture
def settings_for(tmp_path: Path) -> Callable[..., Settings]:
    """Settings for a server that speaks the Web API: `settings_for(server.url, date(2021, 4, 8))`."""

    def make(url: str, today: date = FIRST_ARCHIVE_DAY, **variables: str) -> Settings:
        usual = {
            "SPOTIFY_PIPELINE_DATA_DIR": str(tmp_path / "data"),
            "SPOTIFY_PIPELINE_API_URL": f"{url}/v1/",
            "SPOTIFY_PIPELINE_ACCOUNTS_URL": f"{url}/",
            "SPOTIFY_PIPELINE_TODAY": today.isoformat(),
            "SPOTIFY_PIPELINE_START_DATE": FIRST_ARCHIVE_DAY.isoformat(),
            "SPOTIPY_CLIENT_ID": "client",
            "SPOTIPY_CLIENT_SECRET": "app-secret",
            "SPOTIFY_REFRESH_TOKEN": "refresh-token",
        }
        return load_settings(**(usual | variables))

    return make


@pytest.fixture
def backends_for(settings_for: Callable[..., Settings]) -> Callable[..., Backends]:
    """As `settings_for`, but gives the backends."""
    return lambda *args, **variables: Backends(settings_for(*args, **variables))
