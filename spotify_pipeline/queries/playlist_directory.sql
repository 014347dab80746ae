-- title: All playlists of a day, with owner and length
-- description: Every playlist that Spotify told of on a day; items and hours are null where its contents were not read.
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
WITH contents AS (
    SELECT
        playlist_id,
        count(*) AS items,
        count(DISTINCT track_id) AS tracks,
        round(sum(duration_ms) / 3600000.0, 1) AS hours
    FROM playlist_items
    WHERE snapshot_date = :day
    GROUP BY playlist_id
)
SELECT
    playlist.name AS playlist,
    playlist.owner_name,
    coverage.status,
    contents.items,
    contents.tracks,
    contents.hours,
    playlist.followers_total AS followers,
    playlist.is_public,
    playlist.is_collaborative,
    playlist.playlist_id
FROM playlists AS playlist
JOIN coverage
    ON coverage.playlist_id = playlist.playlist_id AND coverage.snapshot_date = playlist.snapshot_date
LEFT JOIN contents ON contents.playlist_id = playlist.playlist_id
WHERE playlist.snapshot_date = :day
ORDER BY playlist, playlist_id
