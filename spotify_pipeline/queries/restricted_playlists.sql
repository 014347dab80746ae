-- title: Playlists whose contents Spotify does not show
-- description: Playlists of a day of which only name, owner and picture could be read. Copy them into one of your own to keep their history.
-- param day date: (SELECT max(snapshot_date) FROM coverage) -- the day; else the newest one
SELECT
    playlist.name AS playlist,
    playlist.owner_name,
    playlist.followers_total AS followers,
    coverage.reason,
    playlist.url,
    playlist.playlist_id
FROM coverage
JOIN playlists AS playlist
    ON playlist.playlist_id = coverage.playlist_id AND playlist.snapshot_date = coverage.snapshot_date
WHERE coverage.snapshot_date = :day AND coverage.status = 'restricted'
ORDER BY playlist, playlist_id
