-- title: Artists that appeared for the first time
-- description: Artists who first had a track in any playlist since a day, and where. What was there on the first published day has not appeared.
-- param since date: (SELECT date_add('day', -30, max(snapshot_date)) FROM coverage) -- the first day; else 30 days before the newest
WITH appearances AS (
    SELECT artist_id, min(snapshot_date) AS first_day FROM track_artists GROUP BY artist_id
),
new AS (
    SELECT artist_id, first_day
    FROM appearances
    WHERE first_day >= :since AND first_day > (SELECT min(snapshot_date) FROM coverage)
)
SELECT DISTINCT -- an artist may be credited twice
    new.first_day,
    artist.name AS artist,
    item.name AS track,
    playlist.name AS playlist,
    item.position,
    new.artist_id,
    item.playlist_id
FROM playlist_items AS item -- first, so that the days found by the joins keep other days from being read
JOIN playlists AS playlist
    ON playlist.playlist_id = item.playlist_id AND playlist.snapshot_date = item.snapshot_date
JOIN track_artists AS credit
    ON credit.track_id = item.track_id AND credit.snapshot_date = item.snapshot_date
JOIN artists AS artist
    ON artist.artist_id = credit.artist_id AND artist.snapshot_date = credit.snapshot_date
JOIN new
    ON new.artist_id = credit.artist_id AND new.first_day = credit.snapshot_date
ORDER BY first_day, artist, artist_id, playlist_id, position
