"""Data folders of the local target, opened and copied: a history that is made once serves many tests."""

import shutil
from datetime import date
from pathlib import Path

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.settings import load_settings
from spotify_pipeline_tests.spotify.fake_clock import FakeClock


def opened(folder: Path, today: date) -> Backends:
    """The backends of a data folder on a day, without a Spotify."""
    settings = load_settings(
        SPOTIFY_PIPELINE_DATA_DIR=str(folder),
        SPOTIFY_PIPELINE_API_URL="http://127.0.0.1:1/v1/",
        SPOTIFY_PIPELINE_TODAY=str(today),
    )
    return choose_backends(settings, new_patience=FakeClock().patience)


def copied(folder: Path, to: Path, today: date) -> Backends:
    """The backends of a copy, with a catalog of its own: it has absolute paths."""
    shutil.copytree(folder, to)
    backends = opened(to, today)
    backends.catalog.publish()
    return backends
