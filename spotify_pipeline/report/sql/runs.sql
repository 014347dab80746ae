-- What came of each playlist, day after day: a row for each run of days on which that was the same.
WITH days AS (
    SELECT
        playlist_id,
        snapshot_date,
        fetched_at,
        CASE WHEN status IN ('observed', 'unchanged', 'imported') THEN 'read' ELSE status END AS state,
        CASE WHEN status IN ('observed', 'unchanged', 'imported') THEN '' ELSE coalesce(reason, '') END AS reason,
        CASE WHEN status IN ('observed', 'unchanged', 'imported') THEN items_read END AS items
    FROM coverage
),
numbered AS (
    -- Days that follow each other are as far from a fixed day as they are from the first row: the difference is their run.
    SELECT
        days.*,
        date_diff('day', DATE '2000-01-01', snapshot_date) - row_number()
            OVER (PARTITION BY playlist_id, state, reason, items ORDER BY snapshot_date) AS run
    FROM days
)
SELECT
    playlist_id,
    state,
    reason,
    items,
    min(snapshot_date) AS first_day,
    max(snapshot_date) AS last_day,
    max(fetched_at) AS fetched_at
FROM numbered
GROUP BY playlist_id, state, reason, items, run
ORDER BY playlist_id, first_day
