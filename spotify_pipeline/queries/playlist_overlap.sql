-- title: Which playlists overlap
-- description: Pairs of playlists with the recordings that stand in both, whatever the album, and their share of the recordings of the smaller playlist.
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
-- param at_least integer: 1 -- fewest shared recordings
WITH recordings AS (
    SELECT DISTINCT item.playlist_id, track.recording_key
    FROM playlist_items AS item
    JOIN tracks AS track
        ON track.track_id = item.track_id AND track.snapshot_date = item.snapshot_date
    WHERE item.snapshot_date = :day
),
sizes AS (
    SELECT recordings.playlist_id, playlist.name, count(*) AS size
    FROM recordings
    JOIN playlists AS playlist ON playlist.playlist_id = recordings.playlist_id
    WHERE playlist.snapshot_date = :day
    GROUP BY recordings.playlist_id, playlist.name
),
pairs AS (
    SELECT one.playlist_id AS one_id, other.playlist_id AS other_id, count(*) AS shared
    FROM recordings AS one
    JOIN recordings AS other
        ON other.recording_key = one.recording_key AND other.playlist_id > one.playlist_id
    GROUP BY one.playlist_id, other.playlist_id
)
SELECT
    one.name AS playlist,
    other.name AS other_playlist,
    pairs.shared,
    round(100.0 * pairs.shared / least(one.size, other.size), 1) AS percent_of_smaller,
    pairs.one_id AS playlist_id,
    pairs.other_id AS other_playlist_id
FROM pairs
JOIN sizes AS one ON one.playlist_id = pairs.one_id
JOIN sizes AS other ON other.playlist_id = pairs.other_id
WHERE pairs.shared >= :at_least
ORDER BY shared DESC, percent_of_smaller DESC, playlist_id, other_playlist_id
