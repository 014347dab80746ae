"""How long items stayed, and what came back: stays found by counting copies on each day, without events."""

from collections import defaultdict
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

from spotify_pipeline_tests.query.history import DAYS, History
from spotify_pipeline_tests.query.readings.plain import (
    A_YEAR_BEFORE,
    fits,
    grouped,
    null_last,
    playlist_names,
    read_days,
    track_items,
)
from spotify_pipeline_tests.tables.stays import Stay, days_in_question, stays

Rows = list[tuple[Any, ...]]


class _PlaylistStay(NamedTuple):
    playlist_id: str
    stay: Stay
    days_min: int
    days_max: int


def longest_stays(history: History, most: int = 20) -> Rows:
    answer = []
    for playlist_id, stay, days_min, days_max in _all_stays(history):
        name, added_at = _named(history, playlist_id, stay.item_key, stay.last_seen)
        answer.append(
            (
                name,
                playlist_names(history, stay.last_seen)[playlist_id],
                days_min,
                days_max,
                stay.first_seen,
                stay.last_seen,
                stay.is_current,
                stay.left_censored,
                added_at,
                stay.occurrence,
                stay.item_key,
                playlist_id,
            )
        )
    answer.sort(key=lambda row: (-row[2], -row[3], null_last(row[8]), row[11], row[10], row[9], row[4]))
    return answer[:most]


def returned_items(history: History, playlist: str = "%", since: date = A_YEAR_BEFORE) -> Rows:
    copies = grouped(_all_stays(history), lambda one: (one.playlist_id, one.stay.item_key, one.stay.occurrence))
    answer = []
    for (playlist_id, item_key, occurrence), its_stays in copies.items():
        in_order = sorted((one.stay for one in its_stays), key=lambda stay: stay.first_seen)
        for before, after in pairwise(in_order):
            back_on = after.first_seen
            if fits(playlist_id, playlist) and back_on >= since:
                playlist_name = playlist_names(history, back_on)[playlist_id]
                item, _ = _named(history, playlist_id, item_key, back_on)
                away = (before.last_seen, before.removed_between_end)
                numbers = (len(in_order) - 1, occurrence)
                answer.append((back_on, playlist_name, item, *away, *numbers, item_key, playlist_id))
    return sorted(answer, key=lambda row: (-row[0].toordinal(), row[1], row[8], row[7], row[6]))


def track_history(history: History, track: str | None = None) -> Rows:
    if track is None:
        homes: defaultdict[str, set[str]] = defaultdict(set)
        for item, _ in track_items(history, DAYS[0]):
            homes[item["track_id"]].add(item["playlist_id"])
        track = min(homes, key=lambda one: (-len(homes[one]), one))
    answer = []
    for playlist_id, stay, days_min, days_max in _all_stays(history):
        items = history.rows("playlist_items", stay.last_seen)
        names = [item["name"] for item in items if item["track_id"] == track and item["item_key"] == stay.item_key]
        if names:
            playlist_name = playlist_names(history, stay.last_seen)[playlist_id]
            bounds = (stay.first_seen, stay.last_seen, days_min, days_max, stay.left_censored, stay.is_current)
            answer.append((names[0], playlist_name, *bounds, stay.occurrence, playlist_id))
    return sorted(answer, key=lambda row: (row[2], row[3], row[9], row[8]))


@cache
def _all_stays(history: History) -> list[_PlaylistStay]:
    """The stays in all playlists, but of what Spotify has lost."""
    found = []
    for playlist_id in {row["playlist_id"] for day in DAYS for row in history.rows("coverage", day)}:
        readings: dict[date, list[str]] = {day: [] for day in read_days(history, playlist_id)}
        for day, items in readings.items():
            for item in history.rows("playlist_items", day):
                if item["playlist_id"] == playlist_id and item["item_type"] != "unavailable":
                    items.append(item["item_key"])
        certain = _days_for_certain(history, playlist_id)
        for stay in stays(readings):
            days_min = sum(stay.first_seen <= day <= stay.last_seen for day in certain)
            found.append(_PlaylistStay(playlist_id, stay, days_min, len(days_in_question(stay, readings))))
    return found


def _days_for_certain(history: History, playlist_id: str) -> set[date]:
    """The days of which it is known what stood in a playlist: Spotify says from when on nothing has changed."""
    return {
        row["observed_date"] + timedelta(days=number)
        for day in read_days(history, playlist_id)
        for row in history.rows("coverage", day)
        if row["playlist_id"] == playlist_id
        for number in range((day - row["observed_date"]).days + 1)
    }


def _named(history: History, playlist_id: str, item_key: str, day: date) -> tuple[str, Any]:
    """The name of an item of a playlist on a day, and when the first of its copies there was added."""
    rows = [
        row
        for row in history.rows("playlist_items", day)
        if (row["playlist_id"], row["item_key"]) == (playlist_id, item_key)
    ]
    return max(row["name"] for row in rows), min((row["added_at"] for row in rows if row["added_at"]), default=None)
