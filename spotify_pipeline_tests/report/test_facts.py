"""What SQL answers to the report, compared with a plain reading of the tables."""

from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest

from spotify_pipeline.errors import DataError, PipelineError
from spotify_pipeline.query.engine import Answer
from spotify_pipeline.report.facts import MOST_LISTED, POSITION_DAYS, TOP_POSITIONS, Facts, gather
from spotify_pipeline_tests.query.history import DAYS, History, Row
from spotify_pipeline_tests.tables.stays import stays

NEWEST = DAYS[-1]
READ = {"observed", "unchanged"}


@pytest.fixture(scope="module")
def coverage(history: History) -> dict[tuple[str, date], Row]:
    return {(row["playlist_id"], day): row for day in DAYS for row in history.rows("coverage", day)}


@pytest.fixture(scope="module")
def last_read(coverage: dict[tuple[str, date], Row]) -> dict[str, date]:
    return {
        one: day for (one, day), row in sorted(coverage.items(), key=lambda each: each[0][1]) if row["status"] in READ
    }


@pytest.fixture(scope="module")
def held(history: History, last_read: dict[str, date]) -> dict[str, list[tuple[Row, date]]]:
    """The tracks that each playlist held when it was last read, and that day."""
    found: defaultdict[str, list[tuple[Row, date]]] = defaultdict(list)
    for playlist_id, day in last_read.items():
        tracks = {row["track_id"]: row for row in history.rows("tracks", day)}
        for item in history.rows("playlist_items", day):
            if item["playlist_id"] == playlist_id and item["track_id"]:
                found[playlist_id].append((tracks[item["track_id"]], day))
    return found


def scoped(held: dict[str, list[tuple[Row, date]]], gone: set[str]) -> dict[str, list[tuple[Row, date]]]:
    together = [one for playlist_id, its in held.items() if playlist_id not in gone for one in its]
    return {"": together, **held}


@pytest.fixture(scope="module")
def gone(coverage: dict[tuple[str, date], Row]) -> set[str]:
    return {one for (one, day), row in coverage.items() if day == NEWEST and row["status"] == "not_found"}


def test_runs_say_of_each_day_what_coverage_says(facts: Facts, coverage: dict[tuple[str, date], Row]) -> None:
    days = {
        (run.playlist_id, run.first_day + timedelta(days=number)): (run.state, run.reason, run.items)
        for run in facts.runs
        for number in range((run.last_day - run.first_day).days + 1)
    }
    assert len(facts.runs) < len(days)
    assert days == {
        key: ("read", "", row["items_read"]) if row["status"] in READ else (row["status"], row["reason"] or "", None)
        for key, row in coverage.items()
    }
    assert {"read", "failed", "restricted", "not_found"} == {run.state for run in facts.runs}
    assert max(run.fetched_at for run in facts.runs if run.fetched_at) == max(
        row["fetched_at"] for row in coverage.values() if row["fetched_at"]
    )


def test_changes_count_the_events(facts: Facts, history: History) -> None:
    counted: defaultdict[tuple[str, date], Counter[str]] = defaultdict(Counter)
    gaps = {}
    for day in DAYS:
        for row in history.rows("playlist_events", day):
            counted[row["playlist_id"], day][row["event"]] += 1
            gaps[row["playlist_id"], day] = row["gap_days"]
    assert {(one.playlist_id, one.day) for one in facts.changes} == set(counted)
    for one in facts.changes:
        events = counted[one.playlist_id, one.day]
        others = {"renamed", "described", "owner_changed", "visibility_changed"}
        expected = [events[name] for name in ("added", "removed", "replaced", "moved")]
        assert [*one[2:7]] == [*expected, sum(events[name] for name in others)]
        assert one.gap_days == gaps[one.playlist_id, one.day]
        assert one.events == events.total()
    assert max(gaps.values()) > 1


def test_names_are_the_newest(facts: Facts, history: History) -> None:
    newest = {row["playlist_id"]: (row["name"], row["url"]) for day in DAYS for row in history.rows("playlists", day)}
    assert {one.playlist_id: (one.name, one.url) for one in facts.playlists.values()} == newest


def test_decades_count_each_track_of_a_scope_once(
    facts: Facts, history: History, held: dict[str, list[tuple[Row, date]]], gone: set[str]
) -> None:
    for scope, tracks in scoped(held, gone).items():
        decades: Counter[int | None] = Counter()
        for track, day in {track["track_id"]: (track, day) for track, day in tracks}.values():
            albums = {row["album_id"]: row["release_day"] for row in history.rows("albums", day)}
            released = albums.get(track["album_id"])
            decades[released.year // 10 * 10 if released else None] += 1
        assert {one.decade: one.tracks for one in facts.decades if one.scope == scope} == decades
    assert gone
    assert any(one.decade is None for one in facts.decades)


def test_artists_are_those_with_most_tracks(
    facts: Facts, history: History, held: dict[str, list[tuple[Row, date]]], gone: set[str]
) -> None:
    for scope, tracks in scoped(held, gone).items():
        names: dict[str, str] = {}
        wanted_on: defaultdict[date, set[str]] = defaultdict(set)
        for track, day in tracks:
            names |= {row["artist_id"]: row["name"] for row in history.rows("artists", day)}
            wanted_on[day].add(track["track_id"])
        of_artist: defaultdict[str, set[str]] = defaultdict(set)
        for day, wanted in wanted_on.items():
            for row in history.rows("track_artists", day):
                if row["track_id"] in wanted:
                    of_artist[row["artist_id"]].add(row["track_id"])
        ranked = sorted((-len(its), names[one], one) for one, its in of_artist.items())[:MOST_LISTED]
        found = [one for one in facts.artists if one.scope == scope]
        assert [(-one.tracks, one.name) for one in found] == [each[:2] for each in ranked]
        assert {one.artists for one in found} <= {len(of_artist)}


def test_overlaps_count_recordings_that_stand_on_both(facts: Facts, held: dict[str, list[tuple[Row, date]]]) -> None:
    recordings = {one: {track["recording_key"] for track, _ in its} for one, its in held.items()}
    expected = {
        (one, other, len(its & others), len(its), len(others))
        for one, its in recordings.items()
        for other, others in recordings.items()
        if one != other and its & others
    }
    assert set(facts.overlaps) == expected
    assert len(expected) > 20


def test_positions_are_the_top_of_the_newest_days(facts: Facts, history: History) -> None:
    since = NEWEST - timedelta(days=POSITION_DAYS - 1)
    expected = [
        (row["playlist_id"], day, row["position"], row["item_key"], row["track_id"], row["name"])
        for day in DAYS
        if day >= since
        for row in history.rows("playlist_items", day)
        if row["position"] < TOP_POSITIONS
    ]
    assert sorted(tuple(one) for one in facts.positions) == sorted(expected)


def test_stays_are_the_longest(facts: Facts, history: History, coverage: dict[tuple[str, date], Row]) -> None:
    for playlist_id in facts.in_detail:
        days = [day for day in DAYS if coverage.get((playlist_id, day), {}).get("status") in READ]
        readings: dict[date, list[str]] = {day: [] for day in days}
        for day in days:
            for row in history.rows("playlist_items", day):
                if row["playlist_id"] == playlist_id and row["item_type"] != "unavailable":
                    readings[day].append(row["item_key"])
        found = [one for one in facts.stays if one.playlist_id == playlist_id and one.place <= MOST_LISTED]
        if not days:
            assert not found
            continue
        expected = stays(readings)
        there = {(one.item_key, one.last_seen, one.left_censored, one.is_current) for one in expected}
        assert {(one.item_key, one.last_seen, one.left_censored, one.is_current) for one in found} <= there
        assert [one.place for one in sorted(found, key=lambda one: one.place)] == list(range(1, len(found) + 1))
        assert len(found) == min(MOST_LISTED, len(expected))
        # The history is longer than any stay that began in it.
        assert (
            all(one.left_censored for one in found) or len([one for one in expected if one.left_censored]) < MOST_LISTED
        )
        dates = [one.added_at for one in sorted(found, key=lambda one: one.place) if one.days_min == found[0].days_min]
        known = [one for one in dates if one]
        assert known == sorted(known)


def test_those_with_the_newest_changes_are_shown_in_detail_first(facts: Facts) -> None:
    newest = {
        one: max((change.day for change in facts.changes if change.playlist_id == one), default=date.min)
        for one in facts.in_detail
    }
    assert [newest[one] for one in facts.in_detail] == sorted(newest.values(), reverse=True)
    assert len(facts.in_detail) == len(facts.playlists)


def test_a_catalog_without_a_day_is_told() -> None:
    class Nothing:
        def ask(self, _: str) -> Answer:
            return Answer([], [])

    with pytest.raises(DataError, match="There is nothing to report yet"):
        gather(Nothing())


def test_ids_with_quotation_marks_stay_texts(history: History) -> None:
    class Recorded:
        def __init__(self) -> None:
            self.asked: list[str] = []

        def ask(self, sql: str) -> Answer:
            self.asked.append(sql)
            rows = [("it's", "read", "", 1, NEWEST, NEWEST, None)] if len(self.asked) == 1 else []
            return Answer([], rows)

    recorded = Recorded()
    gather(recorded)
    assert sum("'it''s'" in sql for sql in recorded.asked) >= 3
    for sql in recorded.asked:
        try:
            history.engine.ask(sql)  # all of them are statements still
        except PipelineError as error:
            pytest.fail(str(error))
