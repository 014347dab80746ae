"""What is not as it was: items that came, went and moved, artists that appeared, playlists with another name."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

from spotify_pipeline_tests.query.history import DAYS, History, Row
from spotify_pipeline_tests.query.readings.plain import (
    A_YEAR_BEFORE,
    NEWEST,
    artist_names,
    credits_of,
    fits,
    playlist_names,
    read_days,
    track_items,
)

Rows = list[tuple[Any, ...]]

ABOUT_ITEMS = ("added", "removed", "moved", "replaced")


def new_artists(history: History, since: date = NEWEST - timedelta(days=30)) -> Rows:
    known: set[str] = set()
    answer = set()
    for day in DAYS:
        artists = {row["artist_id"] for row in history.rows("track_artists", day)}
        new = artists - known
        known |= artists
        if day == DAYS[0] or day < since or not new:
            continue
        names, playlists = artist_names(history, day), playlist_names(history, day)
        for item, track in track_items(history, day):
            for credit in history.rows("track_artists", day):
                artist_id = credit["artist_id"]
                if credit["track_id"] == track["track_id"] and artist_id in new:
                    playlist_id = item["playlist_id"]
                    place = (playlists[playlist_id], item["position"], artist_id, playlist_id)
                    answer.add((day, names[artist_id], item["name"], *place))
    return sorted(answer, key=lambda row: (row[0], row[1], row[5], row[6], row[4]))


def renamed_playlists(history: History, since: date = A_YEAR_BEFORE) -> Rows:
    answer = []
    for day in DAYS:
        for row in history.rows("playlist_events", day) if day >= since else []:
            if row["event"] not in ABOUT_ITEMS:
                playlist_id = row["playlist_id"]
                name = playlist_names(history, day)[playlist_id]
                change = row["event"], row["old_value"], row["new_value"]
                answer.append((day, row["previous_snapshot_date"], name, *change, playlist_id))
    return sorted(answer, key=lambda row: (row[0], row[6], row[3]))


def changes_by_day(history: History, playlist: str = "%", since: date = A_YEAR_BEFORE) -> Rows:
    answer: Rows = []
    day = max(since, DAYS[0])
    while day <= NEWEST:
        asked = [row["playlist_id"] for row in history.rows("coverage", day) if fits(row["playlist_id"], playlist)]
        compared = [one for one in asked if day in read_days(history, one)[1:]]
        events = _item_events(history, day, playlist)
        counts = Counter(event["event"] for event in events)
        changed: tuple[int | None, ...] = (None,) * (1 + len(ABOUT_ITEMS))
        if compared:
            changed = len({event["playlist_id"] for event in events}), *(counts[event] for event in ABOUT_ITEMS)
        gap = max((event["gap_days"] for event in events), default=None)
        if asked or answer:
            answer.append((day, len(asked), len(compared), *changed, gap))
        day += timedelta(days=1)
    return answer


def removed_items(history: History, playlist: str = "%", since: date = NEWEST - timedelta(days=30)) -> Rows:
    answer = []
    for day in DAYS:
        for event in _item_events(history, day, playlist) if day >= since else []:
            if event["event"] == "removed":
                before, playlist_id = event["previous_snapshot_date"], event["playlist_id"]
                name = playlist_names(history, day)[playlist_id]
                item = _item(history, playlist_id, before, event["previous_position"])
                credited = credits_of(history, before).get(event["track_id"], [])
                artists = ", ".join(artist_names(history, before)[credit["artist_id"]] for credit in credited) or None
                place = (event["previous_position"], before, (day - before).days)
                answer.append((day, name, item["name"], artists, *place, item["item_key"], playlist_id))
    return sorted(answer, key=lambda row: (-row[0].toordinal(), row[1], row[8], row[4]))


def what_changed(history: History, day: date = NEWEST, playlist: str = "%") -> Rows:
    answer = []
    for event in _item_events(history, day, playlist):
        playlist_id, before = event["playlist_id"], read_days(history, event["playlist_id"], until=day)[-2]
        has_gone = event["event"] == "removed"
        named = (before, event["previous_position"]) if has_gone else (day, event["position"])
        item = _item(history, playlist_id, *named)
        places = (event["position"], event["previous_position"])
        playlist_name = playlist_names(history, day)[playlist_id]
        answer.append((playlist_name, event["event"], *places, item["name"], before, item["item_key"], playlist_id))
    return sorted(answer, key=lambda row: (row[0], row[7], row[1], row[2] or 0, row[3] or 0))


def _item_events(history: History, day: date, playlist: str) -> list[Row]:
    events = history.rows("playlist_events", day)
    return [row for row in events if row["event"] in ABOUT_ITEMS and fits(row["playlist_id"], playlist)]


def _item(history: History, playlist_id: str, day: date, position: int) -> Row:
    items = history.rows("playlist_items", day)
    (item,) = [row for row in items if (row["playlist_id"], row["position"]) == (playlist_id, position)]
    return item
