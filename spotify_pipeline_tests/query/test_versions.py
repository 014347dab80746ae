"""What `diff` says of neighbouring readings is what `playlist_events` says, over the demo's history with its gaps."""

from collections import defaultdict
from dataclasses import asdict, fields
from datetime import date
from typing import Any

from spotify_pipeline.backends.choice import choose_backends
from spotify_pipeline.settings import load_settings
from spotify_pipeline.steps.versions import Readings, compare
from spotify_pipeline.tables.events import Event
from spotify_pipeline_tests.query.history import DAYS, History

EVENT_COLUMNS = [field.name for field in fields(Event)]

Events = dict[tuple[str, date], list[dict[str, Any]]]


def row_of(event: Event) -> dict[str, Any]:
    """As in SQL, where times have no zone."""
    return asdict(event) | {"added_at": event.added_at and event.added_at.replace(tzinfo=None)}


def events_of(history: History) -> Events:
    """The rows of `playlist_events` by playlist and day."""
    events: Events = defaultdict(list)
    for day in DAYS:
        for row in history.rows("playlist_events", day):
            events[row["playlist_id"], day].append(row)
    return events


def test_the_difference_of_neighbouring_readings_is_the_events_of_the_later_day(history: History) -> None:
    settings = load_settings(SPOTIFY_PIPELINE_DATA_DIR=str(history.folder))
    backends = choose_backends(settings.model_copy(update={"fixed_today": DAYS[-1]}))
    events, rows_compared, rows_over_gaps = events_of(history), 0, 0
    for playlist_id in {playlist_id for playlist_id, _ in events}:
        readings = Readings(backends, playlist_id)
        later = readings.newest()
        while later.snapshot_date > DAYS[-8]:  # a week, for the time that it takes
            found = compare(readings, last=later.snapshot_date)
            rows = events[playlist_id, later.snapshot_date]
            assert [row_of(change.event) for change in found.changes] == [
                {name: row[name] for name in EVENT_COLUMNS} for row in rows
            ]
            assert {row["previous_snapshot_date"] for row in rows} <= {found.before.snapshot_date}
            rows_compared += len(rows)
            rows_over_gaps += sum(row["gap_days"] > 1 for row in rows)
            later = found.before
    assert rows_compared > 50
    assert rows_over_gaps > 0
