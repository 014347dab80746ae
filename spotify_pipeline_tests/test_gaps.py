"""Days on which not everything could be read, chosen at random: what SQL then says of a playlist is never untrue."""

import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_pipeline.spotify.manifest import Status
from spotify_pipeline.steps.publish import publish_day
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline_tests.fake_backends import FakeBackends
from spotify_pipeline_tests.spotify.fake_spotify import FakePlaylist, FakeSpotify, error, playlist_id
from spotify_pipeline_tests.tables.replay_of_events import apply, identity
from spotify_pipeline_tests.tables.stays import Stay, days_in_question, stays

FIRST = date(2026, 1, 2)
ID, OTHER = playlist_id(1), playlist_id(2)  # the other one can always be read, so that there is a day

Fate = Literal["read", "no run", "failed", "restricted", "hidden", "held back"]
"""What becomes of a playlist on a day."""

LIST = st.lists(st.sampled_from(["a", "b", "c", None]), max_size=4)
DAYS = st.lists(
    st.tuples(st.one_of(st.none(), LIST), st.sampled_from(["read", "read", "read", *Fate.__args__])),  # type: ignore[attr-defined]
    min_size=2,
    max_size=7,
)
"""For each day what then stands in the playlist, None for what stood there before, and what becomes of it."""


class ListedPlaylist(FakePlaylist):
    """A playlist with the items that it is given; None is one that Spotify has lost."""

    contents: Sequence[str | None] = ()

    def page(self, offset: int, limit: int) -> dict[str, Any]:
        self.length = len(self.contents)
        page = super().page(offset, limit)
        entries = [
            {"added_at": "2026-01-02T03:04:05Z", "item": name and {"type": "track", "id": name, "uri": uri(name)}}
            for name in self.contents[offset : offset + limit]
        ]
        return page | {"items": entries}


def uri(name: str | None) -> str:
    return f"spotify:track:{name}" if name else "unavailable"


def run(fake: FakeSpotify, folder: Path, day: date, fate: Fate) -> FakeBackends:
    """Run a day of that fate."""
    fake.as_usual()
    playlist = fake.playlists[0]
    playlist.readable = fate != "restricted"
    if fate == "failed":
        fake.on(f"playlists/{ID}", lambda _: error(403, "Forbidden"))
    if fate == "hidden":
        fake.on(f"playlists/{ID}", lambda _: error(404, "Resource not found"))
    backends = FakeBackends(
        fake, folder, day, SPOTIFY_PIPELINE_PLAYLISTS=f"{ID},{OTHER}", SPOTIFY_PIPELINE_MAX_LOSS="1"
    )
    backends.extract()
    transform_day(backends, backends.raw.open_day(day))
    if fate != "held back":
        publish_day(backends, day)
    return backends


def shown(backends: FakeBackends, sql: str) -> Iterator[dict[str, Any]]:
    answer = backends.engine.ask(sql)
    return (dict(zip(answer.columns, row, strict=True)) for row in answer.rows)


@pytest.mark.no_cover
@settings(max_examples=25, deadline=None)
@given(DAYS)
def test_no_event_and_no_stay_is_untrue_whatever_days_are_missing(
    days: list[tuple[list[str | None] | None, Fate]],
) -> None:
    playlist = ListedPlaylist(ID)
    fake = FakeSpotify([playlist, FakePlaylist(OTHER)])
    truth: dict[date, list[str]] = {}
    published = None
    with tempfile.TemporaryDirectory() as name:
        for number, (contents, fate) in enumerate(days):
            day = FIRST + timedelta(days=number)
            if contents is not None:
                playlist.contents, playlist.snapshot_id = contents, f"version-{number}"
            truth[day] = [uri(item) for item in playlist.contents]
            if fate != "no run":
                backends = run(fake, Path(name), day, fate)
                published = published or (backends if fate != "held back" else None)
        if published is None:
            return
        coverage = list(shown(published, f"SELECT * FROM coverage WHERE playlist_id = '{ID}'"))
        events = list(shown(published, f"SELECT * FROM playlist_events WHERE playlist_id = '{ID}'"))
        found = list(shown(published, f"SELECT * FROM memberships WHERE playlist_id = '{ID}'"))
    read = sorted(row["snapshot_date"] for row in coverage if Status(row["status"]).has_rows)
    readings = {day: truth[day] for day in read}
    fates = {day: fate for day, (_, fate) in zip(truth, days, strict=True)}
    # What is unchanged is not asked for, so that it is not noticed that it is restricted by now.
    assert {day for day in fates if fates[day] == "read"} <= set(read)
    assert {fates[day] for day in read} <= {"read", "restricted"}
    assert_events_lead_from_reading_to_reading(readings, events)
    assert_bounds_contain_the_truth(readings, truth, found)


def assert_events_lead_from_reading_to_reading(readings: dict[date, list[str]], events: list[dict[str, Any]]) -> None:
    days = list(readings)
    assert {event["snapshot_date"] for event in events} <= set(days[1:])
    for before, after in pairwise(days):
        of_the_day = [event for event in events if event["snapshot_date"] == after]
        assert all(event["previous_snapshot_date"] == before for event in of_the_day)
        assert apply(readings[before], of_the_day) == [identity(key) for key in readings[after]]
        assert not (of_the_day and readings[before] == readings[after])


def assert_bounds_contain_the_truth(
    readings: dict[date, list[str]], truth: dict[date, list[str]], found: list[dict[str, Any]]
) -> None:
    assert sorted(Stay(**{name: row[name] for name in Stay._fields}) for row in found) == stays(readings)
    for row in found:
        stay = Stay(**{name: row[name] for name in Stay._fields})
        possible = days_in_question(stay, readings)
        there = [day for day in possible if truth[day].count(stay.item_key) >= stay.occurrence]
        assert row["days_min"] <= len(there) <= row["days_max"] == len(possible)
