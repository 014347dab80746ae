-- title: When playlists got another name or description
-- description: Each change of name, description, owner or visibility between two days on which Spotify told of the playlist.
-- param since date: (SELECT date_add('day', -365, max(snapshot_date)) FROM coverage) -- the first day to compare; else a year before the newest
WITH told AS (
    SELECT
        playlist_id,
        snapshot_date,
        name,
        description,
        owner_name,
        CASE WHEN is_public THEN 'public' WHEN NOT is_public THEN 'private' END AS visibility
    FROM playlists
    WHERE snapshot_date >= :since
),
compared AS (
    SELECT
        told.*,
        lag(snapshot_date) OVER days AS previous_date,
        lag(name) OVER days AS previous_name,
        lag(description) OVER days AS previous_description,
        lag(owner_name) OVER days AS previous_owner,
        lag(visibility) OVER days AS previous_visibility
    FROM told
    WINDOW days AS (PARTITION BY playlist_id ORDER BY snapshot_date)
)
SELECT
    compared.snapshot_date AS day,
    compared.previous_date,
    compared.name AS playlist,
    change.what,
    change.before,
    change.after,
    compared.playlist_id
FROM compared
CROSS JOIN UNNEST(
    ARRAY['name', 'description', 'owner', 'visibility'],
    ARRAY[previous_name, previous_description, previous_owner, previous_visibility],
    ARRAY[name, description, owner_name, visibility]
) AS change (what, before, after)
WHERE compared.previous_date IS NOT NULL AND change.before IS DISTINCT FROM change.after
ORDER BY day, playlist_id, what
