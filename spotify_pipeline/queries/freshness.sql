-- title: How fresh each playlist's rows are
-- description: For each playlist that was ever asked for: the last day on which it has rows, the day from which their content is, and how many days ago that was on the newest day; with what came of it when it was last asked for.
WITH read_days AS (
    SELECT playlist_id, max(snapshot_date) AS last_read, max(observed_date) AS last_changed
    FROM coverage
    WHERE status IN ('observed', 'unchanged', 'imported')
    GROUP BY playlist_id
),
asked AS (
    SELECT
        playlist_id,
        status,
        reason,
        row_number() OVER (PARTITION BY playlist_id ORDER BY snapshot_date DESC) AS age
    FROM coverage
),
names AS (
    SELECT playlist_id, name, row_number() OVER (PARTITION BY playlist_id ORDER BY snapshot_date DESC) AS age
    FROM playlists
)
SELECT
    names.name AS playlist,
    read_days.last_read,
    read_days.last_changed,
    date_diff('day', read_days.last_read, newest.day) AS days_old,
    asked.status AS newest_status,
    asked.reason AS newest_reason,
    asked.playlist_id
FROM asked
CROSS JOIN (SELECT max(snapshot_date) AS day FROM coverage) AS newest
LEFT JOIN read_days ON read_days.playlist_id = asked.playlist_id
LEFT JOIN names ON names.playlist_id = asked.playlist_id AND names.age = 1
WHERE asked.age = 1
ORDER BY last_read ASC NULLS FIRST, playlist_id
