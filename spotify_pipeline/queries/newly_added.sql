-- title: What came since the day before
-- description: Items that stand in more places of a playlist than on the last day on which it was read.
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
WITH read_days AS (
    SELECT
        playlist_id,
        snapshot_date,
        lag(snapshot_date) OVER (PARTITION BY playlist_id ORDER BY snapshot_date) AS previous_date
    FROM coverage
    WHERE status IN ('observed', 'unchanged')
),
counted AS (
    SELECT playlist_id, snapshot_date, item_key, max(name) AS name, count(*) AS places
    FROM playlist_items
    GROUP BY playlist_id, snapshot_date, item_key
)
SELECT playlist.name AS playlist, today.name AS item, read_days.previous_date
FROM read_days
JOIN counted AS today
    ON today.playlist_id = read_days.playlist_id AND today.snapshot_date = read_days.snapshot_date
JOIN playlists AS playlist
    ON playlist.playlist_id = today.playlist_id AND playlist.snapshot_date = today.snapshot_date
LEFT JOIN counted AS before
    ON before.playlist_id = today.playlist_id
    AND before.snapshot_date = read_days.previous_date
    AND before.item_key = today.item_key
WHERE read_days.snapshot_date = :day
    AND read_days.previous_date IS NOT NULL
    AND today.places > coalesce(before.places, 0)
ORDER BY playlist, item
