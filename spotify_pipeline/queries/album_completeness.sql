-- title: How complete albums are in the playlists
-- description: Albums of more than one track of which most tracks stand in one playlist on a day.
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
-- param most integer: 20 -- how many albums to show
WITH held AS (
    SELECT item.playlist_id, track.album_id, count(DISTINCT item.track_id) AS tracks
    FROM playlist_items AS item
    JOIN tracks AS track
        ON track.track_id = item.track_id AND track.snapshot_date = item.snapshot_date
    WHERE item.snapshot_date = :day
    GROUP BY item.playlist_id, track.album_id
),
credited AS (
    SELECT credit.album_id, array_join(array_agg(artist.name ORDER BY credit.artist_position), ', ') AS artists
    FROM album_artists AS credit
    JOIN artists AS artist
        ON artist.artist_id = credit.artist_id AND artist.snapshot_date = credit.snapshot_date
    WHERE credit.snapshot_date = :day
    GROUP BY credit.album_id
)
SELECT
    album.name AS album,
    credited.artists,
    playlist.name AS playlist,
    held.tracks,
    album.total_tracks,
    round(100.0 * held.tracks / album.total_tracks, 1) AS percent,
    album.album_id,
    held.playlist_id
FROM held
JOIN albums AS album ON album.album_id = held.album_id
JOIN playlists AS playlist
    ON playlist.playlist_id = held.playlist_id AND playlist.snapshot_date = album.snapshot_date
LEFT JOIN credited ON credited.album_id = held.album_id
WHERE album.snapshot_date = :day AND album.total_tracks > 1
ORDER BY percent DESC, tracks DESC, album, album_id, playlist_id
LIMIT :most
