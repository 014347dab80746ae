-- title: Local files in the playlists
-- description: Files of the user's own that stand in playlists on one day; Spotify knows no more of them than their tags.
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
SELECT
    playlist.name AS playlist,
    item.position,
    item.name AS file,
    item.duration_ms / 1000 AS seconds,
    item.added_at,
    item.item_key,
    item.playlist_id
FROM playlist_items AS item
JOIN playlists AS playlist
    ON playlist.playlist_id = item.playlist_id AND playlist.snapshot_date = item.snapshot_date
WHERE item.snapshot_date = :day AND item.item_type = 'local'
ORDER BY playlist, playlist_id, position
