-- title: Where an artist's tracks stand
-- description: Every position of every playlist that an artist's tracks hold on a day, as main artist or as guest.
-- param artist string: (SELECT name FROM artists WHERE snapshot_date = (SELECT max(snapshot_date) FROM coverage) AND artist_id = (SELECT artist_id FROM track_artists WHERE snapshot_date = (SELECT max(snapshot_date) FROM coverage) GROUP BY artist_id ORDER BY count(*) DESC, artist_id LIMIT 1)) -- name of the artist, in capitals or not; else the one with most tracks
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
SELECT DISTINCT -- an artist may be credited twice
    artist.name AS artist,
    track.name AS track,
    album.name AS album,
    CASE WHEN credit.artist_position = 0 THEN 'main' ELSE 'guest' END AS part,
    playlist.name AS playlist,
    item.position,
    item.added_at,
    artist.artist_id,
    track.track_id,
    item.playlist_id
FROM artists AS artist
JOIN track_artists AS credit
    ON credit.artist_id = artist.artist_id AND credit.snapshot_date = artist.snapshot_date
JOIN tracks AS track
    ON track.track_id = credit.track_id AND track.snapshot_date = credit.snapshot_date
JOIN playlist_items AS item
    ON item.track_id = track.track_id AND item.snapshot_date = track.snapshot_date
JOIN playlists AS playlist
    ON playlist.playlist_id = item.playlist_id AND playlist.snapshot_date = item.snapshot_date
LEFT JOIN albums AS album
    ON album.album_id = track.album_id AND album.snapshot_date = track.snapshot_date
WHERE artist.snapshot_date = :day AND lower(artist.name) = lower(:artist)
ORDER BY artist, artist_id, track, track_id, playlist_id, position, part
