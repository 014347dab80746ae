-- How many recordings each playlist shares with others, as last read: with all in detail, and with the :most closest.
WITH newest AS (
    SELECT playlist_id, max(snapshot_date) AS day
    FROM coverage
    WHERE status IN ('observed', 'unchanged', 'imported')
    GROUP BY playlist_id
),
recordings AS (
    SELECT DISTINCT item.playlist_id, track.recording_key
    FROM playlist_items AS item
    JOIN newest ON newest.playlist_id = item.playlist_id AND newest.day = item.snapshot_date
    JOIN tracks AS track ON track.track_id = item.track_id AND track.snapshot_date = item.snapshot_date
    WHERE item.snapshot_date IN (:days)
),
sizes AS (
    SELECT playlist_id, count(*) AS size FROM recordings GROUP BY playlist_id
),
pairs AS (
    SELECT one.playlist_id, other.playlist_id AS other_id, count(*) AS shared
    FROM recordings AS one
    JOIN recordings AS other
        ON other.recording_key = one.recording_key AND other.playlist_id <> one.playlist_id
    WHERE one.playlist_id IN (:playlists)
    GROUP BY one.playlist_id, other.playlist_id
),
ranked AS (
    SELECT pairs.*, row_number() OVER (PARTITION BY playlist_id ORDER BY shared DESC, other_id) AS place FROM pairs
)
SELECT ranked.playlist_id, ranked.other_id, ranked.shared, one.size, other.size AS other_size
FROM ranked
JOIN sizes AS one ON one.playlist_id = ranked.playlist_id
JOIN sizes AS other ON other.playlist_id = ranked.other_id
WHERE ranked.place <= :most OR ranked.other_id IN (:playlists)
ORDER BY playlist_id, shared DESC, other_id
