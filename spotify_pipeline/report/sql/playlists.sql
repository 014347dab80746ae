-- What each playlist was called when its name was last read.
WITH named AS (
    SELECT playlist_id, name, url, row_number() OVER (PARTITION BY playlist_id ORDER BY snapshot_date DESC) AS age
    FROM playlists
)
SELECT playlist_id, name, url FROM named WHERE age = 1 ORDER BY playlist_id
