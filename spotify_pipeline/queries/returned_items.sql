-- title: What went and came back
-- description: Items that were in a playlist, were gone when it was read again, and later there again: the last day on which they were read there, the first on which they had gone, and the one on which they were back. Where days are missing between these, they may have been gone for fewer days than lie between. Of several copies, occurrence tells which; times is how often it has come back in all. What Spotify has lost is left out: nothing tells one lost item from another.
-- param playlist string: '%' -- id of one playlist, or a LIKE pattern; else all
-- param since date: (SELECT date_add('day', -365, max(snapshot_date)) FROM coverage) -- the first day of coming back; else a year before the newest
WITH stays AS (
    SELECT
        playlist_id,
        item_key,
        occurrence,
        first_seen,
        lag(removed_between_start) OVER earlier AS seen_until,
        lag(removed_between_end) OVER earlier AS gone_by,
        count(*) OVER (PARTITION BY playlist_id, item_key, occurrence) - 1 AS times
    FROM memberships
    WHERE playlist_id LIKE :playlist AND item_key <> 'unavailable'
    WINDOW earlier AS (PARTITION BY playlist_id, item_key, occurrence ORDER BY first_seen)
)
SELECT
    stays.first_seen AS back_on,
    playlist.name AS playlist,
    max(item.name) AS item,
    stays.seen_until,
    stays.gone_by,
    stays.times,
    stays.occurrence,
    stays.item_key,
    stays.playlist_id
FROM playlist_items AS item -- first, so that the days found by the join keep other days from being read
JOIN playlists AS playlist
    ON playlist.playlist_id = item.playlist_id AND playlist.snapshot_date = item.snapshot_date
JOIN stays
    ON stays.playlist_id = item.playlist_id
    AND stays.item_key = item.item_key
    AND stays.first_seen = item.snapshot_date
WHERE stays.gone_by IS NOT NULL AND stays.first_seen >= :since
GROUP BY
    stays.first_seen,
    playlist.name,
    stays.seen_until,
    stays.gone_by,
    stays.times,
    stays.occurrence,
    stays.item_key,
    stays.playlist_id
ORDER BY back_on DESC, playlist, playlist_id, item_key, occurrence
