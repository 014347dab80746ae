-- title: What was on a playlist on a day
-- description: Every position of one playlist on one day, with the artists in the order of the credits. A day on which it was not read has no rows; missing_days says why.
-- param playlist string: (SELECT playlist_id FROM coverage WHERE snapshot_date = (SELECT max(snapshot_date) FROM coverage) AND items_read > 0 ORDER BY items_read DESC, playlist_id LIMIT 1) -- id of the playlist; else the longest one that was read on the newest day
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
SELECT
    item.position,
    item.item_type,
    item.name,
    array_join(array_agg(artist.name ORDER BY credit.artist_position) FILTER (WHERE artist.name IS NOT NULL), ', ')
        AS artists,
    item.added_at,
    item.added_by_id,
    item.item_key
FROM playlist_items AS item
LEFT JOIN track_artists AS credit
    ON credit.track_id = item.track_id AND credit.snapshot_date = item.snapshot_date
LEFT JOIN artists AS artist
    ON artist.artist_id = credit.artist_id AND artist.snapshot_date = credit.snapshot_date
WHERE item.playlist_id = :playlist AND item.snapshot_date = :day
GROUP BY item.position, item.item_type, item.name, item.added_at, item.added_by_id, item.item_key
ORDER BY position
