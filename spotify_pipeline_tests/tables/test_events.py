"""What two readings of a playlist say has happened between them."""

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from spotify_pipeline.spotify.documents import Content, ExternalIds, Page, Playlist, PlaylistItem, User
from spotify_pipeline.tables.events import EVENTS, Event, events_between
from spotify_pipeline_tests.tables.replay_of_events import apply, identity

UNAVAILABLE = PlaylistItem(item=None)


def track(name: str, recording: str | None = None) -> PlaylistItem:
    ids = ExternalIds(isrc=recording) if recording else None
    return PlaylistItem(item=Content(type="track", id=name, uri=f"spotify:track:{name}", external_ids=ids))


def local(name: str) -> PlaylistItem:
    return PlaylistItem(is_local=True, item=Content(uri=f"spotify:local:{name}"))


def playlist(*entries: PlaylistItem, **fields: Any) -> Playlist:
    return Playlist("id", items=Page(list(entries)), **fields)


def keys(of: Playlist) -> list[str]:
    """The items' keys, by an independent reading."""
    assert of.contents is not None
    uris = [entry.content.uri if entry.content else None for entry in of.contents.entries]
    return [uri or f"unavailable:{position}" for position, uri in enumerate(uris)]


# Few of each, so that they repeat; recordings are on several albums.
ITEMS = st.one_of(
    st.builds(track, st.sampled_from("abcd"), st.none()),
    st.sampled_from([track("x1", "ISRC1"), track("x2", "ISRC1"), track("y1", "ISRC2"), track("y2", "isrc-2")]),
    st.builds(local, st.sampled_from("fg")),
    st.just(UNAVAILABLE),
)
PLAYLISTS = st.builds(lambda entries: playlist(*entries), st.lists(ITEMS, max_size=15))


@given(PLAYLISTS, PLAYLISTS)
def test_the_events_applied_to_the_one_give_the_other(before: Playlist, after: Playlist) -> None:
    events = [asdict(event) for event in events_between(before, after)]
    assert apply(keys(before), events) == [identity(key) for key in keys(after)]


@given(PLAYLISTS)
def test_what_is_the_same_has_no_events(reading: Playlist) -> None:
    assert not list(events_between(reading, reading))


@given(PLAYLISTS, PLAYLISTS)
def test_every_event_tells_what_its_kind_needs(before: Playlist, after: Playlist) -> None:
    old, new = keys(before), keys(after)
    for event in events_between(before, after):
        assert event.event in EVENTS
        assert (event.position is None) == (event.event == "removed")
        assert (event.previous_position is None) == (event.event == "added")
        assert (event.previous_item_key is None) == (event.event != "replaced")
        if event.position is not None:
            assert event.item_key == new[event.position]
        if event.previous_position is not None:
            gone = event.previous_item_key or event.item_key or ""
            assert identity(gone) == identity(old[event.previous_position])


def test_the_same_recording_on_another_album_at_the_same_place_is_a_replacement() -> None:
    before = playlist(track("a"), track("x1", "ISRC1"), track("b"))
    after = playlist(track("a"), track("x2", "isrc-1"), track("b"))
    assert list(events_between(before, after)) == [
        Event(
            "replaced",
            "spotify:track:x2",
            previous_item_key="spotify:track:x1",
            track_id="x2",
            position=1,
            previous_position=1,
        )
    ]


def test_the_same_recording_elsewhere_is_a_removal_and_an_addition() -> None:
    before = playlist(track("x1", "ISRC1"), track("a"), track("b"))
    after = playlist(track("a"), track("b"), track("x2", "ISRC1"))
    assert [event.event for event in events_between(before, after)] == ["removed", "added"]


def test_of_two_occurrences_one_can_go() -> None:
    before = playlist(track("a"), track("b"), track("a"))
    after = playlist(track("a"), track("b"))
    (event,) = events_between(before, after)
    assert (event.event, event.item_key, event.previous_position) == ("removed", "spotify:track:a", 2)


def test_unavailable_items_that_others_push_down_have_no_events() -> None:
    before = playlist(UNAVAILABLE, track("a"))
    after = playlist(track("b"), UNAVAILABLE, track("a"))
    (event,) = events_between(before, after)
    assert (event.event, event.item_key, event.position) == ("added", "spotify:track:b", 0)


@pytest.mark.parametrize(
    ("event", "before", "after", "old", "new"),
    [
        ("renamed", {"name": "Mix"}, {"name": "Mix 2"}, "Mix", "Mix 2"),
        ("renamed", {"name": None}, {"name": "Mix"}, "", "Mix"),
        ("described", {"description": None}, {"description": "All of it"}, "", "All of it"),
        ("owner_changed", {"owner": User("me")}, {"owner": User("you")}, "me", "you"),
        ("visibility_changed", {"public": True}, {"public": False}, "public", "private"),
    ],
)
def test_changed_metadata_is_an_event(
    event: str, before: dict[str, Any], after: dict[str, Any], old: str, new: str
) -> None:
    events = list(events_between(playlist(**before), playlist(**after)))
    assert events == [Event(event, old_value=old, new_value=new)]


@pytest.mark.parametrize(
    "fields",
    [{"description": ""}, {"owner": None}, {"public": None}, {"snapshot_id": "other"}, {"collaborative": True}],
)
def test_what_is_not_known_has_not_changed(fields: dict[str, Any]) -> None:
    before = playlist(description=None, owner=User("me"), public=True)
    assert not list(events_between(before, replace(before, **fields)))
    assert not list(events_between(replace(before, **fields), before))
