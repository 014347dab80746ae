-- title: Days that are missing, and why
-- description: For each playlist, the days between its first and the newest day on which it has no rows, with the reason.
WITH days AS (
    SELECT playlist_id, min(snapshot_date) AS first_day FROM coverage GROUP BY playlist_id
),
calendar AS (
    SELECT days.playlist_id, CAST(day AS date) AS missing_date
    FROM days
    CROSS JOIN UNNEST(sequence(days.first_day, (SELECT max(snapshot_date) FROM coverage), INTERVAL '1' DAY)) AS t(day)
)
SELECT
    calendar.playlist_id,
    calendar.missing_date,
    coalesce(coverage.status, 'not run') AS status,
    coverage.reason
FROM calendar
LEFT JOIN coverage
    ON coverage.playlist_id = calendar.playlist_id AND coverage.snapshot_date = calendar.missing_date
WHERE coalesce(coverage.status, 'not run') NOT IN ('observed', 'unchanged')
ORDER BY calendar.playlist_id, calendar.missing_date
