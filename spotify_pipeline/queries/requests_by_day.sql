-- title: What each day cost, and what it avoided
-- description: For each day, what came of the playlists, the requests that they took, and those that were avoided because what they would tell was known: what reading the playlist took on the day from which its content is. Listings are not counted.
-- param since date: (SELECT date_add('day', -365, max(snapshot_date)) FROM coverage) -- the first day; else a year before the newest
SELECT
    asked.snapshot_date AS day,
    count(*) AS playlists,
    count_if(asked.status = 'observed') AS observed,
    count_if(asked.status = 'unchanged') AS unchanged,
    count_if(asked.status = 'restricted') AS restricted,
    count_if(asked.status = 'not_found') AS not_found,
    count_if(asked.status = 'failed') AS failed,
    sum(asked.requests) AS requests,
    sum(CASE WHEN known.requests > asked.requests THEN known.requests - asked.requests ELSE 0 END) AS avoided
FROM coverage AS asked
LEFT JOIN coverage AS known
    ON known.playlist_id = asked.playlist_id AND known.snapshot_date = asked.observed_date
WHERE asked.snapshot_date >= :since AND asked.status <> 'imported'
GROUP BY asked.snapshot_date
ORDER BY day
