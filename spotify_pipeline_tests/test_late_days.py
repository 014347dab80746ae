"""Days that come late: exactly the days that depend on them are made again, and the order makes no difference."""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.catalog.publication import Catalog, Partitions, Publication
from spotify_pipeline.errors import DataError
from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.query.engine import Engine
from spotify_pipeline.settings import load_settings
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Status
from spotify_pipeline.steps.due import make_due_days, making_tables
from spotify_pipeline.steps.publish import accept_losses, publish_day
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline.storage.due import Due
from spotify_pipeline.storage.objects import SharedStore
from spotify_pipeline.storage.stage import Stage
from spotify_pipeline_tests.storage.crashes import Crash, CrashingSharedStore
from spotify_pipeline_tests.storage.memory import MemoryStore
from spotify_pipeline_tests.tables.builders import entry, playlist, track

DAYS = [date(2026, 11, 1) + timedelta(days=number) for number in range(6)]
IDS = "pqr"


class FakeCatalog:
    """It shows what is published, to nobody."""

    location = "nowhere"

    def __init__(self, backends: "History") -> None:
        self._backends = backends

    def publish(self, _: Progress = SILENT) -> Publication:
        return Publication(self._backends.tables.published_days(), self.location)

    def partitions(self) -> Partitions:
        raise NotImplementedError

    def differences(self) -> Iterable[str]:
        raise NotImplementedError


class Read(NamedTuple):
    """What a playlist held on a day, and the day on which it was read.

    Attributes:
        tracks: the names of its tracks, a letter each.
        day: an earlier one where it has not changed since.
        missing: how many tracks Spotify says that there are, but does not send: that holds the day back.
        hour: the hour at which it was read.
    """

    tracks: str
    day: date
    missing: int = 0
    hour: int = 6


Contents = dict[str, Read | Status]
"""What came of each playlist that was asked for."""


class History(Warehouse):
    """Days in memory, as they are made of raw documents that somebody has brought."""

    def __init__(self, raw: SharedStore | None = None, tables: SharedStore | None = None) -> None:
        super().__init__(load_settings(SPOTIFY_PIPELINE_MAX_LOSS="1"))
        self.raw_objects = raw or MemoryStore()
        self.table_objects = tables or MemoryStore()

    @property
    def catalog(self) -> Catalog:
        return FakeCatalog(self)  # type: ignore[return-value]  # nobody asks for differences

    @property
    def engine(self) -> Engine:
        raise NotImplementedError

    def bring(self, day: date, contents: Contents) -> None:
        """Put the raw documents of a day into the store."""
        rows = []
        self.raw.begin(day)
        for playlist_id, read in contents.items():
            if isinstance(read, Status):
                rows.append(Coverage(playlist_id, read, "no answer"))
                continue
            total = len(read.tracks) + read.missing
            fetched_at = datetime(read.day.year, read.day.month, read.day.day, read.hour, tzinfo=UTC)
            status = Status.OBSERVED if read.day == day else Status.UNCHANGED
            row = Coverage(playlist_id, status, None, read.day, total, len(read.tracks), fetched_at=fetched_at)
            document = playlist(playlist_id, [entry(track(name)) for name in read.tracks])
            self.raw.stage_document(day, row, json.dumps(document).encode())
            rows.append(row)
        self.raw.commit(Manifest(day, rows))

    def make(self, day: date) -> None:
        """Transform and publish a day.

        Raises:
            DataError: it is held back.
        """
        with making_tables(self, day):
            transform_day(self, self.raw.open_day(day))
        publish_day(self, day)

    def make_due_days(self) -> list[tuple[date, tuple[date, ...]]]:
        """Make again what is due; gives the days, each with those since which it was due."""
        made = []

        def make(due: Due) -> None:
            made.append((due.day, due.since))
            self.make(due.day)

        make_due_days(self, make, tell=lambda _: None)
        return made

    def add(self, day: date, contents: Contents) -> list[date]:
        """Bring and make a day, and what is then due; gives the days that were."""
        self.bring(day, contents)
        with suppress(DataError):
            self.make(day)
        return [again for again, _ in self.make_due_days()]

    def events(self, day: date) -> list[tuple[str, str, date]]:
        """What has happened to the tracks of each playlist, and since when."""
        rows = self.tables.read_published("playlist_events", day)
        chosen = rows.select("playlist_id", "event", "track_id", "previous_snapshot_date").iter_rows()
        return [(playlist_id, f"{event} {track_id}", since) for playlist_id, event, track_id, since in chosen]

    def files(self) -> dict[str, bytes]:
        """All tables, published and held back."""
        objects = self.table_objects
        published = {key: objects.get(key) for key in objects.list("") if not key.startswith(("_state/", "_staged/"))}
        held_back = {day: self.tables.staged(day) for day in self.tables.staged_days()}
        return published | {
            f"{day}/{file.table}": objects.get(file.key)
            for day, stage in held_back.items()
            for file in (stage.files if stage else ())
        }


@pytest.fixture
def history() -> History:
    return History()


def of(day: date, **tracks: str) -> Contents:
    return {playlist_id: Read(names, day) for playlist_id, names in tracks.items()}


# Exactly the days that depend on it


def test_a_day_between_two_others_makes_the_next_one_due_and_no_other(history: History) -> None:
    for number in (0, 2, 3):
        assert history.add(DAYS[number], of(DAYS[number], p="abcd"[: number + 1])) == []
    assert history.events(DAYS[2]) == [("p", "added b", DAYS[0]), ("p", "added c", DAYS[0])]
    later = history.files()
    assert history.add(DAYS[1], of(DAYS[1], p="ab")) == [DAYS[2]]
    assert history.events(DAYS[1]) == [("p", "added b", DAYS[0])]
    assert history.events(DAYS[2]) == [("p", "added c", DAYS[1])]
    changed = {key for key, content in history.files().items() if later.get(key, content) != content}
    assert changed == {f"playlist_events/snapshot_date={DAYS[2]}/part-0.parquet"}


def test_for_each_playlist_it_is_the_next_day_on_which_it_was_read(history: History) -> None:
    history.add(DAYS[2], of(DAYS[2], p="a") | {"q": Status.FAILED})
    history.add(DAYS[3], of(DAYS[3], p="ab") | {"q": Status.NOT_FOUND})
    history.add(DAYS[4], of(DAYS[4], p="abc", q="x"))
    history.add(DAYS[5], of(DAYS[5], p="abcd", q="xy"))
    assert history.add(DAYS[1], of(DAYS[1], p="", q="", r="z")) == [DAYS[2], DAYS[4]]
    assert history.events(DAYS[2]) == [("p", "added a", DAYS[1])]
    assert history.events(DAYS[4]) == [("p", "added c", DAYS[3]), ("q", "added x", DAYS[1])]


def test_a_day_that_nobody_has_rows_after_makes_nothing_due(history: History) -> None:
    history.add(DAYS[1], of(DAYS[1], p="a"))
    assert history.add(DAYS[2], of(DAYS[2], p="ab")) == []
    assert history.add(DAYS[0], of(DAYS[0], q="x")) == []


def test_a_day_made_again_of_the_same_documents_makes_nothing_due(history: History) -> None:
    for day in DAYS:
        history.add(day, of(day, p=str(day)[-1]))
    before = dict(history.table_objects.objects)  # type: ignore[attr-defined]  # in memory
    for day in DAYS[1:5]:
        history.make(day)
        assert history.due.load() == {}
    assert history.table_objects.objects == before  # type: ignore[attr-defined]  # as above


def test_a_playlist_that_loses_its_rows_counts(history: History) -> None:
    for number in range(3):
        history.add(DAYS[number], of(DAYS[number], p="abc"[: number + 1], q="x"))
    history.raw_objects.put(f"playlists/snapshot_date={DAYS[1]}/p.json.gz", b"damaged")
    history.make(DAYS[1])
    assert history.make_due_days() == [(DAYS[2], (DAYS[1],))]
    assert history.events(DAYS[2]) == [("p", "added b", DAYS[0]), ("p", "added c", DAYS[0])]


def test_a_day_that_was_held_back_and_is_accepted_later_counts(history: History) -> None:
    history.add(DAYS[0], of(DAYS[0], p="a", q="x"))
    history.add(DAYS[1], of(DAYS[1], p="ab") | {"q": Read("", DAYS[1], missing=9)})
    history.add(DAYS[2], of(DAYS[2], p="ab", q="x"))
    assert history.events(DAYS[2]) == [("p", "added b", DAYS[0])]
    accept_losses(history.raw, DAYS[1], ["q"])
    publish_day(history, DAYS[1])
    assert history.make_due_days() == [(DAYS[2], (DAYS[1],))]
    assert history.events(DAYS[2]) == [("q", "added x", DAYS[1])]


def test_what_is_held_back_on_a_later_day_is_made_again_too_and_not_passed_over(history: History) -> None:
    empty = Read("", DAYS[2], missing=9)
    history.add(DAYS[0], of(DAYS[0], p="a"))
    history.add(DAYS[2], of(DAYS[2], p="abc") | {"q": empty})
    history.add(DAYS[3], of(DAYS[3], p="abc"))
    assert history.add(DAYS[1], of(DAYS[1], p="ab")) == [DAYS[2], DAYS[3]]
    assert history.due.load() == {}  # though it is held back again
    accept_losses(history.raw, DAYS[2], ["q"])
    publish_day(history, DAYS[2])
    assert history.events(DAYS[2]) == [("p", "added c", DAYS[1])]


def test_a_day_that_is_read_again_and_held_back_is_no_longer_compared_with(history: History) -> None:
    history.add(DAYS[0], of(DAYS[0], p="a"))
    history.add(DAYS[1], of(DAYS[1], p="ab"))
    history.add(DAYS[1], {"p": Read("abx", DAYS[1], hour=7), "q": Read("", DAYS[1], missing=9)})
    history.add(DAYS[2], of(DAYS[2], p="abc"))
    assert history.events(DAYS[2]) == [("p", "added b", DAYS[0]), ("p", "added c", DAYS[0])]


def test_a_later_day_without_raw_documents_is_left_as_it_is(history: History) -> None:
    history.add(DAYS[0], of(DAYS[0], p="a"))
    history.add(DAYS[2], of(DAYS[2], p="abc"))
    for key in history.raw_objects.list(f"playlists/snapshot_date={DAYS[2]}/"):
        history.raw_objects.delete(key)
    assert history.add(DAYS[1], of(DAYS[1], p="ab")) == []


def test_a_history_that_an_earlier_version_has_begun_is_gone_on_with(history: History) -> None:
    for number in (0, 2, 3):
        history.add(DAYS[number], of(DAYS[number], p="abcd"[: number + 1]))
    for key in history.table_objects.list("_state/"):
        history.table_objects.delete(key)
    assert history.add(DAYS[1], of(DAYS[1], p="ab")) == [DAYS[2]]
    history.make(DAYS[3])
    assert history.events(DAYS[3]) == [("p", "added d", DAYS[2])]


class Counted(MemoryStore):
    """Counts what is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def get(self, key: str) -> bytes:
        self.asked.append(key)
        return super().get(key)

    def list(self, prefix: str) -> list[str]:
        self.asked.append(prefix)
        return super().list(prefix)


def test_a_day_costs_no_more_the_more_days_are_before_it_be_its_playlists_new_or_old() -> None:
    history = History(raw := Counted(), tables := Counted())
    asked = []
    for number in range(12):
        day = DAYS[0] + timedelta(days=number)
        history.add(day, of(day, p="ab"[number % 2], **{f"new{number}": "x"}))
        asked.append(len(raw.asked) + len(tables.asked))
        raw.asked, tables.asked = [], []
    assert asked[1] > asked[0]  # there is a day before it
    assert set(asked[2:]) == {asked[1]}
    again = []
    for number in (3, 9):
        history.make(DAYS[0] + timedelta(days=number))
        again.append(len(raw.asked) + len(tables.asked))
        raw.asked, tables.asked = [], []
    assert again[0] == again[1]


def test_a_day_that_becomes_due_again_while_it_is_made_again_is_made_once_more(history: History) -> None:
    history.add(DAYS[0], of(DAYS[0], p="a"))
    history.add(DAYS[3], of(DAYS[3], p="abc"))
    history.bring(DAYS[1], of(DAYS[1], p=""))
    history.make(DAYS[1])
    history.bring(DAYS[2], of(DAYS[2], p="ab"))
    with making_tables(history, DAYS[3]):
        transform_day(history, history.raw.open_day(DAYS[3]))
        history.make(DAYS[2])
    publish_day(history, DAYS[3])
    assert history.make_due_days() == [(DAYS[3], (DAYS[1], DAYS[2]))]
    assert history.events(DAYS[3]) == [("p", "added c", DAYS[2])]


def test_a_day_that_another_process_makes_again_before_the_late_one_is_shown_is_made_once_more(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.add(DAYS[0], of(DAYS[0], p="a"))
    history.add(DAYS[2], of(DAYS[2], p="abc"))
    history.bring(DAYS[1], of(DAYS[1], p="ab"))
    other, publish = History(history.raw_objects, history.table_objects), history.tables.publish

    def publish_slowly(day: date, audited: Stage) -> None:
        if day == DAYS[1]:
            assert other.make_due_days() == [(DAYS[2], (DAYS[1],))]
        publish(day, audited)

    monkeypatch.setattr(history.tables, "publish", publish_slowly)
    history.make(DAYS[1])
    assert history.make_due_days() == [(DAYS[2], (DAYS[1],))]
    assert history.events(DAYS[2]) == [("p", "added c", DAYS[1])]


def test_what_was_staged_before_a_day_became_due_does_not_count(history: History) -> None:
    history.add(DAYS[0], of(DAYS[0], p="a"))
    history.add(DAYS[2], of(DAYS[2], p="abc") | {"q": Read("", DAYS[2], missing=9)})  # held back
    history.bring(DAYS[1], of(DAYS[1], p="ab"))
    history.make(DAYS[1])
    accept_losses(history.raw, DAYS[2], ["q"])
    publish_day(history, DAYS[2])
    assert history.make_due_days() == [(DAYS[2], (DAYS[1],))]


# In whatever order


@st.composite
def histories(draw: st.DrawFn) -> list[Contents]:
    """What came of three playlists on each day, be it nothing; the last one is sometimes held back."""
    days: list[Contents] = []
    read: dict[str, Read] = {}
    for number, day in enumerate(DAYS):
        contents: Contents = {}
        for playlist_id in IDS:
            what = draw(st.sampled_from(["observed", "observed", "unchanged", "failed", "not asked for"]))
            if what == "unchanged" and playlist_id in read:
                contents[playlist_id] = read[playlist_id]
            elif what in {"observed", "unchanged"}:
                missing = 10 + number if playlist_id == "r" and draw(st.booleans()) else 0
                new = Read("" if missing else draw(st.text("abc", max_size=3)), day, missing)
                contents[playlist_id] = new
                if not missing:
                    read[playlist_id] = new
            elif what == "failed":
                contents[playlist_id] = Status.FAILED
        days.append(contents)
    return days


def holds_back(contents: Contents) -> bool:
    return any(isinstance(read, Read) and read.missing for read in contents.values())


def in_order(days: Sequence[Contents], accepted: set[date]) -> dict[str, bytes]:
    history = History()
    for day, contents in zip(DAYS, days, strict=False):
        history.bring(day, contents)
        if day in accepted:
            accept_losses(history.raw, day, ["r"])
        with suppress(DataError):
            history.make(day)
        assert history.due.load() == {}
    return history.files()


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_in_whatever_order_days_come_and_are_accepted_the_tables_are_those_of_a_history_made_in_order(
    data: st.DataObject,
) -> None:
    days = data.draw(histories())
    accepted = {
        day for day, contents in zip(DAYS, days, strict=True) if holds_back(contents) and data.draw(st.booleans())
    }
    history, accepted_late = History(), list[date]()
    for step in data.draw(st.permutations([*range(len(DAYS)), *sorted(accepted)])):
        if isinstance(step, int):
            history.bring(DAYS[step], days[step])
            with suppress(DataError):
                history.make(DAYS[step])
        elif history.raw.find_day(step):
            accept_losses(history.raw, step, ["r"])
            publish_day(history, step)
            accepted_late.append(step)
        if data.draw(st.booleans()):
            history.make_due_days()
    for day in accepted.difference(accepted_late):
        accept_losses(history.raw, day, ["r"])
        publish_day(history, day)
    history.make_due_days()
    assert history.due.load() == {}
    assert history.files() == in_order(days, accepted)


# Killed at any moment


def test_whoever_is_killed_while_a_late_day_is_made_forgets_no_day_that_depends_on_it() -> None:
    days = [of(day, p="abc"[:number], q="x") for number, day in enumerate(DAYS[:4])]
    prepared = History()
    for number in (0, 2, 3):
        prepared.add(DAYS[number], days[number])
    prepared.bring(DAYS[1], days[1])
    expected = in_order(days, set())
    for changes in count(step=2):
        history = History(copied(prepared.raw_objects), copied(prepared.table_objects))
        crashing = History(history.raw_objects, CrashingSharedStore(history.table_objects, changes))
        try:
            crashing.make(DAYS[1])
            crashing.make_due_days()
        except Crash:
            if DAYS[1] not in history.tables.published_days():
                history.make(DAYS[1])
            history.make_due_days()
            assert history.files() == expected
            assert history.due.load() == {}
        else:
            break
    assert changes > 40


def copied(store: SharedStore) -> MemoryStore:
    copy = MemoryStore()
    for key in store.list(""):
        copy.put(key, store.get(key))
    return copy
