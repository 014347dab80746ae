import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_pipeline.errors import DataError
from spotify_pipeline.spotify.documents import Listing, Page, Playlist, decode, merge_pages, on_one_line
from spotify_pipeline_tests.spotify.fake_spotify import KEYS, FakePlaylist, Shape

SHAPES: list[Shape] = ["old", "new", "both"]
DEEP = b'{"id": "x", "more": %s}' % (b"[" * 1_000_000 + b"]" * 1_000_000)
ENTRY = {"track": {"type": "track", "id": "song", "track": True}}


def in_playlist(*entries: object, key: str = "tracks") -> bytes:
    return json.dumps({"id": "x", key: {"items": entries, "total": len(entries)}}).encode()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_contents_are_found_in_every_shape(shape: Shape) -> None:
    playlist = decode(json.dumps(FakePlaylist("x", 2, shape).document()).encode(), Playlist)
    assert playlist.contents is not None
    assert [item.content.name for item in playlist.contents.entries if item.content] == ["Song 0", "Song 1"]
    assert playlist.total == 2


def test_a_track_objects_own_boolean_track_is_not_taken_for_the_content() -> None:
    playlist = decode(in_playlist({"item": {"id": "song", "track": True, "episode": False}}, key="items"), Playlist)
    assert playlist.contents is not None
    [item] = playlist.contents.entries
    assert item.content is not None
    assert item.content.id == "song"


@pytest.mark.parametrize("key", ["item", "track"])
def test_an_unavailable_entry_has_no_content_but_keeps_its_position(key: str) -> None:
    page = decode(json.dumps({"items": [{key: None}, ENTRY]}).encode(), Page)
    assert [item.content is None for item in page.entries] == [True, False]


@pytest.mark.parametrize(
    "contents",
    [{}, {"items": {"href": "…", "total": 7}}, {"tracks": {"href": "…", "total": 7}}, {"items": None, "tracks": None}],
)
def test_metadata_alone_has_no_contents(contents: dict[str, Any]) -> None:
    playlist = decode(json.dumps({"id": "x", "name": "Songs"} | contents).encode(), Playlist)
    assert playlist.contents is None
    assert playlist.total == (7 if any(contents.values()) else None)


def test_contents_are_found_where_the_other_key_holds_their_number_only() -> None:
    document = {"id": "x", "items": {"href": "…", "total": 1}, "tracks": {"items": [ENTRY], "total": 1}}
    contents = decode(json.dumps(document).encode(), Playlist).contents
    assert contents is not None
    assert len(contents.entries) == 1


def test_an_empty_playlist_has_contents() -> None:
    contents = decode(in_playlist(), Playlist).contents
    assert contents is not None
    assert contents.entries == []


def test_times_are_in_utc() -> None:
    [item] = decode(json.dumps({"items": [ENTRY | {"added_at": "1970-01-01T00:00:00Z"}]}).encode(), Page).entries
    assert item.added_at == datetime(1970, 1, 1, tzinfo=UTC)


def test_every_field_of_an_entry_may_be_null() -> None:
    content = dict.fromkeys(("type", "id", "uri", "name", "album", "artists", "external_ids", "is_playable"))
    [item] = decode(
        json.dumps({"items": [{"added_at": None, "added_by": None, "item": content}]}).encode(), Page
    ).entries
    assert item.content is not None
    assert (item.added_at, item.content.album, item.content.artists) == (None, None, None)


def test_a_listing_may_hide_playlists() -> None:
    listing = decode(b'{"items": [null, {"id": "x", "snapshot_id": "s"}], "total": 2}', Listing)
    assert [shown and (shown.id, shown.snapshot_id) for shown in listing.items] == [None, ("x", "s")]


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (in_playlist(ENTRY, {"added_at": None}), "neither `item` nor `track` - at `$.tracks.items[1]`"),
        (in_playlist({}, key="items"), "neither `item` nor `track` - at `$.items.items[0]`"),
        (in_playlist({"track": True}), "got `bool` - at `$.tracks.items[0].track`"),
        (in_playlist(None), "got `null` - at `$.tracks.items[0]`"),
        (in_playlist({"track": {"duration_ms": "3:05"}}), "got `str` - at `$.tracks.items[0].track.duration_ms`"),
        (in_playlist(ENTRY | {"added_at": "yesterday"}), "datetime - at `$.tracks.items[0].added_at`"),
        (
            in_playlist(ENTRY | {"added_at": "2026-01-02T03:04:05"}),
            "timezone component - at `$.tracks.items[0].added_at`",
        ),
        (
            in_playlist(ENTRY | {"added_at": "0001-01-01T00:00:00+23:59"}),
            "in UTC, `added_at` is not in the years 1 to 9999 - at `$.tracks.items[0]`",
        ),
        (
            in_playlist(ENTRY | {"added_at": "9999-12-31T23:59:59-23:59"}),
            "in UTC, `added_at` is not in the years 1 to 9999 - at `$.tracks.items[0]`",
        ),
        (DEEP, " while deserializing an object"),
        (b'{"name": "no id"}', "missing required field `id`"),
        (b'{"id": 5}', "got `int` - at `$.id`"),
        (b'{"id": "x", "tracks": [1]}', "got `array` - at `$.tracks`"),
        (b'["x"]', "Expected `object`, got `array`"),
        (b"null", "Expected `object`, got `null`"),
    ],
)
def test_a_document_of_another_form_is_refused_with_the_place(document: bytes, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        decode(document, Playlist)
    assert str(caught.value).startswith("unexpected JSON: ")
    assert str(caught.value).endswith(problem)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"id": "x"', b'{"id": "x"} {}', b'{"id": "\xff"}', b'{"id": NaN}'])
def test_what_is_not_json_is_refused_as_such(body: bytes) -> None:
    with pytest.raises(DataError, match=r"^not JSON: "):
        decode(body, Playlist)


@given(st.integers(0, len(in_playlist(ENTRY)) - 1))
def test_a_document_that_was_cut_anywhere_is_refused(length: int) -> None:
    with pytest.raises(DataError):
        decode(in_playlist(ENTRY)[:length], Playlist)


# A JSON value as its tokens: with nothing between them it is compact text, with white space between them pretty text.
Tokens = list[str]


def joined(values: list[Tokens]) -> Tokens:
    return [token for value in values for token in (",", *value)][1:]


def array(values: list[Tokens]) -> Tokens:
    return ["[", *joined(values), "]"]


def an_object(fields: dict[str, Tokens]) -> Tokens:
    return ["{", *joined([[json.dumps(name), ":", *value] for name, value in fields.items()]), "}"]


class Sent(NamedTuple):
    """A playlist as Spotify sends it in several answers, and what these are together."""

    playlist: Tokens
    further_pages: list[Tokens]
    whole: Tokens


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.sampled_from(["0", "-0", "1.0", "1.10", "1e5", "1E+2", "-2.5e-3", "12345678901234567890123", "1e999"])
escapes = st.sampled_from(['"\\u00e9"', '"\\/"', '"\\ud83d\\ude00"', '"\\u0000 \\n"', '""', "null", "true", "false"])
leaves = (numbers | escapes | st.builds(json.dumps, text, ensure_ascii=st.booleans())).map(lambda token: [token])
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3).map(array) | st.dictionaries(text, inner, max_size=3).map(an_object),
    max_leaves=6,
)
other_fields = st.dictionaries(st.text("abc_", min_size=1), values, max_size=3)


@st.composite
def playlists_in_pages(draw: st.DrawFn) -> Sent:
    key = draw(st.sampled_from(["items", "tracks"]))
    pages = draw(st.lists(st.lists(values, max_size=4), min_size=1, max_size=4))
    links = [draw(st.sampled_from([["null"], ['"https:\\/\\/next"']])) for _ in pages]
    about, about_page = draw(other_fields), draw(other_fields)
    names, page_names = draw(st.permutations([*about, key])), draw(st.permutations([*about_page, "items", "next"]))

    def playlist(entries: list[Tokens], link: Tokens) -> Tokens:
        page = about_page | {"items": array(entries), "next": link}
        fields = about | {key: an_object({name: page[name] for name in page_names})}
        return an_object({name: fields[name] for name in names})

    further = [
        an_object(draw(other_fields) | {"next": link, "items": array(entries)})
        for entries, link in zip(pages[1:], links[1:], strict=True)
    ]
    return Sent(playlist(pages[0], links[0]), further, playlist([entry for page in pages for entry in page], links[-1]))


spaces = st.sampled_from(["", " ", "\n", "\r\n\t"])


@given(playlists_in_pages(), spaces)
def test_merging_pages_keeps_every_byte_of_every_value_and_makes_one_line(sent: Sent, space: str) -> None:
    merged = merge_pages(space.join(sent.playlist).encode(), (space.join(page).encode() for page in sent.further_pages))
    assert merged == "".join(sent.whole).encode()
    assert b"\n" not in merged


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("shape", SHAPES)
def test_merged_pages_are_what_plain_python_makes_of_them(shape: Shape, indent: int | None) -> None:
    playlist = FakePlaylist("x", length=230, shape=shape)
    document, pages = playlist.document(), [playlist.page(100, 50), playlist.page(150, 50), playlist.page(200, 50)]
    merged = merge_pages(
        json.dumps(document, indent=indent).encode(), [json.dumps(page, indent=indent).encode() for page in pages]
    )
    key = KEYS[shape][0]
    for page in pages:
        document[key]["items"] += page["items"]
    document[key]["next"] = None
    assert json.loads(merged) == document
    assert len(document[key]["items"]) == 230


def test_in_a_document_that_carries_both_shapes_the_new_one_gets_the_pages() -> None:
    playlist = FakePlaylist("x", length=120, shape="both")
    merged = decode(
        merge_pages(json.dumps(playlist.document()).encode(), [json.dumps(playlist.page(100, 50)).encode()]), Playlist
    )
    assert merged.contents is merged.items
    assert merged.items is not None
    assert [item.content.name for item in merged.items.entries if item.content] == [f"Song {n}" for n in range(120)]
    assert merged.tracks is not None
    assert len(merged.tracks.entries) == 100


def test_pages_go_where_the_contents_are_and_not_where_their_number_is() -> None:
    document = {"id": "x", "items": {"total": 2}, "tracks": {"items": [ENTRY], "total": 2, "next": None}}
    merged = merge_pages(json.dumps(document).encode(), [json.dumps({"items": [ENTRY]}).encode()])
    document["tracks"] = {"items": [ENTRY, ENTRY], "total": 2, "next": None}
    assert json.loads(merged) == document


def test_the_next_link_of_a_page_that_has_none_is_null() -> None:
    assert merge_pages(b'{"tracks": {"next": "u", "items": []}}', [b'{"items": []}']) == (
        b'{"tracks":{"next":null,"items":[]}}'
    )


def test_the_merged_document_is_in_memory_once_and_its_pages_one_at_a_time() -> None:
    def pages() -> Iterator[bytes]:
        yield from (b'{"items": [%s]}' % b", ".join([b'"%s"' % (b"x" * 999)] * 50) for _ in range(100))

    tracemalloc.start()
    try:
        merged = merge_pages(b'{"tracks": {"next": "u", "items": []}}', pages())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(merged) > 5_000_000
    assert peak < 1.3 * len(merged)


@pytest.mark.parametrize("page", [b"{}", b'{"items": null}', b"[]", b"", b'{"items": [1', DEEP])
def test_a_page_without_entries_cannot_be_merged(page: bytes) -> None:
    with pytest.raises(DataError, match=r"^cannot merge the playlist's pages: "):
        merge_pages(in_playlist(ENTRY), [page])


@pytest.mark.parametrize(
    "playlist",
    [
        b'{"id": "x"}',
        b'{"items": {"total": 7}, "tracks": null}',
        b'{"items": [], "tracks": {"items": []}}',
        b'{"tracks": {"items": []}, "\xff": 1}',
        DEEP,
    ],
)
def test_a_playlist_without_entries_cannot_take_further_pages(playlist: bytes) -> None:
    with pytest.raises(DataError, match=r"^cannot merge the playlist's pages: "):
        merge_pages(playlist, [b'{"items": []}'])


def test_a_damaged_document_is_refused_also_where_there_is_nothing_to_merge() -> None:
    with pytest.raises(DataError, match=r"^cannot merge the playlist's pages: "):
        merge_pages(b'{"id": "x"', [])


def test_what_goes_wrong_in_getting_pages_is_not_taken_for_a_damaged_document() -> None:
    def pages() -> Iterator[bytes]:
        yield b'{"items": []}'
        raise RecursionError

    with pytest.raises(RecursionError):
        merge_pages(in_playlist(ENTRY), pages())


@given(playlists_in_pages(), spaces)
def test_a_document_is_put_on_one_line_with_every_byte_of_every_token(sent: Sent, space: str) -> None:
    document = space.join(sent.playlist).encode()
    assert on_one_line(document) == merge_pages(document, ()) == "".join(sent.playlist).encode()


@pytest.mark.parametrize("document", [b"", b'{"id": "x"', b'{"id": "x"} {}', b'{"id": NaN}', DEEP])
def test_what_is_not_json_cannot_be_put_on_one_line(document: bytes) -> None:
    with pytest.raises(DataError, match=r"^cannot put the document on one line: "):
        on_one_line(document)
