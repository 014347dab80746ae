"""What a day costs in requests to Spotify: extraction is run, and what it sends is counted.

    .venv/bin/python -m benchmarks.requests_of_day --mode new --playlists 1000 --items 500

A made-up Spotify, the one that tests use, answers in place of the network; all else is as in a real run, for all
playlists of a user. The first day knows nothing, on the second nothing has changed, on the third a twentieth has.
"""

import argparse
import json
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

from spotify_pipeline_tests.fake_backends import FakeBackends
from spotify_pipeline_tests.spotify.fake_spotify import FakePlaylist, FakeSpotify, Shape, playlist_id

_FIRST_DAY = date(2026, 1, 1)
_CHANGING = 20  # one playlist in so many changes


class ManyPlaylists(FakeSpotify):
    """The made-up Spotify with playlists that are all equally long, and so many that each has to be found at once."""

    def __init__(self, playlists: int, items: int, shape: Shape) -> None:
        """Make them."""
        super().__init__([FakePlaylist(playlist_id(number), items, shape) for number in range(playlists)])
        self._by_id = {playlist.id: playlist for playlist in self.playlists}

    def find(self, playlist_id: str) -> FakePlaylist | None:
        """The playlist with this id."""
        return self._by_id.get(playlist_id)

    def take_count(self) -> int:
        """How many requests of the Web API were sent since this was last asked; a token is not one of them."""
        sent = sum(request.path.startswith("/v1/") for request in self.transport.requests)
        self.transport.requests.clear()
        return sent


def count(playlists: int, items: int, shape: Shape) -> dict[str, Any]:
    """The requests of three days.

    Args:
        playlists: how many the user has.
        items: how many each has.
        shape: what Spotify sends: `old` to an app with extended quota, `new` in development mode.

    Returns:
        The arguments, and the requests of the first day, of a quiet one, and of one on which a twentieth has changed.
    """
    spotify = ManyPlaylists(playlists, items, shape)
    days = {"first": 0, "quiet": 0, "changed": 0}
    with tempfile.TemporaryDirectory(prefix="requests-") as folder:
        for number, name in enumerate(days):
            if name == "changed":
                for playlist in spotify.playlists[::_CHANGING]:
                    playlist.snapshot_id = "another"
            manifest = FakeBackends(spotify, Path(folder), _FIRST_DAY + timedelta(days=number)).extract()
            days[name] = spotify.take_count()
            if manifest.requests != days[name] or manifest.counts()["failed"]:
                raise RuntimeError(f"{days[name]} requests were counted, {manifest.requests} noted.")
    return {"shape": shape, "playlists": playlists, "items": items} | days


def main() -> None:
    """Count and print, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=("old", "new"), default="new")
    parser.add_argument("--playlists", type=int, default=1000)
    parser.add_argument("--items", type=int, default=100)
    options = parser.parse_args()
    print(json.dumps(count(options.playlists, options.items, cast("Shape", options.shape))))


if __name__ == "__main__":
    main()
