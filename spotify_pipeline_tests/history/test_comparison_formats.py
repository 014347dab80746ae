"""What lies between two versions of a playlist, for people, programs and for pasting back."""

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from spotify_pipeline.history.comparison_formats import COMPARISON_FORMATS
from spotify_pipeline.history.version_formats import VERSION_FORMATS
from spotify_pipeline.history.versions import Comparison, Version
from spotify_pipeline.spotify.documents import Playlist, User
from spotify_pipeline_tests.history.readings import (
    FIRST,
    PLAYLISTS,
    SECOND,
    UNAVAILABLE,
    comparison,
    local,
    playlist,
    track,
)
from spotify_pipeline_tests.history.test_version_formats import drawn, entries_of

BEFORE = playlist(
    track("One", "Ada"),
    track("Two", "Bo"),
    local("Tape", "Me"),
    track("Three", "Cy", id_="3-single", isrc="ISRC3", album="Three (Single)"),
    track("Six"),
    track("Four", "Di"),
    UNAVAILABLE,
    description="Old &amp; new",
)
AFTER = playlist(
    track("Four", "Di"),
    track("One", "Ada"),
    track("Three", "Cy", id_="3-album", isrc="ISRC3"),
    track("Six"),
    track("Five", "Ed", "Flo"),
    name="Mix 2",
    description=None,
    owner=User("anna"),
)
CHANGED = comparison(BEFORE, AFTER)

Json = dict[str, Any]


def text(name: str, of: Comparison) -> str:
    body = COMPARISON_FORMATS[name](of).body
    assert isinstance(body, str)
    return body


def applied(items: list[Json], events: list[Json]) -> list[Json]:
    """The items after the events, as their description says: an independent way, over the JSON alone."""
    events = [event for event in events if event["item"] or event["previous_item"]]
    gone = {event["previous_position"] for event in events} - {None}
    placed = {event["position"]: event["item"] for event in events if event["item"]}
    stays = iter([item for item in items if item["position"] not in gone])
    size = len(items) - len(gone) + len(placed)
    return [placed[position] if position in placed else next(stays) for position in range(size)]


def facts(items: list[Json]) -> list[Json]:
    """The items without what follows from where they stand."""
    return [
        {name: value for name, value in item.items() if name != "position" and "unavailable:" not in str(value)}
        for item in items
    ]


def json_of(version: Version) -> list[Json]:
    items: list[Json] = json.loads(str(VERSION_FORMATS["json"](version).body))["items"]
    return items


@given(PLAYLISTS, PLAYLISTS)
def test_the_json_of_a_difference_applied_to_that_of_the_earlier_version_gives_the_later(
    before: Playlist, after: Playlist
) -> None:
    of = comparison(before, after)
    events = json.loads(text("json", of))["events"]
    assert facts(applied(json_of(of.before), events)) == facts(json_of(of.after))


@given(PLAYLISTS, PLAYLISTS)
def test_what_is_to_be_pasted_back_was_there_and_is_there_less_often_now(before: Playlist, after: Playlist) -> None:
    of = comparison(before, after)
    old, new = ([item.item_key for item in version.items] for version in (of.before, of.after))
    lines = text("uris", of).splitlines()
    assert all(line.startswith(("spotify:track:", "spotify:episode:")) for line in lines)
    for line in lines:
        assert lines.count(line) <= old.count(line) - new.count(line)
    positions = [item.position for item in of.removed]
    assert positions == sorted(positions)


@given(PLAYLISTS, PLAYLISTS)
def test_csv_has_a_row_for_each_event(before: Playlist, after: Playlist) -> None:
    of = comparison(before, after)
    rows = list(csv.DictReader(io.StringIO(text("csv", of), newline="")))
    assert [(row["event"], row["item_key"]) for row in rows] == [
        (change.event.event, change.event.item_key or "") for change in of.changes
    ]


def test_people_see_signs_positions_from_1_and_what_has_happened_to_the_playlist_itself() -> None:
    assert drawn(COMPARISON_FORMATS["table"](CHANGED)) == [
        "Mix 2 from 2026-11-01 to 2026-11-04",
        "",
        "✎ renamed from “Mix” to “Mix 2”",
        "✎ description changed from “Old & new” to nothing",
        "",
        "\N{MINUS SIGN}  2  Two                    Bo       added 2026-10-05 by anna",
        "\N{MINUS SIGN}  3  Tape                   Me",
        "\N{MINUS SIGN}  7  (no longer available)",
        "↕  1  Four                   Di       from 6",
        "⇄  3  Three                  Cy       replaces another release, from Three (Single)",
        "+  5  Five                   Ed, Flo  added 2026-10-05 by anna",
        "",
        "1 added, 3 removed, 1 moved, 1 replaced, 2 changes of the playlist itself,",
        "between the readings of 2026-11-01 and 2026-11-04",
    ]


def test_on_a_narrow_terminal_nothing_is_cut() -> None:
    lines = drawn(COMPARISON_FORMATS["table"](CHANGED), width=40)
    assert max(map(len, lines)) <= 40
    words = " ".join(lines).split()
    assert {"Two", "Tape", "Four", "Three", "Five", "2026-10-05", "(Single)", "available)"} <= set(words)


def test_what_was_removed_is_what_is_pasted_back_and_what_was_replaced_is_not() -> None:
    printed = COMPARISON_FORMATS["uris"](CHANGED)
    assert printed.body == "spotify:track:Two"
    assert printed.note == "2 items left out: local files cannot be pasted, nor what is no longer available."
    assert [title for _, title, _ in entries_of(text("m3u", CHANGED))] == ["Bo - Two", "Me - Tape"]


@pytest.mark.parametrize("form", ["m3u", "uris"])
def test_where_nothing_was_removed_nothing_is_printed_but_a_note(form: str) -> None:
    printed = COMPARISON_FORMATS[form](comparison(AFTER, AFTER))
    assert printed == ("", "Nothing was removed between the readings of 2026-11-01 and 2026-11-04.")


def test_no_change_is_said_in_words_with_the_readings() -> None:
    lines = drawn(COMPARISON_FORMATS["table"](comparison(AFTER, AFTER)))
    assert lines[-1] == "No change between the readings of 2026-11-01 and 2026-11-04."
    known = Version(SECOND, FIRST, AFTER, note="not read on 2026-11-04, but nothing had changed")
    lines = drawn(COMPARISON_FORMATS["table"](Comparison(replace(known, day=FIRST, note=None), known)))
    assert lines[-1] == "No change as Spotify's snapshot_id was that of 2026-11-01 all the time."


def test_programs_learn_which_readings_are_compared() -> None:
    read = json.loads(text("json", CHANGED))
    assert [read[side]["snapshot_date"] for side in ("before", "after")] == ["2026-11-01", "2026-11-04"]
    assert (read["playlist"]["name"], read["playlist"]["owner_id"]) == ("Mix 2", "anna")
    (moved,) = [event for event in read["events"] if event["event"] == "moved"]
    assert (moved["position"], moved["previous_position"], moved["item"]["name"]) == (0, 5, "Four")
