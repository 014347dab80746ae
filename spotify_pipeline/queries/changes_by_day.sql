-- title: How much came, went and moved each day
-- description: For each day, how many playlists were asked for, how many of them could be compared with a reading before, how many had changed, and by how many items. Where none could be compared, as on a day without a run, nothing is known, and the numbers of changes are null. What is found after a gap may have happened on any day of it; gap_days is the longest one that a change of the day spans, 1 where none was missing.
-- param playlist string: '%' -- id of one playlist, or a LIKE pattern; else all
-- param since date: (SELECT date_add('day', -365, max(snapshot_date)) FROM coverage) -- the first day; else a year before the newest
WITH first_readings AS (
    SELECT playlist_id, min(snapshot_date) AS first_date
    FROM coverage
    WHERE playlist_id LIKE :playlist AND status IN ('observed', 'unchanged', 'imported')
    GROUP BY playlist_id
),
asked AS (
    SELECT
        coverage.snapshot_date AS day,
        count(*) AS playlists,
        count_if(coverage.status IN ('observed', 'unchanged', 'imported') AND coverage.snapshot_date > first_readings.first_date)
            AS compared
    FROM coverage
    LEFT JOIN first_readings ON first_readings.playlist_id = coverage.playlist_id
    WHERE coverage.snapshot_date >= :since AND coverage.playlist_id LIKE :playlist
    GROUP BY coverage.snapshot_date
),
changes AS (
    SELECT
        snapshot_date AS day,
        count(DISTINCT playlist_id) AS playlists,
        count_if(event = 'added') AS added,
        count_if(event = 'removed') AS removed,
        count_if(event = 'moved') AS moved,
        count_if(event = 'replaced') AS replaced,
        max(gap_days) AS gap_days
    FROM playlist_events
    WHERE
        snapshot_date >= :since
        AND playlist_id LIKE :playlist
        AND event IN ('added', 'removed', 'moved', 'replaced')
    GROUP BY snapshot_date
),
calendar AS (
    SELECT calendar_day.day
    FROM (SELECT min(day) AS day FROM asked) AS oldest
    CROSS JOIN (SELECT max(snapshot_date) AS day FROM coverage) AS newest
    CROSS JOIN UNNEST(sequence(oldest.day, newest.day, INTERVAL '1' DAY)) AS calendar_day (day)
)
SELECT
    calendar.day,
    coalesce(asked.playlists, 0) AS playlists,
    coalesce(asked.compared, 0) AS compared,
    CASE WHEN asked.compared > 0 THEN coalesce(changes.playlists, 0) END AS changed,
    CASE WHEN asked.compared > 0 THEN coalesce(changes.added, 0) END AS added,
    CASE WHEN asked.compared > 0 THEN coalesce(changes.removed, 0) END AS removed,
    CASE WHEN asked.compared > 0 THEN coalesce(changes.moved, 0) END AS moved,
    CASE WHEN asked.compared > 0 THEN coalesce(changes.replaced, 0) END AS replaced,
    changes.gap_days
FROM calendar
LEFT JOIN asked ON asked.day = calendar.day
LEFT JOIN changes ON changes.day = calendar.day
ORDER BY day
