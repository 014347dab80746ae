-- title: What is lost or cannot be played
-- description: Positions of which Spotify has lost the content, and items that the logged-in user cannot play, on one day.
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
SELECT
    playlist.name AS playlist,
    item.position,
    CASE WHEN item.item_type = 'unavailable' THEN 'lost' ELSE 'not playable' END AS problem,
    item.name AS item,
    item.added_at,
    item.playlist_id
FROM playlist_items AS item
JOIN playlists AS playlist
    ON playlist.playlist_id = item.playlist_id AND playlist.snapshot_date = item.snapshot_date
WHERE item.snapshot_date = :day AND (item.item_type = 'unavailable' OR item.is_playable = false)
ORDER BY playlist, playlist_id, position
