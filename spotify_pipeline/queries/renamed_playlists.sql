-- title: When playlists got another name or description
-- description: Each change of a playlist's name, description, owner (user ids) or visibility, and the day before on which the playlist was read. Of a playlist whose contents Spotify does not show none is known.
-- param since date: (SELECT date_add('day', -365, max(snapshot_date)) FROM coverage) -- the first day; else a year before the newest
SELECT
    change.snapshot_date AS day,
    change.previous_snapshot_date AS previous_date,
    playlist.name AS playlist,
    change.event,
    change.old_value AS before,
    change.new_value AS after,
    change.playlist_id
FROM playlists AS playlist -- first, so that the days found by the join keep other days from being read
JOIN playlist_events AS change
    ON change.playlist_id = playlist.playlist_id AND change.snapshot_date = playlist.snapshot_date
WHERE
    change.snapshot_date >= :since
    AND change.event IN ('renamed', 'described', 'owner_changed', 'visibility_changed')
ORDER BY day, playlist_id, event
