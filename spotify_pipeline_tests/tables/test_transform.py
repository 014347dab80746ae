import json
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from spotify_pipeline.errors import DataError
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Reading, Status
from spotify_pipeline.tables.audit import AuditedDay, audit
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline.tables.rows import release_day
from spotify_pipeline.tables.transform import mark_failed
from spotify_pipeline_tests.tables.builders import (
    DAY,
    FETCHED_AT,
    Json,
    album,
    artist,
    coverage_of,
    encoded,
    entry,
    observed,
    playlist,
    playlists,
    track,
    transform,
    transform_all,
)

Frames = dict[str, pl.DataFrame]


def only_row(frame: pl.DataFrame) -> Json:
    assert frame.height == 1
    return frame.row(0, named=True)


def tables_with(*entries: Json, **fields: Any) -> Frames:
    """The tables of a day with one playlist, `p`."""
    return transform_all(playlist("p", entries, **fields)).frames


def no_document(playlist_id: str) -> bytes:
    raise AssertionError(f"the document of {playlist_id} is not asked for")


def item(one_entry: Json) -> Json:
    return only_row(tables_with(one_entry)["playlist_items"])


def track_row(**fields: Any) -> Json:
    return only_row(tables_with(entry(track(**fields)))["tracks"])


def album_row(**fields: Any) -> Json:
    return only_row(tables_with(entry(track(album=album(**fields))))["albums"])


def test_a_playlist_with_a_track_gives_rows_in_every_table() -> None:
    frames = tables_with(
        entry(track("t", popularity=7, is_playable=True)),
        description="Mine",
        owner={"id": "ana", "display_name": "Ana"},
        public=True,
        snapshot_id="v1",
        followers={"total": 3_000_000_000},
        images=[{"url": "https://i.example/p"}],
        external_urls={"spotify": "https://open.example/p"},
    )
    assert {name: frame.rows() for name, frame in frames.items()} == {
        "coverage": [("p", "observed", None, DAY, 1, 1, 1, FETCHED_AT)],
        "playlists": [
            (
                "p",
                "Playlist p",
                "Mine",
                "ana",
                "Ana",
                True,
                False,
                "v1",
                1,
                3_000_000_000,
                "https://i.example/p",
                "https://open.example/p",
            )
        ],
        "playlist_items": [
            (
                "p",
                0,
                "track",
                "spotify:track:t",
                "t",
                "Track t",
                datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
                "ana",
                True,
                180_000,
            )
        ],
        "tracks": [("t", "Track t", "album", 1, 4, 180_000, False, "DEAT", "DEAT", 7, "https://open.example/track/t")],
        "albums": [
            (
                "album",
                "Album album",
                "album",
                "1999-12-31",
                "day",
                date(1999, 12, 31),
                9,
                None,
                None,
                "https://i.example/album",
                "https://open.example/album/album",
            )
        ],
        "artists": [
            ("guest", "Artist guest", None, None, None, None, None),
            ("singer", "Artist singer", None, None, None, None, None),
        ],
        "track_artists": [("t", 0, "singer"), ("t", 1, "guest")],
        "album_artists": [("album", 0, "singer")],
        "playlist_events": [],
    }


def test_an_empty_day_has_every_table_with_its_columns() -> None:
    transformed = transform(Manifest(DAY, []), no_document)
    assert list(transformed.frames) == list(TABLES)
    for name, frame in transformed.frames.items():
        assert frame.is_empty()
        assert frame.schema == TABLES[name].polars_schema()


# What stands at a position


def test_a_null_item_keeps_its_position_and_when_it_was_added() -> None:
    items = tables_with(entry(track("a")), entry(None), entry(track("b")))["playlist_items"]
    assert items["position"].to_list() == [0, 1, 2]
    assert items.row(1) == (
        (
            "p",
            1,
            "unavailable",
            "unavailable:1",
            None,
            None,
            datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
            "ana",
            None,
            None,
        )
    )


def test_a_local_file_has_no_track_though_it_has_a_name() -> None:
    uri = "spotify:local:Band:Record:Demo:201"
    local = {"type": "track", "id": None, "uri": uri, "name": "Demo", "duration_ms": 201_000, "is_local": True}
    frames = tables_with(entry(local | {"album": album(id=None), "artists": [artist("", id=None)]}, is_local=True))
    assert only_row(frames["playlist_items"]) | {"item_type": "local", "item_key": uri, "track_id": None} == only_row(
        frames["playlist_items"]
    )
    assert only_row(frames["playlist_items"])["name"] == "Demo"
    assert all(frames[name].is_empty() for name in ("tracks", "albums", "artists", "track_artists", "album_artists"))


@pytest.mark.parametrize(
    ("entry_says", "track_says", "uri", "item_type"),
    [
        (True, False, "spotify:track:t", "local"),
        (None, True, "spotify:track:t", "local"),
        (None, None, "spotify:local:::x:1", "local"),
        (False, True, "spotify:track:t", "track"),
        (None, None, "spotify:track:t", "track"),
    ],
)
def test_the_entry_says_whether_it_is_a_local_file_else_the_track_or_its_uri(
    entry_says: bool | None, track_says: bool | None, uri: str, item_type: str
) -> None:
    assert item(entry(track("t", is_local=track_says, uri=uri), is_local=entry_says))["item_type"] == item_type


def test_an_episode_is_an_item_but_no_track() -> None:
    episode = {"type": "episode", "id": "e", "uri": "spotify:episode:e", "name": "Pilot", "duration_ms": 1, "show": {}}
    frames = tables_with(entry(episode))
    row = only_row(frames["playlist_items"])
    assert (row["item_type"], row["item_key"], row["track_id"]) == ("episode", "spotify:episode:e", None)
    assert (row["name"], row["duration_ms"]) == ("Pilot", 1)
    assert frames["tracks"].is_empty()


@pytest.mark.parametrize("written", ["track", "Track", None])
def test_what_is_no_episode_is_a_track(written: str | None) -> None:
    frames = tables_with(entry(track("t", type=written, uri=None)))
    row = only_row(frames["playlist_items"])
    assert (row["item_type"], row["item_key"], row["track_id"]) == ("track", "spotify:track:t", "t")
    assert frames["tracks"].height == 1


def test_the_same_track_twice_is_two_items_and_one_track() -> None:
    frames = tables_with(entry(track("t")), entry(track("u")), entry(track("t")))
    assert frames["playlist_items"]["track_id"].to_list() == ["t", "u", "t"]
    assert frames["tracks"]["track_id"].to_list() == ["t", "u"]
    assert frames["track_artists"].height == 4


def test_an_unplayable_track_is_kept_and_says_so() -> None:
    assert item(entry(track(is_playable=False)))["is_playable"] is False
    assert item(entry(track()))["is_playable"] is None


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({"type": "track", "id": "t"}, "spotify:track:t"),
        ({"type": "episode", "id": "e"}, "spotify:episode:e"),
        ({"id": "t", "uri": ""}, "spotify:track:t"),
        ({"type": "track", "id": None, "name": "withheld"}, "unavailable:0"),
        ({}, "unavailable:0"),
    ],
)
def test_without_a_uri_the_key_is_made_of_the_id_or_of_the_position(content: Json, key: str) -> None:
    assert item(entry(content))["item_key"] == key


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("1970-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:00+00:00", None),
        (None, None),
        ("2020-02-29T23:59:59Z", datetime(2020, 2, 29, 23, 59, 59, tzinfo=UTC)),
        ("2020-03-01T04:59:59.25+05:00", datetime(2020, 2, 29, 23, 59, 59, 250_000, tzinfo=UTC)),
    ],
)
def test_added_at_is_a_time_in_utc_or_null_where_spotify_never_recorded_it(
    sent: str | None, kept: datetime | None
) -> None:
    assert item(entry(track(), added_at=sent))["added_at"] == kept


@pytest.mark.parametrize("sent", [{"id": ""}, {"id": None}, {}, None])
def test_nobody_added_an_item_whose_added_by_has_no_id(sent: Json | None) -> None:
    assert item(entry(track(), added_by=sent))["added_by_id"] is None


# Tracks, albums, artists


@pytest.mark.parametrize(
    ("isrc", "normal"),
    [
        ("USRC17607839", "USRC17607839"),
        ("usrc17607839", "USRC17607839"),
        ("US-RC1-76-07839", "USRC17607839"),
        (" US RC1 76 07839\t", "USRC17607839"),
        ("", None),
        ("--", None),
        (None, None),
    ],
)
def test_an_isrc_is_in_capitals_without_hyphens(isrc: str | None, normal: str | None) -> None:
    row = track_row(external_ids={"isrc": isrc})
    assert (row["isrc"], row["recording_key"]) == (normal, normal or "track")


@pytest.mark.parametrize("external_ids", [None, {}])
def test_a_track_without_external_ids_is_its_own_recording(external_ids: Json | None) -> None:
    row = track_row(external_ids=external_ids)
    assert (row["isrc"], row["recording_key"]) == (None, "track")


@pytest.mark.parametrize(
    ("sent", "first_day"),
    [
        (None, None),
        ("0000", None),
        ("", None),
        ("soon", None),
        ("1973", date(1973, 1, 1)),
        ("1973-03", date(1973, 3, 1)),
        ("1973-03-01", date(1973, 3, 1)),
        ("1973-00-00", date(1973, 1, 1)),
        ("1973-02-30", None),
        ("0000-00-00", None),
        ("1973-03-01T00:00:00Z", None),
    ],
)
def test_release_day_is_the_first_day_that_the_release_date_can_mean(sent: str | None, first_day: date | None) -> None:
    row = album_row(release_date=sent)
    assert (row["release_date"], row["release_day"]) == (sent, first_day)


@given(st.dates(min_value=date(1, 1, 1)))
def test_every_whole_date_is_its_own_release_day_and_year_and_month_begin_it(day: date) -> None:
    year, month, _ = day.isoformat().split("-")
    assert release_day(day.isoformat()) == day
    assert release_day(f"{year}-{month}") == day.replace(day=1)
    assert release_day(year) == day.replace(month=1, day=1)


@given(st.text())
def test_no_release_date_stops_the_transformation(sent: str) -> None:
    found = release_day(sent)
    assert found is None or str(found.year) in str(int(sent[:4]))


@pytest.mark.parametrize(
    ("images", "url"),
    [
        (None, None),
        ([], None),
        ([None], None),
        ([{"url": None}, None, {"url": ""}], None),
        ([None, {"url": "first"}, {"url": "second"}], "first"),
    ],
)
def test_the_first_image_that_has_an_address_is_taken(images: list[Json | None] | None, url: str | None) -> None:
    frames = tables_with(entry(track(album=album(images=images), artists=[artist("a", images=images)])), images=images)
    assert frames["playlists"]["image_url"].to_list() == [url]
    assert frames["albums"]["image_url"].to_list() == [url]
    assert frames["artists"].filter(artist_id="a")["image_url"].to_list() == [url]


def test_extended_mode_fields_are_kept() -> None:
    full = artist("a", genres=["dub", "ska"], followers={"total": 5_000_000_000}, popularity=64)
    frames = tables_with(entry(track(artists=[full], album=album(label="Label", popularity=50, artists=[]))))
    assert only_row(frames["albums"]) | {"label": "Label", "popularity": 50} == only_row(frames["albums"])
    kept = {"genres": ["dub", "ska"], "followers_total": 5_000_000_000, "popularity": 64}
    assert only_row(frames["artists"]) | kept == only_row(frames["artists"])


@pytest.mark.parametrize("without_id", [None, album(id=None), album(id="")])
def test_a_track_may_be_on_no_album_that_has_an_id(without_id: Json | None) -> None:
    frames = tables_with(entry(track(album=without_id)))
    assert only_row(frames["tracks"])["album_id"] is None
    assert frames["albums"].is_empty()


def test_artists_without_an_id_leave_a_gap_in_the_credits() -> None:
    frames = tables_with(entry(track(artists=[artist("a"), artist("", id=None), artist("b")], album=None)))
    assert frames["track_artists"].rows() == [("track", 0, "a"), ("track", 2, "b")]
    assert frames["artists"]["artist_id"].to_list() == ["a", "b"]


def test_an_artist_may_be_credited_twice() -> None:
    frames = tables_with(entry(track(artists=[artist("a"), artist("a")], album=None)))
    assert frames["track_artists"].rows() == [("track", 0, "a"), ("track", 1, "a")]
    assert frames["artists"].height == 1


def test_withheld_names_and_lengths_are_empty_and_zero_in_tracks() -> None:
    row = track_row(name=None, duration_ms=None)
    assert (row["name"], row["duration_ms"]) == ("", 0)
    assert item(entry(track(name=None, duration_ms=None)))["name"] is None


# Playlists


def test_old_new_and_doubled_shapes_give_the_same_tables() -> None:
    new = playlist("p", [entry(track("a")), entry(None), entry(track("b"))])
    old = playlist("p", [entry(track("a"), "track"), entry(None, "track"), entry(track("b"), "track")], "tracks")
    both_entries = [entry(track("a"), track=track("a")), entry(None, track=None), entry(track("b"), track=track("b"))]
    both = playlist("p", both_entries, tracks={"items": both_entries, "total": 3})
    counted = playlist("p", old["tracks"]["items"], "tracks", items={"total": 3})
    expected = transform_all(new).frames
    for document in (old, both, counted):
        for name, frame in transform_all(document).frames.items():
            assert_frame_equal(frame, expected[name])


def test_a_restricted_playlist_gives_a_playlists_row_only() -> None:
    document = {"id": "p", "name": "Theirs", "collaborative": None, "tracks": {"total": 44, "href": "…"}}
    frames = transform_all(document).frames
    assert only_row(frames["playlists"])["items_total"] == 44
    assert only_row(frames["coverage"])["status"] == "restricted"
    assert all(frame.is_empty() for name, frame in frames.items() if name not in ("coverage", "playlists"))


def test_of_a_playlist_that_is_restricted_today_embedded_items_are_passed_over() -> None:
    document = playlist("p", [entry(track())])
    manifest = Manifest(DAY, [Coverage("p", Status.RESTRICTED, "403 on /items")])
    frames = transform(manifest, encoded([document]).__getitem__).frames
    assert frames["playlists"].height == 1
    assert frames["playlist_items"].is_empty()
    assert frames["tracks"].is_empty()


@pytest.mark.parametrize("status", [Status.NOT_FOUND, Status.FAILED])
def test_a_playlist_without_a_document_has_a_coverage_row_only(status: Status) -> None:
    manifest = Manifest(DAY, [Coverage("p", status, "why", requests=2)])
    transformed = transform(manifest, no_document)
    assert transformed.frames["coverage"].rows() == [("p", status.value, "why", None, None, 0, 2, None)]
    assert transformed.frames["playlists"].is_empty()
    assert transformed.rejected == {}


def test_a_playlist_may_have_neither_name_nor_owner() -> None:
    row = only_row(transform_all({"id": "p", "name": None, "owner": None}).frames["playlists"])
    assert (row["name"], row["owner_id"], row["owner_name"], row["is_collaborative"]) == ("", None, None, False)


def test_more_rows_than_one_chunk_come_out_whole_and_in_order() -> None:
    count = 120_001
    document = b'{"id": "p", "items": {"items": [%s]}}' % b",".join([b'{"item": null}'] * count)
    manifest = Manifest(DAY, [observed("p", count)])
    items = transform(manifest, lambda _: document).frames["playlist_items"]
    assert items["position"].to_list() == list(range(count))


# Several documents


def test_what_two_documents_say_of_a_track_is_taken_from_the_newest() -> None:
    older = playlist("a", [entry(track("t", name="Old title", album=album("x", name="Old"), artists=[]))])
    newer = playlist("b", [entry(track("t", name="New title", album=album("x", name="New"), artists=[artist("n")]))])
    for documents in ((older, newer), (newer, older)):
        frames = transform_all(*documents, observed_dates={"a": date(2025, 3, 1)}).frames
        assert only_row(frames["tracks"])["name"] == "New title"
        assert only_row(frames["albums"])["name"] == "New"
        assert frames["track_artists"].rows() == [("t", 0, "n")]
        # What stands in a playlist is what that playlist's document says.
        assert frames["playlist_items"]["name"].to_list() == ["Old title", "New title"]


def test_between_equally_new_documents_the_playlist_id_decides() -> None:
    documents = [playlist(name, [entry(track("t", name=f"By {name}"))]) for name in "cab"]
    assert only_row(transform_all(*documents).frames["tracks"])["name"] == "By a"


@settings(deadline=None)
@given(documents=playlists(), data=st.data())
def test_the_result_does_not_depend_on_the_order_of_the_manifest(documents: list[Json], data: st.DataObject) -> None:
    dates = {document["id"]: data.draw(st.dates(date(2025, 3, 1), DAY)) for document in documents}
    shuffled = data.draw(st.permutations(documents))
    expected = transform_all(*documents, observed_dates=dates).frames
    for name, frame in transform_all(*shuffled, observed_dates=dates).frames.items():
        assert_frame_equal(frame, expected[name])


@settings(deadline=None)
@given(playlists())
def test_whatever_is_missing_in_playlists_no_item_is_dropped_and_the_day_passes_its_audit(
    documents: list[Json],
) -> None:
    transformed = transform_all(*documents)
    counts = {document["id"]: coverage_of(document).items_read for document in documents}
    found = transformed.frames["playlist_items"]["playlist_id"].to_list()
    assert {name: found.count(name) for name in counts} == counts
    assert transformed.rejected == {}
    assert [str(finding) for finding in audit(AuditedDay(transformed.frames.__getitem__)) if not finding.passed] == []


# Documents that cannot be read

GOOD = playlist("good", [entry(track("g"))])
BROKEN = {
    "cut": (b'{"id": "bad", "name"', "not JSON"),
    "empty": (b"", "not JSON"),
    "an error page": (b"<html>Bad gateway</html>", "not JSON"),
    "no UTF-8": (b'{"id": "bad", "name": "\xff"}', "not JSON"),
    "a list": (b"[]", "array"),
    "no id": (b'{"name": "x"}', "id"),
    "another playlist's": (b'{"id": "other"}', "other"),
    "a name that is a number": (b'{"id": "bad", "name": 5}', "$.name"),
    "an item that is text": (b'{"id": "bad", "items": {"items": [{"item": "t"}]}}', "$.items.items[0].item"),
    "an item of no shape": (b'{"id": "bad", "tracks": {"items": [{"added_at": null}]}}', "$.tracks.items[0]"),
    "a time without zone": (
        b'{"id": "bad", "tracks": {"items": [{"track": null, "added_at": "2020-01-01T00:00:00"}]}}',
        "$.tracks.items[0].added_at",
    ),
    "a length that is text": (
        json.dumps(playlist("bad", [entry(track()), entry(track(duration_ms="3:20"))])).encode(),
        "$.items.items[1].item.duration_ms",
    ),
}
broken_documents = pytest.mark.parametrize(("broken", "reason"), BROKEN.values(), ids=BROKEN.keys())


@broken_documents
def test_a_document_that_cannot_be_read_fails_its_playlist_alone(broken: bytes, reason: str) -> None:
    manifest = Manifest(DAY, [observed("bad", 2), observed("good", 1)])
    transformed = transform(manifest, (encoded([GOOD]) | {"bad": broken}).__getitem__)
    assert list(transformed.rejected) == ["bad"]
    assert reason in transformed.rejected["bad"]
    assert transformed.frames["coverage"].row(0) == (
        ("bad", "failed", transformed.rejected["bad"], None, None, 0, 1, None)
    )
    expected = transform_all(GOOD).frames
    for name, frame in transformed.frames.items():
        assert_frame_equal(frame.filter(playlist_id="good") if name == "coverage" else frame, expected[name])


@broken_documents
def test_the_reason_names_the_file_of_a_document_that_cannot_be_read(broken: bytes, reason: str) -> None:
    del reason
    transformed = transform(Manifest(DAY, [observed("bad", 2)]), lambda _: broken)
    assert "bad.json.gz" in transformed.rejected["bad"]


def test_a_document_that_is_missing_or_damaged_fails_its_playlist_alone() -> None:
    def read(playlist_id: str) -> bytes:
        if playlist_id == "bad":
            raise DataError("/raw/bad.json.gz is damaged: CRC check failed")
        return encoded([GOOD])[playlist_id]

    transformed = transform(Manifest(DAY, [observed("bad", 2), observed("good", 1)]), read)
    assert transformed.rejected == {"bad": "/raw/bad.json.gz is damaged: CRC check failed"}
    assert transformed.frames["playlists"]["playlist_id"].to_list() == ["good"]


@pytest.mark.parametrize("field", ["items_total", "track_number", "duration_ms"])
def test_a_number_too_large_for_its_column_fails_its_playlist_alone(field: str) -> None:
    track_fields: Json = {} if field == "items_total" else {field: 2**63}
    bad = playlist("bad", [entry(track(**track_fields))])
    if field == "items_total":
        bad["items"]["total"] = 2**31
    transformed = transform_all(bad, GOOD)
    assert list(transformed.rejected) == ["bad"]
    assert transformed.frames["playlists"]["playlist_id"].to_list() == ["good"]


def test_marking_a_playlist_failed_keeps_the_other_rows_and_forgets_what_was_read() -> None:
    reading = Reading(DAY, Status.OBSERVED, DAY, "v", 1, 1, FETCHED_AT)
    kept = Coverage("kept", Status.OBSERVED, items_read=1, last_reading=reading)
    bad = Coverage("bad", Status.OBSERVED, items_total=2, items_read=2, requests=3, last_reading=reading)
    manifest = Manifest(DAY, [bad, kept], requests=9, hidden_playlists=1)
    assert mark_failed(manifest, {"bad": "why"}) == Manifest(
        DAY, [Coverage("bad", Status.FAILED, "why", requests=3), kept], requests=9, hidden_playlists=1
    )
