-- title: What has gone, and where it stood
-- description: The items that were removed from a playlist, with their artists and the last position and day on which they were read there; between that day and the one on which they had gone lie gap_days. The item_key of a track or an episode, pasted into a playlist, puts it back. What another album's version of the same recording has replaced is not counted, and of what Spotify has lost there is no name.
-- param playlist string: '%' -- id of one playlist, or a LIKE pattern; else all
-- param since date: (SELECT date_add('day', -30, max(snapshot_date)) FROM coverage) -- the first day; else 30 days before the newest
WITH removed AS (
    SELECT
        snapshot_date,
        playlist_id,
        item_key,
        track_id,
        previous_position,
        previous_snapshot_date,
        gap_days
    FROM playlist_events
    WHERE snapshot_date >= :since AND playlist_id LIKE :playlist AND event = 'removed'
),
credited AS (
    SELECT
        credit.track_id,
        credit.snapshot_date,
        array_join(array_agg(artist.name ORDER BY credit.artist_position), ', ') AS artists
    FROM artists AS artist -- first, so that the days found by the join keep other days from being read
    JOIN (
        SELECT DISTINCT credit.track_id, credit.snapshot_date, credit.artist_position, credit.artist_id
        FROM track_artists AS credit -- first, as well
        JOIN removed
            ON removed.track_id = credit.track_id AND removed.previous_snapshot_date = credit.snapshot_date
    ) AS credit
        ON credit.artist_id = artist.artist_id AND credit.snapshot_date = artist.snapshot_date
    GROUP BY credit.track_id, credit.snapshot_date
)
SELECT
    removed.snapshot_date AS day,
    playlist.name AS playlist,
    item.name AS item,
    credited.artists,
    removed.previous_position,
    removed.previous_snapshot_date AS previous_date,
    removed.gap_days,
    removed.item_key,
    removed.playlist_id
FROM playlist_items AS item -- first, as well
RIGHT JOIN removed -- a removal stays one when the day before it is no longer kept
    ON removed.playlist_id = item.playlist_id
    AND removed.previous_snapshot_date = item.snapshot_date
    AND removed.previous_position = item.position
JOIN playlists AS playlist
    ON playlist.playlist_id = removed.playlist_id AND playlist.snapshot_date = removed.snapshot_date
LEFT JOIN credited
    ON credited.track_id = removed.track_id AND credited.snapshot_date = removed.previous_snapshot_date
ORDER BY day DESC, playlist, playlist_id, previous_position
