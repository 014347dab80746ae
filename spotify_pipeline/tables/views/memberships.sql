-- In words that Athena, Trino and DuckDB understand alike: each of them stores this statement as it stands here.
WITH readings AS (
    SELECT
        playlist_id,
        snapshot_date,
        observed_date,
        lag(snapshot_date) OVER (PARTITION BY playlist_id ORDER BY snapshot_date) AS previous_date
    FROM coverage
    WHERE status IN ('observed', 'unchanged', 'imported')
),
known AS (
    SELECT
        playlist_id,
        snapshot_date,
        -- Days between two readings are known where Spotify says that nothing has changed since the first of them.
        sum(CASE WHEN observed_date <= previous_date THEN date_diff('day', previous_date, snapshot_date) ELSE 1 END)
            OVER (PARTITION BY playlist_id ORDER BY snapshot_date) AS days_known
    FROM readings
),
histories AS (
    SELECT playlist_id, min(snapshot_date) AS first_date, max(snapshot_date) AS newest_date
    FROM readings
    GROUP BY playlist_id
),
comings_and_goings AS (
    SELECT
        item.playlist_id,
        item.item_key,
        item.position,
        item.snapshot_date AS change_date,
        CAST(NULL AS date) AS date_before,
        1 AS change
    FROM playlist_items AS item -- first, so that the days found by the join keep other days from being read
    JOIN histories ON histories.playlist_id = item.playlist_id AND histories.first_date = item.snapshot_date
    UNION ALL
    SELECT playlist_id, item_key, position, snapshot_date, previous_snapshot_date, 1
    FROM playlist_events
    WHERE event IN ('added', 'replaced')
    UNION ALL
    SELECT
        playlist_id,
        coalesce(previous_item_key, item_key),
        previous_position,
        snapshot_date,
        previous_snapshot_date,
        -1
    FROM playlist_events
    WHERE event IN ('removed', 'replaced')
),
changes AS (
    SELECT
        moment.playlist_id,
        moment.position,
        moment.change_date,
        moment.date_before,
        moment.change,
        -- Nothing tells one unavailable item from another: their keys are their positions, which others change.
        CASE WHEN moment.item_key LIKE 'unavailable:%' THEN 'unavailable' ELSE moment.item_key END AS item_key
    FROM comings_and_goings AS moment
    JOIN histories ON histories.playlist_id = moment.playlist_id
    -- What happened before the first reading that is left has been forgotten with the days before it.
    WHERE moment.date_before IS NULL OR moment.date_before >= histories.first_date
),
counted AS (
    SELECT
        changes.*,
        sum(change) OVER (PARTITION BY playlist_id, item_key ORDER BY change_date, position ROWS UNBOUNDED PRECEDING)
            AS copies
    FROM changes
),
numbered AS (
    -- Of several copies the one that came last goes first.
    SELECT counted.*, CASE WHEN change = 1 THEN copies ELSE copies + 1 END AS occurrence
    FROM counted
),
paired AS (
    SELECT
        numbered.*,
        lead(date_before) OVER (PARTITION BY playlist_id, item_key, occurrence ORDER BY change_date) AS seen_until,
        lead(change_date) OVER (PARTITION BY playlist_id, item_key, occurrence ORDER BY change_date) AS gone_by
    FROM numbered
),
stays AS (
    SELECT
        paired.playlist_id,
        paired.item_key,
        paired.occurrence,
        paired.change_date AS first_seen,
        coalesce(paired.seen_until, histories.newest_date) AS last_seen,
        paired.seen_until,
        paired.gone_by,
        paired.date_before
    FROM paired
    JOIN histories ON histories.playlist_id = paired.playlist_id
    WHERE paired.change = 1
)
SELECT
    stays.playlist_id,
    stays.item_key,
    CAST(stays.occurrence AS integer) AS occurrence,
    stays.first_seen,
    stays.last_seen,
    stays.seen_until AS removed_between_start,
    stays.gone_by AS removed_between_end,
    CAST(1 + known_at_last.days_known - known_at_first.days_known AS integer) AS days_min,
    CAST(
        date_diff('day', coalesce(stays.date_before, stays.first_seen), coalesce(stays.gone_by, stays.last_seen))
        + CASE WHEN stays.date_before IS NULL THEN 1 ELSE 0 END
        + CASE WHEN stays.gone_by IS NULL THEN 1 ELSE 0 END
        - 1
        AS integer
    ) AS days_max,
    stays.date_before IS NULL AS left_censored,
    stays.gone_by IS NULL AS is_current
FROM stays
JOIN known AS known_at_first
    ON known_at_first.playlist_id = stays.playlist_id AND known_at_first.snapshot_date = stays.first_seen
JOIN known AS known_at_last
    ON known_at_last.playlist_id = stays.playlist_id AND known_at_last.snapshot_date = stays.last_seen
