"""A playlist on days on which not everything could be read: what is shown, and what is said about it."""

import gzip
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from spotify_pipeline.errors import PipelineError
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Status
from spotify_pipeline.steps.digest import digest_day
from spotify_pipeline.steps.publish import publish_day
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline.steps.versions import Readings, compare, find_playlist
from spotify_pipeline.tables.declarations import PLAYLIST_EVENTS
from spotify_pipeline_tests.fake_backends import FakeBackends
from spotify_pipeline_tests.spotify.fake_spotify import FakePlaylist, FakeSpotify, error, found, playlist_id
from spotify_pipeline_tests.test_history import fail, grow, restrict

DAYS = [date(2026, 1, 2) + timedelta(days=number) for number in range(6)]
ID, OTHER = playlist_id(1), playlist_id(2)  # the other one can always be read, so that there is a day
NAME = f"Playlist {ID}"

Run = Callable[..., None]
Open = Callable[[], Readings]


@pytest.fixture
def fake() -> FakeSpotify:
    return FakeSpotify([FakePlaylist(ID, length=3), FakePlaylist(OTHER)])


@pytest.fixture
def last(fake: FakeSpotify, tmp_path: Path) -> FakeBackends:
    """The backends on the last day."""
    return backends_on(DAYS[-1], fake, tmp_path)


@pytest.fixture
def run(fake: FakeSpotify, tmp_path: Path) -> Run:
    """`run(day)`: extract, transform and publish a day."""

    def run_day(day: date, *, published: bool = True, refresh: bool = False) -> None:
        backends = backends_on(day, fake, tmp_path)
        backends.extract(refresh=refresh)
        transform_day(backends, backends.raw.open_day(day))
        if published:
            publish_day(backends, day)

    return run_day


@pytest.fixture
def readings(last: FakeBackends) -> Open:
    return lambda: Readings(last, ID)


def backends_on(day: date, fake: FakeSpotify, folder: Path) -> FakeBackends:
    return FakeBackends(fake, folder / "data", day, SPOTIFY_PIPELINE_PLAYLISTS=f"{ID},{OTHER}")


def document(folder: Path, day: date) -> Path:
    return folder / "data" / "raw" / "playlists" / f"snapshot_date={day}" / f"{ID}.json.gz"


def said(call: Callable[[], object]) -> str:
    with pytest.raises(PipelineError) as caught:
        call()
    return str(caught.value)


def test_a_day_that_was_read_is_shown_and_nothing_is_to_be_said(run: Run, fake: FakeSpotify, readings: Open) -> None:
    run(DAYS[0])
    grow(fake)
    run(DAYS[1])
    versions = [readings().on(day) for day in DAYS[:2]]
    assert [len(version.items) for version in versions] == [3, 4]
    assert [(version.snapshot_date, version.is_certain, version.note) for version in versions] == [
        (DAYS[0], True, None),
        (DAYS[1], True, None),
    ]


def test_without_a_run_the_reading_before_is_shown_and_not_taken_for_certain(
    run: Run, fake: FakeSpotify, readings: Open
) -> None:
    run(DAYS[0])
    grow(fake)
    run(DAYS[3])
    version = readings().on(DAYS[2])
    assert (version.snapshot_date, len(version.items), version.is_certain) == (DAYS[0], 3, False)
    assert version.note == f"{NAME} was not read on 2026-01-04 (there was no run), so this is how it was on 2026-01-02."


def test_where_the_snapshot_id_is_still_the_same_later_nothing_had_changed(run: Run, readings: Open) -> None:
    run(DAYS[0])
    run(DAYS[3])
    version = readings().on(DAYS[2])
    assert (version.snapshot_date, version.is_certain) == (DAYS[0], True)
    assert version.note == (
        f"{NAME} was not read on 2026-01-04 (there was no run), but Spotify's snapshot_id of 2026-01-05 is still that "
        "of 2026-01-02: nothing had changed since then."
    )


def test_a_day_that_is_not_shown_is_known_from_a_later_one_with_its_snapshot_id(
    run: Run, fake: FakeSpotify, readings: Open
) -> None:
    run(DAYS[0])
    grow(fake)
    run(DAYS[1], published=False)
    run(DAYS[2])
    version = readings().on(DAYS[1])
    assert (len(version.items), version.snapshot_date, version.is_certain) == (4, DAYS[2], True)
    assert "(that day is not published), but" in (version.note or "")


@pytest.mark.parametrize(
    ("hinder", "why"),
    [
        (fail, "failed: "),
        (restrict, "restricted: "),
        (lambda fake: fake.on(ID, lambda _: error(404, "x")), "not_found"),
    ],
)
def test_a_day_on_which_it_could_not_be_read_says_why(
    hinder: Callable[[FakeSpotify], None], why: str, run: Run, fake: FakeSpotify, readings: Open
) -> None:
    run(DAYS[0])
    grow(fake)
    hinder(fake)
    run(DAYS[1])
    note = readings().on(DAYS[1]).note or ""
    assert note.startswith(f"{NAME} was not read on 2026-01-03 ({why}")
    assert note.endswith("), so this is how it was on 2026-01-02.")


@pytest.mark.parametrize("transformed", [True, False])
def test_a_day_that_was_read_anew_and_is_not_published_again_is_not_shown(
    transformed: bool, run: Run, fake: FakeSpotify, readings: Open, tmp_path: Path
) -> None:
    run(DAYS[0])
    run(DAYS[1])
    grow(fake, -2)
    if transformed:
        run(DAYS[1], published=False, refresh=True)
    else:
        backends_on(DAYS[1], fake, tmp_path).extract(refresh=True)
    version = readings().on(DAYS[1])
    assert (version.snapshot_date, len(version.items)) == (DAYS[0], 3)
    assert "(the raw document of that day is not the one that SQL shows" in (version.note or "")


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(gzip.compress(b"no playlist"))])
def test_a_day_whose_document_is_gone_is_passed_over_and_said_to_be(
    spoil: Callable[[Path], object], run: Run, fake: FakeSpotify, readings: Open, tmp_path: Path
) -> None:
    run(DAYS[0])
    grow(fake)
    run(DAYS[1])
    spoil(document(tmp_path, DAYS[1]))
    version = readings().on(DAYS[1])
    assert (version.snapshot_date, version.is_certain) == (DAYS[0], False)
    assert "or cannot be read any more)" in (version.note or "")
    spoil(document(tmp_path, DAYS[0]))
    assert said(lambda: readings().on(DAYS[1])).startswith("None of the raw documents ")


def test_a_playlist_that_was_not_asked_for_that_day_is_said_not_to_have_been(
    run: Run, fake: FakeSpotify, readings: Open, tmp_path: Path
) -> None:
    run(DAYS[0])
    backends = FakeBackends(fake, tmp_path / "data", DAYS[1], SPOTIFY_PIPELINE_PLAYLISTS=OTHER)
    backends.extract()
    transform_day(backends, backends.raw.open_day(DAYS[1]))
    publish_day(backends, DAYS[1])
    assert "(it was not asked for)" in (readings().on(DAYS[1]).note or "")


def test_before_the_first_reading_and_after_today_nothing_is_known(
    run: Run, readings: Open, last: FakeBackends
) -> None:
    run(DAYS[1])
    assert said(lambda: readings().on(DAYS[0])) == (
        f"{NAME} was first read on 2026-01-03: how it was on 2026-01-02 is not known."
    )
    assert said(lambda: readings().on(DAYS[-1] + timedelta(days=1))) == "2026-01-08 is still to come."
    unknown = playlist_id(9)
    assert said(lambda: Readings(last, unknown)).startswith(f"The playlist {unknown} has no history here")


def test_a_playlist_that_was_never_read_says_why(run: Run, fake: FakeSpotify, readings: Open) -> None:
    restrict(fake)
    run(DAYS[0])
    assert said(readings).startswith(f"The playlist {ID} was never read: restricted: ")


def test_a_playlist_is_found_by_its_newest_name_its_id_or_its_link(run: Run, last: FakeBackends) -> None:
    run(DAYS[0])
    for text in (ID, f"spotify:playlist:{ID}", f"https://open.spotify.com/playlist/{ID}?si=1", NAME, NAME.upper()):
        assert find_playlist(last.engine, text) == ID


def test_an_unknown_name_shows_those_that_there_are(run: Run, last: FakeBackends) -> None:
    run(DAYS[0])
    names = f"'Playlist {ID}', 'Playlist {OTHER}'"
    assert said(lambda: find_playlist(last.engine, "list")) == f"No playlist is called 'list'; known: {names}."
    assert said(lambda: find_playlist(last.engine, "zzz")) == f"No playlist is called 'zzz'; known: {names}."


def test_a_name_that_several_have_shows_their_ids(run: Run, fake: FakeSpotify, last: FakeBackends) -> None:
    twin = dict(fake.playlists[1].document()) | {"name": NAME}
    fake.on(f"playlists/{OTHER}", lambda _: found(twin))
    run(DAYS[0])
    assert said(lambda: find_playlist(last.engine, NAME)) == (
        f"'{NAME}' is the name of 2 playlists, give an id: {ID}, {OTHER}."
    )


def test_without_days_the_two_newest_readings_are_compared(run: Run, fake: FakeSpotify, readings: Open) -> None:
    for day in (DAYS[0], DAYS[1], DAYS[4]):
        run(day)
        grow(fake)
    compared = compare(readings())
    assert (compared.before.snapshot_date, compared.after.snapshot_date) == (DAYS[1], DAYS[4])
    assert [change.event.event for change in compared.changes] == ["added"]
    since = compare(readings(), DAYS[0])
    assert (since.before.snapshot_date, since.after.snapshot_date, len(since.changes)) == (DAYS[0], DAYS[4], 2)
    assert len(compare(readings(), DAYS[0], DAYS[1]).changes) == 1


def test_what_lies_between_two_days_without_a_reading_is_not_called_unchanged(
    run: Run, fake: FakeSpotify, readings: Open
) -> None:
    run(DAYS[0])
    grow(fake)
    run(DAYS[3])
    assert said(lambda: compare(readings(), DAYS[0], DAYS[2])) == (
        f"The newest reading of {NAME} up to 2026-01-04 is that of 2026-01-02: "
        "what has happened since then is not known."
    )
    assert "up to 2026-01-06 is that of 2026-01-05" in said(lambda: compare(readings(), DAYS[4]))
    assert "up to 2026-01-05 is that of 2026-01-05" in said(lambda: compare(readings(), DAYS[3]))


def test_between_two_days_that_a_later_snapshot_id_proves_equal_nothing_has_changed(run: Run, readings: Open) -> None:
    run(DAYS[0])
    run(DAYS[3])
    compared = compare(readings(), DAYS[1], DAYS[2])
    assert compared.changes == []
    assert (compared.before.snapshot_date, compared.after.snapshot_date) == (DAYS[0], DAYS[0])


def test_a_single_reading_has_nothing_to_be_compared_with(run: Run, readings: Open) -> None:
    run(DAYS[0])
    assert "there is no reading before 2026-01-02" in said(lambda: compare(readings()))


def test_a_quiet_day_reads_no_document_for_its_digest(
    run: Run, fake: FakeSpotify, last: FakeBackends, tmp_path: Path
) -> None:
    run(DAYS[0])
    run(DAYS[1])
    for path in (tmp_path / "data" / "raw").rglob("*.json.gz"):
        path.unlink()
    events = last.tables.read("playlist_events", DAYS[1])
    assert digest_day(last, DAYS[1], events) == "Nothing has changed: 2 playlists as before."


def test_of_very_many_changed_playlists_those_with_most_changes_are_read_and_shown(last: FakeBackends) -> None:
    ids = [playlist_id(number) for number in range(40)]
    rows = [Coverage(id_, Status.OBSERVED, observed_date=DAYS[1]) for id_ in ids]
    last.raw.commit(Manifest(DAYS[1], rows))
    known = {"event": "removed", "item_key": "spotify:track:a", "previous_position": 0}
    known |= {"previous_snapshot_date": DAYS[0], "gap_days": 1}
    events = pl.DataFrame(
        [
            known | {"playlist_id": id_, "event_number": number}
            for id_ in ids
            for number in range(2 if id_ == ID else 1)
        ],
        schema=PLAYLIST_EVENTS.polars_schema(),
    )
    digest = digest_day(last, DAYS[1], events)
    first, *others = re.findall(r"^### \[(\d+)\]", digest, re.MULTILINE)
    assert (first, len(others)) == (ID, 29)
    assert digest.startswith("40 playlists changed.")
    assert digest.endswith("And 10 playlists more.")


def test_the_digest_tells_what_was_compared_what_is_new_and_what_could_not_be_read(
    run: Run, fake: FakeSpotify, last: FakeBackends, tmp_path: Path
) -> None:
    def digest(day: date) -> str:
        return digest_day(last, day, last.tables.read("playlist_events", day))

    run(DAYS[0])
    assert digest(DAYS[0]) == "Nothing could be compared; 2 read for the first time."
    grow(fake)
    fail(fake)
    run(DAYS[1])
    assert digest(DAYS[1]) == "Nothing has changed: 1 playlist as before; nothing is known of those not read: 1 failed."
    fake.as_usual()
    grow(fake, -2)
    run(DAYS[3])
    assert digest(DAYS[3]) == (
        "1 playlist changed; 1 did not.\n\n"
        f"### [{NAME}](https://open.spotify.com/playlist/{ID}), since 2026-01-02, 3 days before\n\n"
        "- \N{MINUS SIGN} removed *Song 2*"
    )
    document(tmp_path, DAYS[0]).unlink()
    assert digest(DAYS[3]).endswith(f"- \N{MINUS SIGN} removed spotify:track:{playlist_id(2)}")
