-- title: How explicit the playlists are
-- description: For each playlist of a day, its different tracks and the share of those with explicit lyrics, of those of which Spotify says whether.
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
WITH different AS (
    SELECT DISTINCT item.playlist_id, item.track_id, track.explicit
    FROM playlist_items AS item
    JOIN tracks AS track
        ON track.track_id = item.track_id AND track.snapshot_date = item.snapshot_date
    WHERE item.snapshot_date = :day
)
SELECT
    playlist.name AS playlist,
    count(*) AS tracks,
    count_if(different.explicit) AS explicit_tracks,
    round(100.0 * count_if(different.explicit) / nullif(count(different.explicit), 0), 1) AS percent,
    playlist.playlist_id
FROM different
JOIN playlists AS playlist ON playlist.playlist_id = different.playlist_id
WHERE playlist.snapshot_date = :day
GROUP BY playlist.playlist_id, playlist.name
ORDER BY percent DESC NULLS LAST, playlist, playlist_id
