-- The longest stays, of all playlists and of each one in detail. Most are as long as the history, so of equally long ones
-- that go first which began before it, and of those what was added first, as Spotify says.
WITH named AS (
    SELECT
        stay.playlist_id,
        stay.item_key,
        stay.occurrence,
        stay.first_seen,
        stay.last_seen,
        stay.days_min,
        stay.days_max,
        stay.left_censored,
        stay.is_current,
        max(item.name) AS name,
        max(item.track_id) AS track_id,
        min(item.added_at) AS added_at
    FROM playlist_items AS item -- first, so that the days found by the join keep other days from being read
    JOIN memberships AS stay
        ON stay.playlist_id = item.playlist_id AND stay.item_key = item.item_key AND stay.last_seen = item.snapshot_date
    GROUP BY
        stay.playlist_id,
        stay.item_key,
        stay.occurrence,
        stay.first_seen,
        stay.last_seen,
        stay.days_min,
        stay.days_max,
        stay.left_censored,
        stay.is_current
),
ranked AS (
    SELECT
        named.*,
        row_number() OVER (
            PARTITION BY playlist_id
            ORDER BY days_min DESC, left_censored DESC, added_at ASC NULLS LAST, item_key, occurrence
        ) AS place,
        row_number() OVER (
            ORDER BY days_min DESC, left_censored DESC, added_at ASC NULLS LAST, playlist_id, item_key, occurrence
        ) AS place_of_all
    FROM named
)
SELECT
    playlist_id,
    name,
    item_key,
    track_id,
    added_at,
    last_seen,
    days_min,
    days_max,
    left_censored,
    is_current,
    place,
    place_of_all
FROM ranked
WHERE (place <= :most AND playlist_id IN (:playlists)) OR place_of_all <= :most
ORDER BY place_of_all
