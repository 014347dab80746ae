-- What each scope holds, as last read: how many different tracks from each decade (null where Spotify does not say), and
-- by each of the :most artists with the most of them. The empty scope is all playlists but those that are gone.
WITH newest AS (
    SELECT playlist_id, max(snapshot_date) AS day
    FROM coverage
    WHERE status IN ('observed', 'unchanged', 'imported')
    GROUP BY playlist_id
),
held AS (
    SELECT item.playlist_id, item.snapshot_date, track.track_id, track.album_id
    FROM playlist_items AS item
    JOIN newest ON newest.playlist_id = item.playlist_id AND newest.day = item.snapshot_date
    JOIN tracks AS track ON track.track_id = item.track_id AND track.snapshot_date = item.snapshot_date
    WHERE item.snapshot_date IN (:days)
),
scoped AS (
    SELECT playlist_id AS scope, snapshot_date, track_id, album_id FROM held WHERE playlist_id IN (:playlists)
    UNION ALL
    SELECT '' AS scope, snapshot_date, track_id, album_id FROM held WHERE playlist_id NOT IN (:gone)
),
dated AS (
    SELECT scoped.scope, scoped.track_id, max(album.release_day) AS release_day
    FROM scoped
    LEFT JOIN albums AS album
        ON album.album_id = scoped.album_id AND album.snapshot_date = scoped.snapshot_date
    GROUP BY scoped.scope, scoped.track_id
),
-- Apart from what they are credited for: by the day alone, which is one for nearly all rows, nothing should be joined.
names AS (
    SELECT artist_id, max(name) AS name, max(url) AS url
    FROM artists
    WHERE snapshot_date IN (:days)
    GROUP BY artist_id
),
counted AS (
    SELECT scoped.scope, credit.artist_id, count(DISTINCT scoped.track_id) AS tracks
    FROM scoped
    JOIN track_artists AS credit
        ON credit.track_id = scoped.track_id AND credit.snapshot_date = scoped.snapshot_date
    GROUP BY scoped.scope, credit.artist_id
),
credited AS (
    SELECT counted.scope, counted.artist_id, names.name, names.url, counted.tracks
    FROM counted
    JOIN names ON names.artist_id = counted.artist_id
),
ranked AS (
    SELECT
        credited.*,
        row_number() OVER (PARTITION BY scope ORDER BY tracks DESC, name, artist_id) AS place,
        count(*) OVER (PARTITION BY scope) AS artists
    FROM credited
)
SELECT
    scope,
    'decade' AS kind,
    year(release_day) / 10 * 10 AS number,
    CAST(NULL AS varchar) AS name,
    CAST(NULL AS varchar) AS url,
    count(*) AS tracks
FROM dated
GROUP BY scope, year(release_day) / 10 * 10
UNION ALL
SELECT scope, 'artist' AS kind, artists AS number, name, url, tracks
FROM ranked
WHERE place <= :most
ORDER BY scope, kind, tracks DESC, name, number
