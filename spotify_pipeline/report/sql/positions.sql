-- What stood at the top of each playlist in detail, on each of the newest days on which it was read.
SELECT playlist_id, snapshot_date, position, item_key, track_id, name
FROM playlist_items
WHERE position < :most AND snapshot_date >= :since AND playlist_id IN (:playlists)
ORDER BY playlist_id, snapshot_date, position
