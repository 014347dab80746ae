-- title: The longest stays, ended ones too
-- description: For how long items have been in playlists, or were before they went: on days_min days for certain, and on days_max at most where days are missing. A stay that is left_censored began before the playlist was first read; added_at is when Spotify says that the item, or the first of its copies, was added, and orders stays of the same length. What Spotify has lost is left out: nothing tells one lost item from another.
-- param most integer: 20 -- how many stays to show
WITH ranked AS (
    SELECT memberships.*, rank() OVER (ORDER BY days_min DESC, days_max DESC) AS place
    FROM memberships
    WHERE item_key <> 'unavailable'
)
SELECT
    max(item.name) AS item,
    playlist.name AS playlist,
    ranked.days_min,
    ranked.days_max,
    ranked.first_seen,
    ranked.last_seen,
    ranked.is_current,
    ranked.left_censored,
    min(item.added_at) AS added_at,
    ranked.occurrence,
    ranked.item_key,
    ranked.playlist_id
FROM playlist_items AS item -- first, so that the days found by the join keep other days from being read
JOIN playlists AS playlist
    ON playlist.playlist_id = item.playlist_id AND playlist.snapshot_date = item.snapshot_date
JOIN ranked
    ON ranked.playlist_id = item.playlist_id
    AND ranked.item_key = item.item_key
    AND ranked.last_seen = item.snapshot_date
WHERE ranked.place <= :most
GROUP BY
    playlist.name,
    ranked.days_min,
    ranked.days_max,
    ranked.first_seen,
    ranked.last_seen,
    ranked.is_current,
    ranked.left_censored,
    ranked.occurrence,
    ranked.item_key,
    ranked.playlist_id
ORDER BY days_min DESC, days_max DESC, added_at ASC NULLS LAST, playlist_id, item_key, occurrence, first_seen
LIMIT :most
