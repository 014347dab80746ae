-- title: What has changed since a playlist was last read
-- description: What came and what went between a day and the last day before on which the playlist was read, and where it stood. Occurrences are counted: of an item that stands there twice, one may go. A playlist that was not read on the day, or never before, has no rows.
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
-- param playlist string: '%' -- id of one playlist, or a LIKE pattern; else all
WITH readings AS (
    SELECT
        playlist_id,
        snapshot_date,
        lag(snapshot_date) OVER (PARTITION BY playlist_id ORDER BY snapshot_date) AS previous_date
    FROM coverage
    WHERE snapshot_date <= :day AND status IN ('observed', 'unchanged') AND playlist_id LIKE :playlist
),
compared AS (
    SELECT playlist_id, snapshot_date AS read_date, previous_date, 'came' AS change
    FROM readings
    WHERE snapshot_date = :day AND previous_date IS NOT NULL
    UNION ALL
    SELECT playlist_id, previous_date AS read_date, previous_date, 'went' AS change
    FROM readings
    WHERE snapshot_date = :day AND previous_date IS NOT NULL
),
items AS (
    SELECT
        compared.playlist_id,
        compared.previous_date,
        compared.change,
        item.position,
        item.name,
        -- Nothing tells one unavailable item from another: their keys are their positions, which others change.
        CASE WHEN item.item_type = 'unavailable' THEN 'unavailable' ELSE item.item_key END AS item_key
    FROM playlist_items AS item -- first, so that the days found by the join keep other days from being read
    JOIN compared
        ON compared.playlist_id = item.playlist_id AND compared.read_date = item.snapshot_date
),
occurrences AS (
    SELECT items.*, row_number() OVER (PARTITION BY playlist_id, change, item_key ORDER BY position) AS occurrence
    FROM items
),
changes AS (
    SELECT
        playlist_id,
        item_key,
        min(previous_date) AS previous_date,
        min(change) AS change,
        min(position) AS position,
        min(name) AS item
    FROM occurrences
    GROUP BY playlist_id, item_key, occurrence
    HAVING count(*) = 1
)
SELECT
    playlist.name AS playlist,
    changes.change,
    changes.position,
    changes.item,
    changes.previous_date,
    changes.item_key,
    changes.playlist_id
FROM changes
JOIN playlists AS playlist ON playlist.playlist_id = changes.playlist_id
WHERE playlist.snapshot_date = :day
ORDER BY playlist, playlist_id, change, position
