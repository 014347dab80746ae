"""A small Spotify for runs among faults."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from spotify_pipeline_tests.faults.library import OWNED, small_library


@pytest.fixture(scope="session")
def small_replay_library(replay_library: Any) -> Any:
    """Eight playlists that have a bit of everything."""
    return small_library(replay_library)


@pytest.fixture
def small_replay(small_replay_library: Any) -> Iterator[Callable[[str], Any]]:
    """Start a replay server of the small library in a mode."""
    import spotify_replay  # noqa: PLC0415  # found beside the captures only

    with ExitStack() as stack:
        yield lambda mode: stack.enter_context(
            spotify_replay.ReplayServer(library=small_replay_library, mode=mode, owned=OWNED)
        )
