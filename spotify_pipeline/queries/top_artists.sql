-- title: Artists most present in the playlists
-- description: How many different tracks of an artist stand in how many playlists on one day.
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
-- param most integer: 10 -- how many artists to show
SELECT
    artist.name AS artist,
    count(DISTINCT item.track_id) AS tracks,
    count(DISTINCT item.playlist_id) AS playlists,
    artist.artist_id
FROM playlist_items AS item
JOIN track_artists AS credit
    ON credit.track_id = item.track_id AND credit.snapshot_date = item.snapshot_date
JOIN artists AS artist
    ON artist.artist_id = credit.artist_id AND artist.snapshot_date = credit.snapshot_date
WHERE item.snapshot_date = :day
GROUP BY artist.artist_id, artist.name
ORDER BY tracks DESC, playlists DESC, artist, artist_id
LIMIT :most
