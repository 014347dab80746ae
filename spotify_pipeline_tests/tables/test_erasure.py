"""What is left of a day's tables is what they would be if nobody had asked for what goes."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline.tables.erasure import declared, erase, owned_by
from spotify_pipeline_tests.tables.builders import Json, album, artist, entry, playlist, sound_day, track, transform_all

MUSIC = [
    track(
        f"t{number}",
        album=album(f"a{number % 3}", artists=[artist(f"s{number % 3}")]),
        artists=[artist(f"s{number % 4}")],
    )
    for number in range(6)
]
USERS = st.sampled_from(["ana", "bob"])


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Json], list[Json]]:
    """The same playlists on two days, with music of which all of them say the same."""

    def one(playlist_id: str, owner: str) -> Json:
        entries = draw(st.lists(st.builds(_added, st.sampled_from([*MUSIC, None]), USERS), max_size=4))
        return playlist(playlist_id, entries, owner={"id": owner, "display_name": owner.title()})

    ids = draw(st.lists(st.sampled_from("pqr"), unique=True, min_size=1))
    owners = {playlist_id: draw(USERS) for playlist_id in ids}
    return [one(*each) for each in owners.items()], [one(*each) for each in owners.items()]


def _added(content: Json | None, user: str) -> Json:
    return entry(content, added_by={"id": user})


def without(documents: list[Json], playlists: set[str], user: str | None) -> list[Json]:
    """The documents as they would be."""
    kept = [document for document in documents if document["id"] not in playlists]
    return [
        document
        | {
            "items": document["items"]
            | {
                "items": [
                    each | {"added_by": None if each["added_by"]["id"] == user else each["added_by"]}
                    for each in document["items"]["items"]
                ]
            }
        }
        for document in kept
    ]


@settings(max_examples=40)
@given(histories(), st.data())
def test_what_is_left_is_what_would_be(history: tuple[list[Json], list[Json]], data: st.DataObject) -> None:
    before, after = history
    user = data.draw(st.none() | USERS)
    gone = {data.draw(st.sampled_from([document["id"] for document in after]))}
    gone |= {document["id"] for document in after if document["owner"]["id"] == user}
    frames = transform_all(*after, before=before).frames
    expected = transform_all(*without(after, gone, user), before=without(before, gone, user)).frames
    erased = erase(frames, gone, {user} if user else ())
    for name, frame in expected.items():
        assert (frames | erased)[name].sort(TABLES[name].primary_key).equals(frame.sort(TABLES[name].primary_key)), name
    assert erase(frames | erased, gone, {user} if user else ()) == {}


def test_a_day_that_names_nobody_of_them_does_not_change() -> None:
    assert erase(sound_day(), {"another"}, {"nobody"}) == {}


def test_owners_vanish_from_events() -> None:
    one, other = ({"id": each, "display_name": each.title()} for each in ("ana", "bob"))
    frames = transform_all(
        playlist("p", [entry(track())], owner=other), before=[playlist("p", [entry(track())], owner=one)]
    ).frames
    assert owned_by(frames["playlists"], {"bob"}) == {"p": "Playlist p"}
    (event,) = erase(frames, (), {"bob"})["playlist_events"].select("old_value", "new_value").rows()
    assert event == ("ana", None)
    (owner,) = erase(frames, (), {"bob"})["playlists"].select("owner_id", "owner_name").rows()
    assert owner == (None, None)


@pytest.mark.parametrize("name", TABLES)
def test_files_of_earlier_versions_get_the_columns_that_they_lack(name: str) -> None:
    frame = sound_day()[name]
    last = frame.columns[-1]
    filled: Any = declared(name, frame.drop(last))
    assert filled.schema == frame.schema
    assert filled.drop(last).equals(frame.drop(last))
    assert filled[last].null_count() == frame.height
    assert isinstance(filled, pl.DataFrame)
