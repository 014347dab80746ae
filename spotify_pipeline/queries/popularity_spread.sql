-- title: How popular the tracks are
-- description: The different tracks of a day by Spotify's score from 0 to 100, in steps of ten; null where Spotify does not tell it, as to apps in development mode.
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
SELECT
    track.popularity / 10 * 10 AS popularity_from,
    count(DISTINCT item.track_id) AS tracks,
    round(100.0 * count(DISTINCT item.track_id) / sum(count(DISTINCT item.track_id)) OVER (), 1) AS percent,
    count(DISTINCT item.playlist_id) AS playlists
FROM playlist_items AS item
JOIN tracks AS track
    ON track.track_id = item.track_id AND track.snapshot_date = item.snapshot_date
WHERE item.snapshot_date = :day
GROUP BY track.popularity / 10 * 10
ORDER BY popularity_from ASC NULLS LAST
