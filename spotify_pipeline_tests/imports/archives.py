"""A playlist archive as its bot writes it, in a repository of git, of invented songs."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spotify_pipeline_tests.imports.exports import song_id

_PAGES = "https://open.spotify.com"


def pretty(playlist_id: str, name: str, numbers: Sequence[int], **others: Any) -> dict[str, Any]:
    """A playlist with these songs, as a file under `pretty` has it."""
    return {
        "description": "",
        "num_followers": 22,
        "original_name": name,
        "owner": {"name": "Anna", "url": f"{_PAGES}/user/anna"},
        "snapshot_id": f"snapshot of {numbers}",
        "tracks": [pretty_track(number) for number in numbers],
        "unique_name": f"{name} (2)",
        "url": f"{_PAGES}/playlist/{playlist_id}",
        **others,
    }


def pretty_track(number: int) -> dict[str, Any]:
    """A song, with an album and an artist of its own."""
    return {
        "added_at": "2012-05-08 12:20:50",
        "album": {"name": f"Album {number}", "url": f"{_PAGES}/album/{song_id(number)}"},
        "artists": [{"name": f"Artist {number}", "url": f"{_PAGES}/artist/{song_id(number)}"}],
        "duration_ms": 1000 * number,
        "name": f"Song {number}",
        "url": f"{_PAGES}/track/{song_id(number)}",
    }


def cumulative(playlist_id: str, stays: Sequence[tuple[int, str, str | None]], **others: Any) -> dict[str, Any]:
    """A playlist with songs, when they were added and removed, as a file under `cumulative` has it."""
    tracks = []
    for number, added, removed in stays:
        track = pretty_track(number) | {
            "date_added": added.removesuffix("*"),
            "date_added_asterisk": added.endswith("*"),
            "date_removed": removed,
        }
        del track["added_at"]
        tracks.append(track)
    about = {"description": "", "name": "Hits", "tracks": tracks, "url": f"{_PAGES}/playlist/{playlist_id}"}
    return about | others


def written(content: dict[str, Any]) -> str:
    """As the archive's JSON is written."""
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


class Archive:
    """The repository."""

    def __init__(self, path: Path) -> None:
        """An empty one."""
        self.path = path
        path.mkdir()
        self._git("init", "--quiet")

    def commit(self, time: str, subject: str, playlists: Mapping[str, dict[str, Any] | None]) -> None:
        """Write playlists, or delete them, and commit at a time in UTC; without any, only a number has changed."""
        folder = self.path / "playlists" / "pretty"
        folder.mkdir(parents=True, exist_ok=True)
        for playlist_id, content in playlists.items():
            file = folder / f"{playlist_id}.json"
            file.unlink() if content is None else file.write_text(written(content))
        (self.path / "playlists" / "count").write_text(time)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", subject, time=f"{time} +0000")

    def _git(self, *arguments: str, time: str = "") -> None:
        bot = {f"GIT_{who}_{what}": "bot" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        dates = {"GIT_AUTHOR_DATE": time, "GIT_COMMITTER_DATE": time} if time else {}
        environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, **bot, **dates}
        subprocess.run(["git", *arguments], cwd=self.path, env=environment, check=True, capture_output=True)  # noqa: S607
