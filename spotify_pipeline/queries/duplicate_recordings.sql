-- title: Recordings that stand in a playlist more than once
-- description: The same recording at several places of a playlist, be it under one track id or under several.
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
SELECT
    playlist.name AS playlist,
    max(track.name) AS recording,
    count(*) AS places,
    array_join(array_agg(CAST(item.position AS varchar) ORDER BY item.position), ', ') AS positions,
    count(DISTINCT item.track_id) AS track_ids,
    playlist.playlist_id,
    track.recording_key
FROM playlist_items AS item
JOIN tracks AS track
    ON track.track_id = item.track_id AND track.snapshot_date = item.snapshot_date
JOIN playlists AS playlist
    ON playlist.playlist_id = item.playlist_id AND playlist.snapshot_date = item.snapshot_date
WHERE item.snapshot_date = :day
GROUP BY playlist.playlist_id, playlist.name, track.recording_key
HAVING count(*) > 1
ORDER BY playlist, recording, playlist_id, recording_key
