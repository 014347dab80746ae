"""A small `mine` for many runs: short and long playlists, episodes, local files, a null track, and what the app may not
see in development mode."""

import copy
from datetime import timedelta
from typing import Any

from spotify_pipeline_tests.conftest import FIRST_ARCHIVE_DAY

FIRST_DAY, SECOND_DAY = FIRST_ARCHIVE_DAY, FIRST_ARCHIVE_DAY + timedelta(days=1)

LONG = "6ckHBekHAoozIV6ISOmvq1"  # 211 tracks, so several pages in both modes
RESTRICTED = "5MbXSlt4XM23YQIc2v8WpW"  # to others than its owner, in development mode
_HIDDEN = "37i9dQZF1DX4ezQVslkJiT"  # one of Spotify's own
_CHANGING = (LONG, "1tPWTwuxOLsE2Do1JQSUxA", "AF1A4TpvJNUXUCwteyNKK7", "6F924uSmGOJd9Q6E1OHQIQ", RESTRICTED)
_STAYING = ("13S3Kgy80FmqaRjYoECK3U", "SRfj7QWehsbCnJMhMQ9lTP", _HIDDEN)  # local files and episodes; a null track

PLAYLISTS = (*_CHANGING, *_STAYING)
OWNED = frozenset(PLAYLISTS) - {RESTRICTED, _HIDDEN}


def small_library(library: Any) -> Any:
    """Eight playlists of a library; on the second day most have lost their first entry."""
    small = copy.copy(library)
    small.meta = {playlist_id: library.meta[playlist_id] for playlist_id in PLAYLISTS}
    small._versions = {}
    for playlist_id in PLAYLISTS:
        version = library.version(playlist_id, FIRST_DAY.isoformat())
        small._versions[playlist_id] = [("", version)]
        if playlist_id in _CHANGING:
            shorter = version._replace(entries=version.entries[1:])
            small._versions[playlist_id].append((SECOND_DAY.isoformat(), shorter))
    return small


def with_moved_entry(library: Any, playlist_id: str) -> Any:
    """The library after the first entry of a playlist was moved to its end: no number of anything tells that."""
    moved = copy.copy(library)
    version = library.version(playlist_id, FIRST_DAY.isoformat())
    entries = [*version.entries[1:], version.entries[0]]
    moved._versions = library._versions | {playlist_id: [("", version._replace(entries=entries))]}
    return moved
