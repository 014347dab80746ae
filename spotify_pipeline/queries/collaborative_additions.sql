-- title: Who added how much to shared playlists, and when last
-- description: For playlists that are collaborative, or hold what somebody else than the owner added: who added how many of the items that stand there on a day. Null is an adder whom Spotify does not name.
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
WITH playlist_adders AS (
    SELECT
        playlist.playlist_id,
        playlist.name,
        bool_or(playlist.is_collaborative OR item.added_by_id <> playlist.owner_id) AS is_shared,
        count(*) AS items
    FROM playlist_items AS item
    JOIN playlists AS playlist
        ON playlist.playlist_id = item.playlist_id AND playlist.snapshot_date = item.snapshot_date
    WHERE item.snapshot_date = :day
    GROUP BY playlist.playlist_id, playlist.name
)
SELECT
    shared.name AS playlist,
    item.added_by_id,
    count(*) AS items,
    round(100.0 * count(*) / shared.items, 1) AS percent,
    min(item.added_at) AS first_added_at,
    max(item.added_at) AS last_added_at,
    shared.playlist_id
FROM playlist_items AS item
JOIN playlist_adders AS shared ON shared.playlist_id = item.playlist_id
WHERE item.snapshot_date = :day AND shared.is_shared
GROUP BY shared.playlist_id, shared.name, shared.items, item.added_by_id
ORDER BY playlist, playlist_id, items DESC, added_by_id ASC NULLS LAST
