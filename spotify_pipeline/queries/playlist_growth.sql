-- title: How long a playlist was, day by day
-- description: The items of a playlist on each day on which it was read, and how many more (or fewer, below zero) than on the last such day. A day on which it was not read is left out, so a change may have gathered over several days.
-- param playlist string: (SELECT playlist_id FROM coverage WHERE snapshot_date >= (SELECT date_add('day', -30, max(snapshot_date)) FROM coverage) AND status IN ('observed', 'imported') GROUP BY playlist_id ORDER BY count(*) DESC, playlist_id LIMIT 1) -- id of the playlist; else the one that changed on most of the last 30 days
-- param since date: (SELECT date_add('day', -365, max(snapshot_date)) FROM coverage) -- the first day; else a year before the newest
SELECT
    snapshot_date AS day,
    items_read AS items,
    items_read - lag(items_read) OVER days AS more,
    date_diff('day', lag(snapshot_date) OVER days, snapshot_date) AS days_since
FROM coverage
WHERE snapshot_date >= :since AND playlist_id = :playlist AND status IN ('observed', 'unchanged', 'imported')
WINDOW days AS (ORDER BY snapshot_date)
ORDER BY day
