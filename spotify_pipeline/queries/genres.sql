-- title: Genres most present in the playlists
-- description: How many different tracks, artists and playlists of a day have a genre. Spotify tells genres of artists, not of tracks, and only to apps in extended quota mode (SPOTIFY_PIPELINE_ENRICH=new); without them there are no rows.
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
-- param most integer: 20 -- how many genres to show
SELECT
    genres.genre,
    count(DISTINCT item.track_id) AS tracks,
    count(DISTINCT artist.artist_id) AS artists,
    count(DISTINCT item.playlist_id) AS playlists
FROM playlist_items AS item
JOIN track_artists AS credit
    ON credit.track_id = item.track_id AND credit.snapshot_date = item.snapshot_date
JOIN artists AS artist
    ON artist.artist_id = credit.artist_id AND artist.snapshot_date = credit.snapshot_date
CROSS JOIN UNNEST(artist.genres) AS genres (genre)
WHERE item.snapshot_date = :day
GROUP BY genres.genre
ORDER BY tracks DESC, artists DESC, genre
LIMIT :most
