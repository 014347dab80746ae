"""Days whose tables have to be made again because an earlier day is published late, differently, or for the first time.

The events of a day lead from the newest earlier reading that SQL shows. So whatever changes a playlist's reading on a
day makes the next day due on which the playlist has rows, and no other one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.errors import DataError, PipelineError
from spotify_pipeline.steps.readings import ShownReadings, readings_in
from spotify_pipeline.storage.due import Due
from spotify_pipeline.storage.raw import RawStore
from spotify_pipeline.tables.declarations import COVERAGE


@contextmanager
def publication(backends: Warehouse, day: date) -> Iterator[None]:
    """Publish a day's staged tables, and make those days due that depend on what this changes.

    They are due before it can be seen, so that a crash forgets none; and once more when it can be, as somebody may have
    made them again in between, without seeing it.

    Raises:
        DataError: a file is damaged; the message names it.
        StorageError: it cannot be noted.
    """
    depending = _depending(backends, day)
    backends.due.add(depending, since=day)
    yield
    backends.due.add(depending, since=day)


def _depending(backends: Warehouse, day: date) -> list[date]:
    """The days whose events will be others when a day's staged tables are published."""
    tables, readings = backends.tables, ShownReadings(backends)
    before, after = readings.of(day), readings_in(tables.read(COVERAGE.name, day), day)
    readings.expect(day, after)
    changed = {playlist_id for playlist_id in before | after if before.get(playlist_id) != after.get(playlist_id)}
    first_after = {found: reading.day for found, reading in readings.first_after(day, changed).items()}
    due = set(first_after.values())
    # What is held back on a later day is not passed over: its events are wrong as well, should it be accepted.
    for held_back in (other for other in tables.staged_days() if other > day):
        having = readings_in(tables.read(COVERAGE.name, held_back), held_back).keys() & changed
        if any(held_back <= first_after.get(playlist_id, date.max) for playlist_id in having):
            due.add(held_back)
    return [other for other in due if _has_documents(backends.raw, other)]


def _has_documents(raw: RawStore, day: date) -> bool:
    """Whether a day can be made again; what is damaged is for whoever does it to tell."""
    try:
        return raw.find_day(day) is not None
    except DataError:
        return True


@contextmanager
def making_tables(backends: Warehouse, day: date) -> Iterator[None]:
    """Make and stage all tables of a day: they take into account what had made it due when this began.

    Raises:
        StorageError: that cannot be noted.
    """
    due = backends.due.load().get(day)
    yield
    if due:
        backends.due.note_made(due)


def make_due_days(
    backends: Warehouse,
    make: Callable[[Due], None],
    *,
    tell: Callable[[str], None],
    has_time: Callable[[], bool] = lambda: True,
) -> list[str]:
    """Make again what is due, the oldest day first, and what becomes so meanwhile.

    Args:
        backends: where the days are.
        make: transforms and publishes one of them; where it fails, the others are made all the same.
        tell: hears of each that was made.
        has_time: whether there is time for one more; what there is none for stays due.

    Returns:
        A sentence for each day that could not be made again.

    Raises:
        StorageError: it cannot be read what is due.
    """
    failures = []
    for due in _due_days(backends):
        if not has_time():
            break
        try:
            make(due)
        except PipelineError as error:
            failures.append(f"{due.day} depends on {due.reason}, but could not be made again: {error}")
        else:
            tell(f"{due.day} was made again, because it depends on {due.reason}")
    return failures


def _due_days(backends: Warehouse) -> Iterator[Due]:
    """Each time that a day is due, once."""
    given: set[str] = set()
    while due := next((due for due in backends.due.load().values() if due.mark not in given), None):
        given.add(due.mark)
        yield due
