"""Twelve days of a real archive: its changes, the way from each day to the next, and how long everything stayed."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline_tests.conftest import FIRST_ARCHIVE_DAY
from spotify_pipeline_tests.tables.replay_of_events import apply, identity
from spotify_pipeline_tests.tables.stays import Stay, stays
from spotify_pipeline_tests.test_replayed_days import run_and_check

DAYS = [FIRST_ARCHIVE_DAY + timedelta(days=number) for number in range(12)]

Items = dict[str, list[str]]
Events = Mapping[str, list[dict[str, Any]]]


def items_of(server: Any, day: date) -> Items:
    """What stands in each playlist, from what the server knows."""
    rows = sorted(server.expected(day.isoformat()), key=lambda row: (row.playlist_id, row.position))
    items: Items = defaultdict(list)
    for row in rows:
        items[row.playlist_id].append(row.uri or f"unavailable:{row.position}")
    return items


def came_and_went(events: Iterable[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """The keys of what is new and of what is gone, as the server lists them."""
    came, went = [], []
    for event in events:
        if event["event"] in {"added", "replaced"}:
            came.append(event["item_key"])
        if event["event"] in {"removed", "replaced"}:
            went.append(event["previous_item_key"] or event["item_key"])
    return sorted(came), sorted(went)


def stays_told(backends: Backends) -> dict[str, list[Stay]]:
    """What `memberships` tells, by playlist."""
    told: dict[str, list[Stay]] = defaultdict(list)
    for playlist_id, *stay in backends.engine.ask(
        f"SELECT playlist_id, {', '.join(Stay._fields)} FROM memberships"
    ).rows:
        told[playlist_id].append(Stay(*stay))
    return {playlist_id: sorted(stays) for playlist_id, stays in told.items()}


@pytest.mark.no_cover
def test_the_events_are_the_changes_and_lead_from_each_day_to_the_next(
    replay: Callable[..., Any], backends_for: Callable[..., Backends]
) -> None:
    server = replay(mode="extended", owned="all")
    before: Items = {}
    readings: dict[str, dict[date, list[str]]] = defaultdict(dict)
    number = 0
    for day in DAYS:
        backends = backends_for(server.url, day)
        run_and_check(server, backends, day)
        after, events = items_of(server, day), events_of(backends, day)
        if day == DAYS[0]:
            assert not events
        else:
            yesterday = day - timedelta(days=1)
            changes = server.changes(yesterday.isoformat(), day.isoformat())
            for playlist_id in before.keys() & after.keys():
                of_the_playlist = events.get(playlist_id, [])
                assert came_and_went(of_the_playlist) == tuple(changes.get(playlist_id, ([], [])))
                assert apply(before[playlist_id], of_the_playlist) == [identity(key) for key in after[playlist_id]]
                number += len(of_the_playlist)
        before = after
        for playlist_id, items in after.items():
            readings[playlist_id][day] = list(map(identity, items))
    assert number > 300
    assert stays_told(backends) == {playlist_id: stays(read) for playlist_id, read in readings.items()}


def events_of(backends: Backends, day: date) -> Events:
    """The events of a day by playlist, in their order."""
    events: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in backends.tables.read("playlist_events", day).to_dicts():
        events[event["playlist_id"]].append(event)
    return events
