-- title: When the items were added
-- description: The items that stand in the playlists on a day, by the month in which they were added; null where Spotify does not say. What was added and removed again is not counted.
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
SELECT
    CAST(date_trunc('month', added_at) AS date) AS month,
    count(*) AS items,
    count(DISTINCT playlist_id) AS playlists,
    count(DISTINCT added_by_id) AS people
FROM playlist_items
WHERE snapshot_date = :day
GROUP BY CAST(date_trunc('month', added_at) AS date)
ORDER BY month DESC NULLS LAST
