"""What stands in the playlists on a day, and who put it there."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from spotify_pipeline_tests.query.history import History, Row
from spotify_pipeline_tests.query.readings.plain import (
    NEWEST,
    artist_names,
    by,
    credits_of,
    grouped,
    null_last,
    percent,
    playlist_names,
    was_read,
)

Rows = list[tuple[Any, ...]]


def additions_by_month(history: History, day: date = NEWEST) -> Rows:
    def month(item: Row) -> date | None:
        return date(item["added_at"].year, item["added_at"].month, 1) if item["added_at"] else None

    months = grouped(history.rows("playlist_items", day), month)
    dated = sorted((one for one in months if one), reverse=True)
    return [
        (
            one,
            len(months[one]),
            len({item["playlist_id"] for item in months[one]}),
            len({item["added_by_id"] for item in months[one]} - {None}),
        )
        for one in [*dated, *([None] if None in months else [])]
    ]


def collaborative_additions(history: History, day: date = NEWEST) -> Rows:
    playlists = by("playlist_id", history.rows("playlists", day))
    answer = []
    for playlist_id, items in grouped(history.rows("playlist_items", day), lambda item: item["playlist_id"]).items():
        playlist = playlists[playlist_id]
        adders = grouped(items, lambda item: item["added_by_id"])
        if playlist["is_collaborative"] or set(adders) - {None, playlist["owner_id"]}:
            for adder, added in adders.items():
                times = [item["added_at"] for item in added if item["added_at"]]
                share = percent(len(added), len(items))
                first, last = min(times, default=None), max(times, default=None)
                answer.append((playlist["name"], adder, len(added), share, first, last, playlist_id))
    return sorted(answer, key=lambda row: (row[0], row[6], -row[2], null_last(row[1])))


def local_files(history: History, day: date = NEWEST) -> Rows:
    names = playlist_names(history, day)
    answer = [
        (
            names[item["playlist_id"]],
            item["position"],
            item["name"],
            item["duration_ms"] // 1000,
            item["added_at"],
            item["item_key"],
            item["playlist_id"],
        )
        for item in history.rows("playlist_items", day)
        if item["item_type"] == "local"
    ]
    return sorted(answer, key=lambda row: (row[0], row[6], row[1]))


def oldest_additions(history: History, day: date = NEWEST, most: int = 20) -> Rows:
    names = playlist_names(history, day)
    answer = [
        (
            item["name"],
            names[item["playlist_id"]],
            item["added_at"],
            (day - item["added_at"].date()).days,
            item["position"],
            item["playlist_id"],
        )
        for item in history.rows("playlist_items", day)
        if item["added_at"]
    ]
    return sorted(answer, key=lambda row: (row[2], row[1], row[5], row[4]))[:most]


def playlist_directory(history: History, day: date = NEWEST) -> Rows:
    coverage = by("playlist_id", history.rows("coverage", day))
    items = grouped(history.rows("playlist_items", day), lambda item: item["playlist_id"])
    answer = []
    for playlist in history.rows("playlists", day):
        numbers: tuple[Any, ...] = (None, None, None)
        if held := items.get(playlist["playlist_id"]):
            length = sum(item["duration_ms"] or 0 for item in held)
            hours = (Decimal(length) / 3_600_000).quantize(Decimal("0.1"), ROUND_HALF_UP)
            numbers = len(held), len({item["track_id"] for item in held} - {None}), hours
        answer.append(
            (
                playlist["name"],
                playlist["owner_name"],
                coverage[playlist["playlist_id"]]["status"],
                *numbers,
                playlist["followers_total"],
                playlist["is_public"],
                playlist["is_collaborative"],
                playlist["playlist_id"],
            )
        )
    return sorted(answer, key=lambda row: (row[0], row[-1]))


def playlist_on_day(history: History, playlist: str | None = None, day: date = NEWEST) -> Rows:
    if playlist is None:
        longest = max(row["items_read"] for row in history.rows("coverage", NEWEST))
        playlist = min(row["playlist_id"] for row in history.rows("coverage", NEWEST) if row["items_read"] == longest)
    names, credits_ = artist_names(history, day), credits_of(history, day)
    items = [item for item in history.rows("playlist_items", day) if item["playlist_id"] == playlist]
    answer = []
    for item in sorted(items, key=lambda item: item["position"]):
        artists = [names[credit["artist_id"]] for credit in credits_.get(item["track_id"], [])]
        answer.append(
            (
                item["position"],
                item["item_type"],
                item["name"],
                ", ".join(artists) if artists else None,
                item["added_at"],
                item["added_by_id"],
                item["item_key"],
            )
        )
    return answer


def restricted_playlists(history: History, day: date = NEWEST) -> Rows:
    playlists = by("playlist_id", history.rows("playlists", day))
    restricted = [row for row in history.rows("coverage", day) if row["status"] == "restricted"]
    assert not any(map(was_read, restricted))
    answer = []
    for row in restricted:
        playlist = playlists[row["playlist_id"]]
        columns = ("name", "owner_name", "followers_total")
        answer.append(
            (*(playlist[column] for column in columns), row["reason"], playlist["url"], playlist["playlist_id"])
        )
    return sorted(answer, key=lambda row: (row[0], row[-1]))


def unavailable_items(history: History, day: date = NEWEST) -> Rows:
    names = playlist_names(history, day)
    answer = []
    for item in history.rows("playlist_items", day):
        is_lost = item["item_type"] == "unavailable"
        if is_lost or item["is_playable"] is False:
            problem = "lost" if is_lost else "not playable"
            name = names[item["playlist_id"]]
            answer.append((name, item["position"], problem, item["name"], item["added_at"], item["playlist_id"]))
    return sorted(answer, key=lambda row: (row[0], row[5], row[1]))
