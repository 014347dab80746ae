-- title: In which playlists a track was, and from when to when
-- description: Each stay of a track in a playlist: the first and the last day on which it was read there, and on how many days it was there at least and at most. A stay that is left_censored began before the playlist was first read; one that is_current had not ended when it was last read. What is removed and comes back has a stay for each time; of several copies, occurrence tells which.
-- param track string: (SELECT track_id FROM playlist_items WHERE snapshot_date = (SELECT min(snapshot_date) FROM coverage) AND track_id IS NOT NULL GROUP BY track_id ORDER BY count(DISTINCT playlist_id) DESC, track_id LIMIT 1) -- id of the track; else one that stood in most playlists on the first day
WITH stays AS (
    SELECT * FROM memberships WHERE item_key = concat('spotify:track:', :track)
)
SELECT
    max(item.name) AS track,
    playlist.name AS playlist,
    stays.first_seen,
    stays.last_seen,
    stays.days_min,
    stays.days_max,
    stays.left_censored,
    stays.is_current,
    stays.occurrence,
    stays.playlist_id
FROM playlist_items AS item -- first, so that the days found by the join keep other days from being read
JOIN playlists AS playlist
    ON playlist.playlist_id = item.playlist_id AND playlist.snapshot_date = item.snapshot_date
JOIN stays
    ON stays.playlist_id = item.playlist_id
    AND stays.item_key = item.item_key
    AND stays.last_seen = item.snapshot_date
GROUP BY
    playlist.name,
    stays.first_seen,
    stays.last_seen,
    stays.days_min,
    stays.days_max,
    stays.left_censored,
    stays.is_current,
    stays.occurrence,
    stays.playlist_id
ORDER BY first_seen, last_seen, playlist_id, occurrence
