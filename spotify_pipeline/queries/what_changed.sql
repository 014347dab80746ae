-- title: What has changed since a playlist was last read
-- description: What was added, removed, moved and replaced between the last day before on which a playlist was read and a day, and where it stood and stands. A move is one of the fewest that explain the new order; what is replaced is now there from another album. A playlist that was not read on the day, or never before, has no rows.
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
-- param playlist string: '%' -- id of one playlist, or a LIKE pattern; else all
WITH changes AS (
    SELECT
        playlist_id,
        event,
        item_key,
        position,
        previous_position,
        previous_snapshot_date,
        -- What has gone is named by the last day on which it was there.
        CASE WHEN event = 'removed' THEN previous_snapshot_date ELSE snapshot_date END AS named_date,
        coalesce(position, previous_position) AS named_position
    FROM playlist_events
    WHERE snapshot_date = :day AND playlist_id LIKE :playlist AND event IN ('added', 'removed', 'moved', 'replaced')
)
SELECT
    playlist.name AS playlist,
    changes.event,
    changes.position,
    changes.previous_position,
    item.name AS item,
    changes.previous_snapshot_date AS previous_date,
    changes.item_key,
    changes.playlist_id
FROM playlist_items AS item -- first, so that the days found by the join keep other days from being read
RIGHT JOIN changes -- a change stays one when the day before it is no longer kept
    ON changes.playlist_id = item.playlist_id
    AND changes.named_date = item.snapshot_date
    AND changes.named_position = item.position
JOIN playlists AS playlist ON playlist.playlist_id = changes.playlist_id
WHERE playlist.snapshot_date = :day
ORDER BY playlist, playlist_id, event, position, previous_position
