"""What panels show and say."""

import re

import pytest

from spotify_pipeline.report.facts import Artist, Decade, Overlap, Position, Stay
from spotify_pipeline.report.panels import Key, Link, Panel
from spotify_pipeline.report.scopes import Report, make_report
from spotify_pipeline_tests.report.invented import EMPTY_CASES, change, day, facts_of, gap, hostile_facts, read


def panel(report: Report, name: str, scope: str = "p") -> Panel:
    return next(one for one in report.scopes if one.scope_id == scope).panels[name]


@pytest.fixture(scope="module")
def gaps() -> Report:
    """A playlist with a failed day, after which changes are found, and one that was not run."""
    runs = (read("p", 0, 1, 3), gap("p", 2, 2), read("p", 3, 4, 5), read("p", 6, 6, 4))
    changes = (change("p", 1, 2, 1), change("p", 3, 3, 1, gap_days=2), change("p", 6, 0, 1, gap_days=2))
    return make_report(facts_of(*runs, changes=changes))


def test_the_calendar_has_every_day_and_no_gap_is_a_day_without_changes(gaps: Report) -> None:
    shown = panel(gaps, "calendar")
    styles = {row["day"]: row["style"] for row in shown.data["rows"]}
    assert len(styles) == 7
    assert styles[str(day(2))] == "failed"
    assert styles[str(day(5))] == "not_run"
    assert styles[str(day(4))] == "level-0"
    assert {row["day"] for row in shown.data["rows"] if row["partial"]} == {str(day(3)), str(day(6))}
    assert shown.summary == "Changed on 3 of 5 days, most on 5 March 2026: 4 changes. Of 2 days it is not known."
    assert {key.mark for key in shown.legend} >= {"failed", "not_run", "partial", "level-0", "level-1"}
    assert [row[0] for row in shown.rows] == [str(day(6)), str(day(3)), str(day(1))]


def test_what_was_found_after_a_gap_is_told_from_what_has_happened_on_a_day(gaps: Report) -> None:
    shown = panel(gaps, "flow")
    rows = {
        row["day"]: (row["added"], row["known_added"], row["removed"], row["known_removed"])
        for row in shown.data["rows"]
    }
    assert rows == {str(day(1)): (2, 2, 1, 1), str(day(3)): (3, 0, 1, 0), str(day(6)): (0, 0, 1, 0)}
    assert [(row["start"], row["end"], row["style"]) for row in shown.data["gaps"]] == [
        (str(day(2)), str(day(3)), "failed"),
        (str(day(5)), str(day(6)), "not_run"),
    ]
    assert Key("late", "found after a gap: of several days") in shown.legend
    assert shown.summary == "5 items came and 3 went within 7 days: 2 more than before."
    assert shown.rows[0] == (str(day(6)), 0, 1, str(day(4)))


def test_the_length_breaks_at_a_gap(gaps: Report) -> None:
    shown = panel(gaps, "length")
    assert len({row["stretch"] for row in shown.data["rows"]}) == 3
    assert shown.summary == "4 items on 8 March 2026, 3 on 2 March 2026; between 3 and 5 meanwhile."


def test_the_coverage_names_each_gap_with_its_reason(gaps: Report) -> None:
    shown = panel(gaps, "coverage")
    assert shown.rows == [
        (str(day(2)), str(day(2)), 1, "failed", "Bad gateway"),
        (str(day(5)), str(day(5)), 1, "not run", ""),
    ]
    assert shown.summary == "71% of 7 days are known; the others: 1 not run and 1 failed."
    assert panel(gaps, "coverage", "").rows[0][0] == Link("Playlist p", scope="p")


def test_a_line_of_positions_ends_at_a_gap_and_copies_are_lines_of_their_own() -> None:
    facts = facts_of(read("p", 0, 1), gap("p", 2, 2), read("p", 3, 3))
    keys = {0: "aab", 1: "aba", 3: "bca"}
    found = [
        Position("p", day(on), place, key, None, key.upper())
        for on, order in keys.items()
        for place, key in enumerate(order)
    ]
    shown = panel(make_report(facts._replace(positions=found)), "positions")
    lines: dict[object, list[tuple[object, object]]] = {}
    for row in shown.data["rows"]:
        lines.setdefault(row["line"], []).append((row["name"], row["position"]))
    assert sorted(lines.values()) == [
        [("A", 1), ("A", 1)],
        [("A", 2), ("A", 3)],
        [("A", 3)],
        [("B", 1)],
        [("B", 3), ("B", 2)],
        [("C", 2)],
    ]
    assert {row["name"] for row in shown.data["rows"] if row["is_now"]} == {"A", "B", "C"}
    assert len(shown.data["gaps"]) == 1
    assert shown.summary == (
        "Of the first 3 on 2 March 2026, 2 are still among the first 10; 1 other has been there since."
    )


def test_decades_without_tracks_keep_their_place_and_what_has_no_date_is_counted() -> None:
    decades = [Decade("p", 1970, 2), Decade("p", 2000, 1), Decade("p", None, 1)]
    shown = panel(make_report(facts_of(read("p", 0, 0))._replace(decades=decades)), "decades")
    assert shown.rows == [
        ("1970s", 2, "50%"),
        ("1980s", 0, "0%"),
        ("1990s", 0, "0%"),
        ("2000s", 1, "25%"),
        ("?", 1, "25%"),
    ]
    assert (
        shown.summary == "Most tracks are from the 1970s: 2 of 3 whose date is known, 67%. Of 1 Spotify does not say."
    )


def test_artists_have_their_share_and_a_link() -> None:
    address = "https://open.spotify.com/artist/a"
    facts = facts_of(read("p", 0, 0))._replace(
        decades=[Decade("p", 1990, 8)], artists=[Artist("p", "A", address, 4, 9), Artist("p", "B", None, 2, 9)]
    )
    shown = panel(make_report(facts), "artists")
    assert shown.rows == [(Link("A", address), 4, "50%"), (Link("B", None), 2, "25%")]
    assert shown.bars == [1.0, 0.5]
    assert re.sub("[\u2068\u2069]", "", shown.summary) == "Of 9 artists, “A” is on most tracks: 4 of 8, 50%."


def test_the_matrix_has_each_pair_once_and_not_those_that_are_gone() -> None:
    facts = facts_of(read("a", 0, 1), read("b", 0, 1), read("c", 0, 0), gap("c", 1, 1, "not_found"))
    pairs = [Overlap(one, other, 3, 10, 4) for one, other in ("ab", "ba", "ac", "ca")]
    shown = panel(make_report(facts._replace(overlaps=pairs)), "overlap", "")
    assert [(row["shared"], row["percent"]) for row in shown.data["rows"]] == [(3, 75)]
    assert shown.rows == [(Link("Playlist a", scope="a"), Link("Playlist b", scope="b"), 3, "75%")]
    assert "3 recordings, 75% of the smaller" in shown.summary


@pytest.mark.parametrize(
    ("days", "left_censored", "is_current", "text"),
    [
        ((9, 9), True, True, "9 or more"),
        ((9, 9), True, False, "9 or more"),
        ((4, 4), False, True, "4 so far"),
        ((4, 6), False, True, "4 to 6 so far"),
        ((4, 6), False, False, "4 to 6"),
        ((4, 4), False, False, "4"),
    ],
)
def test_a_stay_says_what_is_known_of_its_length(
    days: tuple[int, int], left_censored: bool, is_current: bool, text: str
) -> None:
    stay = Stay("p", "Song", "spotify:track:t", "t", None, day(3), *days, left_censored, is_current, 1, 1)
    shown = panel(make_report(facts_of(read("p", 0, 3))._replace(stays=[stay])), "stays")
    until = "still there" if is_current else "last seen on 5 March 2026"
    assert shown.rows == [(Link("Song", "https://open.spotify.com/track/t", note=until), text)]


@pytest.mark.parametrize("case", EMPTY_CASES)
def test_nothing_to_show_is_said_in_a_sentence(case: str) -> None:
    for scope in make_report(EMPTY_CASES[case]).scopes:
        for name, shown in scope.panels.items():
            assert re.fullmatch(r"[A-Z0-9“].+\.", shown.summary), (name, shown.summary)
            assert "None" not in re.sub("^None of ", "", shown.summary), (name, shown.summary)


def test_a_playlist_that_was_never_read_says_why_instead_of_showing_that_nothing_changes() -> None:
    report = make_report(EMPTY_CASES["metadata only"])
    for name in ("flow", "length", "positions"):
        shown = panel(report, name)
        assert not shown.data
        assert shown.summary == (
            "What stands on it could not be read on any day: Spotify shows its contents to nobody else."
        )
    assert "None of these 10 days is known" in panel(report, "calendar").summary


def test_a_single_day_is_no_day_without_changes() -> None:
    report = make_report(EMPTY_CASES["one day"])
    assert panel(report, "calendar").summary.startswith("Read on a single day so far")
    assert panel(report, "flow").summary.startswith("Read on a single day so far")


def test_who_added_something_is_nowhere() -> None:
    assert not any("added_by" in field or "owner" in field for kind in (Stay, Position) for field in kind._fields)


def test_a_playlist_without_a_name_goes_by_its_id_and_a_long_name_is_cut_in_sentences_only() -> None:
    report = make_report(hostile_facts())
    names = {scope.scope_id: scope.name for scope in report.scopes}
    assert names["p4"] == "p4"
    assert len(names["p3"]) > 300
    assert all(len(one.summary) < 400 for scope in report.scopes for one in scope.panels.values())
