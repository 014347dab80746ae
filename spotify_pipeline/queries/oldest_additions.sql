-- title: What has been there longest
-- description: The items of a day that were added first of those that still stand there; items without a date are left out.
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
-- param most integer: 20 -- how many items to show
SELECT
    item.name AS item,
    playlist.name AS playlist,
    item.added_at,
    date_diff('day', CAST(item.added_at AS date), item.snapshot_date) AS days,
    item.position,
    item.playlist_id
FROM playlist_items AS item
JOIN playlists AS playlist
    ON playlist.playlist_id = item.playlist_id AND playlist.snapshot_date = item.snapshot_date
WHERE item.snapshot_date = :day AND item.added_at IS NOT NULL
ORDER BY added_at, playlist, playlist_id, position
LIMIT :most
