"""What is not as it was: items that came and went, artists that appeared, playlists with another name."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from fnmatch import fnmatchcase
from typing import Any

from spotify_pipeline_tests.query.history import DAYS, History
from spotify_pipeline_tests.query.readings.plain import (
    A_YEAR_BEFORE,
    NEWEST,
    artist_names,
    newest_name,
    playlist_names,
    read_days,
    track_items,
)

Rows = list[tuple[Any, ...]]


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
    words = {True: "public", False: "private", None: None}
    before: dict[str, tuple[date, dict[str, Any]]] = {}
    answer = []
    for day in DAYS:
        if day < since:
            continue
        for row in history.rows("playlists", day):
            told = {
                "name": row["name"],
                "description": row["description"],
                "owner": row["owner_name"],
                "visibility": words[row["is_public"]],
            }
            playlist_id = row["playlist_id"]
            previous_date, previous = before.get(playlist_id, (None, told))
            answer += [
                (day, previous_date, row["name"], what, previous[what], value, playlist_id)
                for what, value in told.items()
                if value != previous[what]
            ]
            before[playlist_id] = (day, told)
    return sorted(answer, key=lambda row: (row[0], row[6], row[3]))


def track_history(history: History, track: str | None = None, since: date = A_YEAR_BEFORE) -> Rows:
    if track is None:
        homes: defaultdict[str, set[str]] = defaultdict(set)
        for item, _ in track_items(history, DAYS[0]):
            homes[item["track_id"]].add(item["playlist_id"])
        track = min(homes, key=lambda one: (-len(homes[one]), one))
    seen: defaultdict[str, set[date]] = defaultdict(set)
    names = []
    for day in DAYS:
        for item in history.rows("playlist_items", day):
            if day >= since and item["track_id"] == track:
                seen[item["playlist_id"]].add(day)
                names.append(item["name"])
    answer = []
    for playlist_id, days in seen.items():
        first, last = min(days), max(days)
        between = read_days(history, playlist_id, first, last)
        is_current = last == max(read_days(history, playlist_id, since))
        name = newest_name(history, playlist_id)
        answer.append((max(names), name, first, last, len(days), len(between), is_current, playlist_id))
    return sorted(answer, key=lambda row: (row[2], row[3], row[7]))


def what_changed(history: History, day: date = NEWEST, playlist: str = "%") -> Rows:
    names = playlist_names(history, day)
    answer = []
    for playlist_id in names:
        days = read_days(history, playlist_id, until=day)
        if fnmatchcase(playlist_id, playlist.replace("%", "*")) and days[1:] and days[-1] == day:
            now, before = (_occurrences(history, playlist_id, one) for one in (day, days[-2]))
            for change, here, there in (("came", now, before), ("went", before, now)):
                for key in here.keys() - there.keys():
                    position, name = here[key]
                    answer.append((names[playlist_id], change, position, name, days[-2], key[0], playlist_id))
    return sorted(answer, key=lambda row: (row[0], row[6], row[1], row[2]))


def _occurrences(history: History, playlist_id: str, day: date) -> dict[tuple[str, int], tuple[int, str | None]]:
    """Position and name of the first, second … of equal items."""
    count: Counter[str] = Counter()
    found = {}
    for item in sorted(history.rows("playlist_items", day), key=lambda row: row["position"]):
        if item["playlist_id"] == playlist_id:
            key = item["item_key"].partition(":")[0] if item["item_type"] == "unavailable" else item["item_key"]
            count[key] += 1
            found[key, count[key]] = item["position"], item["name"]
    return found
