"""What each named query must answer, by plain loops over the rows of the tables, without SQL.

Each function has the name of its query, takes the history and the query's parameters, and gives the rows in order.
"""

from collections.abc import Callable
from typing import Any

from spotify_pipeline_tests.query.readings import changes, contents, days, memberships, music

READINGS: dict[str, Callable[..., list[tuple[Any, ...]]]] = {
    reading.__name__: reading
    for reading in (
        contents.additions_by_month,
        contents.collaborative_additions,
        contents.local_files,
        contents.oldest_additions,
        contents.playlist_directory,
        contents.playlist_on_day,
        contents.restricted_playlists,
        contents.unavailable_items,
        music.album_completeness,
        music.duplicate_recordings,
        music.explicit_share,
        music.genres,
        music.most_shared_recordings,
        music.playlist_overlap,
        music.popularity_spread,
        music.release_decades,
        music.top_artists,
        music.tracks_of_artist,
        changes.changes_by_day,
        changes.new_artists,
        changes.removed_items,
        changes.renamed_playlists,
        changes.what_changed,
        days.freshness,
        days.missing_days,
        days.playlist_growth,
        days.requests_by_day,
        memberships.longest_stays,
        memberships.returned_items,
        memberships.track_history,
    )
}
