-- title: Recordings that stand in most playlists
-- description: Recordings by the number of playlists that hold them on a day, whatever the album, with their main artists.
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
-- param most integer: 20 -- how many recordings to show
WITH placed AS (
    SELECT
        track.recording_key,
        max(track.name) AS recording,
        count(DISTINCT item.playlist_id) AS playlists,
        count(*) AS places
    FROM playlist_items AS item
    JOIN tracks AS track
        ON track.track_id = item.track_id AND track.snapshot_date = item.snapshot_date
    WHERE item.snapshot_date = :day
    GROUP BY track.recording_key
),
main_artists AS (
    SELECT track.recording_key, array_join(array_agg(DISTINCT artist.name ORDER BY artist.name), ', ') AS artists
    FROM tracks AS track
    JOIN track_artists AS credit
        ON credit.track_id = track.track_id AND credit.snapshot_date = track.snapshot_date
    JOIN artists AS artist
        ON artist.artist_id = credit.artist_id AND artist.snapshot_date = credit.snapshot_date
    WHERE track.snapshot_date = :day AND credit.artist_position = 0
    GROUP BY track.recording_key
)
SELECT placed.recording, main_artists.artists, placed.playlists, placed.places, placed.recording_key
FROM placed
LEFT JOIN main_artists ON main_artists.recording_key = placed.recording_key
ORDER BY playlists DESC, places DESC, recording, recording_key
LIMIT :most
