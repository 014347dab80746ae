"""What was read on which days, and what it cost."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

from spotify_pipeline_tests.query.history import DAYS, History
from spotify_pipeline_tests.query.readings.plain import A_YEAR_BEFORE, NEWEST, by, newest_name, read_days, was_read

Rows = list[tuple[Any, ...]]


def freshness(history: History) -> Rows:
    answer = []
    for playlist_id in _asked_for(history):
        days = read_days(history, playlist_id)
        last = days[-1] if days else None
        rows = [by("playlist_id", history.rows("coverage", day))[playlist_id] for day in days]
        changed = max((row["observed_date"] for row in rows), default=None)
        newest = by("playlist_id", history.rows("coverage", NEWEST))[playlist_id]
        age = (NEWEST - last).days if last else None
        name = newest_name(history, playlist_id)
        answer.append((name, last, changed, age, newest["status"], newest["reason"], playlist_id))
    return sorted(answer, key=lambda row: (row[1] is not None, row[1] or NEWEST, row[6]))


def missing_days(history: History) -> Rows:
    answer = []
    for playlist_id in sorted(_asked_for(history)):
        rows = {day: row for day in DAYS for row in history.rows("coverage", day) if row["playlist_id"] == playlist_id}
        day = min(rows)
        while day <= NEWEST:
            row = rows.get(day)
            if row is None or not was_read(row):
                status, reason = (row["status"], row["reason"]) if row else ("not run", None)
                answer.append((newest_name(history, playlist_id), day, status, reason, playlist_id))
            day += timedelta(days=1)
    return answer


def playlist_growth(history: History, playlist: str | None = None, since: date = A_YEAR_BEFORE) -> Rows:
    if playlist is None:
        month = [row for day in DAYS if day >= NEWEST - timedelta(days=30) for row in history.rows("coverage", day)]
        observed = Counter(row["playlist_id"] for row in month if row["status"] == "observed")
        playlist = min(observed, key=lambda one: (-observed[one], one))
    answer: Rows = []
    for day in read_days(history, playlist, since):
        items = sum(item["playlist_id"] == playlist for item in history.rows("playlist_items", day))
        if answer:
            previous_day, previous_items, *_ = answer[-1]
            answer.append((day, items, items - previous_items, (day - previous_day).days))
        else:
            answer.append((day, items, None, None))
    return answer


def requests_by_day(history: History, since: date = A_YEAR_BEFORE) -> Rows:
    statuses = ("observed", "unchanged", "restricted", "not_found", "failed")
    answer = []
    for day in DAYS:
        if day < since:
            continue
        rows = history.rows("coverage", day)
        counts = Counter(row["status"] for row in rows)
        avoided = 0
        for row in rows:
            if row["observed_date"]:
                known = by("playlist_id", history.rows("coverage", row["observed_date"]))[row["playlist_id"]]
                avoided += max(0, known["requests"] - row["requests"])
        spent = sum(row["requests"] for row in rows)
        answer.append((day, len(rows), *(counts[status] for status in statuses), spent, avoided))
    return answer


def _asked_for(history: History) -> set[str]:
    return {row["playlist_id"] for day in DAYS for row in history.rows("coverage", day)}
