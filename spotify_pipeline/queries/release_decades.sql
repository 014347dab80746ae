-- title: Decades of release
-- description: How many different tracks of one day were released in each decade; null where Spotify does not say.
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
SELECT
    year(album.release_day) / 10 * 10 AS decade,
    count(DISTINCT item.track_id) AS tracks,
    round(100.0 * count(DISTINCT item.track_id) / sum(count(DISTINCT item.track_id)) OVER (), 1) AS percent
FROM playlist_items AS item
JOIN tracks AS track
    ON track.track_id = item.track_id AND track.snapshot_date = item.snapshot_date
LEFT JOIN albums AS album
    ON album.album_id = track.album_id AND album.snapshot_date = track.snapshot_date
WHERE item.snapshot_date = :day
GROUP BY year(album.release_day) / 10 * 10
ORDER BY decade ASC NULLS LAST
