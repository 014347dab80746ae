-- How much has happened to each playlist, on each day on which something had.
SELECT
    playlist_id,
    snapshot_date,
    count_if(event = 'added') AS added,
    count_if(event = 'removed') AS removed,
    count_if(event = 'replaced') AS replaced,
    count_if(event = 'moved') AS moved,
    count_if(event NOT IN ('added', 'removed', 'replaced', 'moved')) AS described,
    max(gap_days) AS gap_days
FROM playlist_events
GROUP BY playlist_id, snapshot_date
ORDER BY playlist_id, snapshot_date
