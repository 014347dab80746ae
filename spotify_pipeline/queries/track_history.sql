-- title: In which playlists a track was, and from when to when
-- description: For each playlist that has held a track: the first and the last day on which it was seen there, on how many days, and how often the playlist was read between the two. Fewer days seen than read mean that it was away meanwhile; it is current if it was there when the playlist was last read.
-- param track string: (SELECT track_id FROM playlist_items WHERE snapshot_date = (SELECT min(snapshot_date) FROM coverage) AND track_id IS NOT NULL GROUP BY track_id ORDER BY count(DISTINCT playlist_id) DESC, track_id LIMIT 1) -- id of the track; else one that stood in most playlists on the first day
-- param since date: (SELECT date_add('day', -365, max(snapshot_date)) FROM coverage) -- the first day to look at; else a year before the newest
WITH seen AS (
    SELECT
        playlist_id,
        min(snapshot_date) AS first_seen,
        max(snapshot_date) AS last_seen,
        count(DISTINCT snapshot_date) AS days_seen,
        max(name) AS track
    FROM playlist_items
    WHERE snapshot_date >= :since AND track_id = :track
    GROUP BY playlist_id
),
readings AS (
    SELECT
        seen.playlist_id,
        count_if(coverage.snapshot_date BETWEEN seen.first_seen AND seen.last_seen) AS days_read,
        max(coverage.snapshot_date) AS last_read
    FROM seen
    JOIN coverage ON coverage.playlist_id = seen.playlist_id
    WHERE coverage.snapshot_date >= :since AND coverage.status IN ('observed', 'unchanged')
    GROUP BY seen.playlist_id
),
names AS (
    SELECT playlist_id, name, row_number() OVER (PARTITION BY playlist_id ORDER BY snapshot_date DESC) AS age
    FROM playlists
    WHERE snapshot_date >= :since
)
SELECT
    seen.track,
    names.name AS playlist,
    seen.first_seen,
    seen.last_seen,
    seen.days_seen,
    readings.days_read,
    seen.last_seen = readings.last_read AS is_current,
    seen.playlist_id
FROM seen
JOIN readings ON readings.playlist_id = seen.playlist_id
JOIN names ON names.playlist_id = seen.playlist_id AND names.age = 1
ORDER BY first_seen, last_seen, playlist_id
