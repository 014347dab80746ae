-- title: Days that are missing, and why
-- description: For each playlist, the days between its first and the newest day on which it has no rows, with the reason.
WITH days AS (
    SELECT playlist_id, min(snapshot_date) AS first_day FROM coverage GROUP BY playlist_id
),
calendar AS (
    SELECT days.playlist_id, calendar_day.day AS missing_date
    FROM days
    CROSS JOIN (SELECT max(snapshot_date) AS day FROM coverage) AS newest
    CROSS JOIN UNNEST(sequence(days.first_day, newest.day, INTERVAL '1' DAY)) AS calendar_day (day)
),
names AS (
    SELECT playlist_id, name, row_number() OVER (PARTITION BY playlist_id ORDER BY snapshot_date DESC) AS age
    FROM playlists
)
SELECT
    names.name AS playlist,
    calendar.missing_date,
    coalesce(coverage.status, 'not run') AS status,
    coverage.reason,
    calendar.playlist_id
FROM calendar
LEFT JOIN coverage
    ON coverage.playlist_id = calendar.playlist_id AND coverage.snapshot_date = calendar.missing_date
LEFT JOIN names ON names.playlist_id = calendar.playlist_id AND names.age = 1
WHERE coalesce(coverage.status, 'not run') NOT IN ('observed', 'unchanged', 'imported')
ORDER BY playlist_id, missing_date
