"""Forgetting: playlists and accounts vanish from whatever the pipeline keeps, as if they had never been asked for.

Raw documents go first, so that no transformation brings anything back; then tables, a day at a time, each of them
published as a whole once its audit has passed; then what was made of them. What is to be forgotten is noted before and
struck out at the very end: one that was killed is completed by the next one, whatever that is asked to forget.
"""

from collections.abc import Callable, Collection
from datetime import date
from typing import NamedTuple

import msgspec
import polars as pl
from msgspec import Struct

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.catalog.publication import published_files
from spotify_pipeline.errors import DataError
from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.steps.report import renew_report
from spotify_pipeline.steps.retention import remove_details
from spotify_pipeline.storage.erasure import RawErasure
from spotify_pipeline.storage.objects import FolderStore
from spotify_pipeline.storage.state import StoredState
from spotify_pipeline.tables.audit import AuditedDay, audit
from spotify_pipeline.tables.declarations import COVERAGE, PLAYLIST_EVENTS, PLAYLIST_ITEMS, PLAYLISTS, TABLES
from spotify_pipeline.tables.erasure import declared, erase, owned_by

_NAMING = tuple(table.name for table in (COVERAGE, PLAYLISTS, PLAYLIST_ITEMS, PLAYLIST_EVENTS))
"""The tables that name playlists or users; the others hold music."""


class _Noted(Struct, frozen=True):
    """What is to be forgotten, as it is noted until it is."""

    playlists: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()


class Trace(NamedTuple):
    """What there is of what is to be forgotten.

    Attributes:
        playlists: their names by id, the newest ones; those that an account owns or has owned included. Empty where no
            table tells.
        users: the ids of accounts.
        days: the published days that name any of them, oldest first.
        documents: how many files there are under the names of the playlists, raw documents and what was taken aside.
        goes_on: whether an earlier attempt was interrupted, which is completed with this one.
    """

    playlists: dict[str, str]
    users: frozenset[str]
    days: list[date]
    documents: int
    goes_on: bool

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing of it in documents and tables."""
        return not (self.days or self.documents or self.goes_on)


def trace(
    backends: Backends, playlists: Collection[str], users: Collection[str], *, progress: Progress = SILENT
) -> Trace:
    """What `forget` would take away now. Nothing is changed.

    Args:
        backends: where to look.
        playlists: ids.
        users: ids of accounts, whose playlists go with them.
        progress: is told of each day.

    Raises:
        DataError: a file is damaged; the message names it.
        StorageError: the stores cannot be read.
    """
    kept = _note(backends).load()
    noted = msgspec.json.decode(kept, type=_Noted) if kept else _Noted()
    accounts = noted.users | set(users)
    published = backends.tables.published_days()
    names = dict.fromkeys(sorted(noted.playlists | set(playlists)), "")
    if accounts:
        erasure = RawErasure(backends.raw, backends.raw_objects, (), accounts)
        names |= dict.fromkeys(erasure.owned_outside(published), "")
        for day in published:
            names |= owned_by(_read(backends, PLAYLISTS.name, day), accounts)
    days = []
    for number, day in enumerate(published, start=1):
        frames = {name: _read(backends, name, day) for name in _NAMING}
        if erase(frames, names, accounts):
            days.append(day)
            rows = frames[PLAYLISTS.name].filter(pl.col("playlist_id").is_in(list(names)))
            names |= dict(rows.select("playlist_id", "name").iter_rows())
        progress.count(number, len(published), f"{day} looked at")
    documents = RawErasure(backends.raw, backends.raw_objects, names, ()).keys()
    return Trace(names, accounts, days, len(documents), kept is not None)


def forget(
    backends: Backends, found: Trace, *, progress: Progress = SILENT, then: Callable[[], None] = lambda: None
) -> bool:
    """Take away what was found, and note it until it is. Nothing else may be running meanwhile.

    Args:
        backends: where it is.
        found: what `trace` has found.
        progress: is told of each document and each day.
        then: takes it out of whatever else knows of it, before it counts as forgotten.

    Returns:
        Whether there was a login of one of the accounts, which is gone too.

    Raises:
        DataError: a file is damaged, or a day does not pass its audit without what is to go; the message says which.
        StorageError: something cannot be read or written. What is left is forgotten when it is tried again.
    """
    tables = backends.tables
    _note(backends).save(msgspec.json.encode(_Noted(frozenset(found.playlists), found.users)))
    RawErasure(backends.raw, backends.raw_objects, found.playlists, found.users).run(progress)
    _clear_stages(backends, found)
    days = tables.published_days()
    for number, day in enumerate(days, start=1):
        _forget_on(backends, day, found)
        progress.count(number, len(days), f"{day} is without it")
    remove_details(backends, before=date.max, needed_from=date.min)
    if days:
        backends.catalog.publish(progress)
    backends.months.drop_before(date.max, published_files(tables))
    backends.spans.forget(found.playlists)
    had_login = [_log_out(backends, user) for user in found.users]
    for store in (backends.raw_objects, backends.table_objects, FolderStore(backends.settings.data_dir)):
        store.sweep()
    renew_report(backends)
    then()
    _note(backends).clear()
    return any(had_login)


def _note(backends: Backends) -> StoredState:
    return StoredState(backends.table_objects, "forgetting")


def _read(backends: Backends, table: str, day: date) -> pl.DataFrame:
    """The published rows of a table; none where an earlier version has made the day, which did not have the table."""
    if not backends.tables.has(table, day):
        return pl.DataFrame(schema=TABLES[table].polars_schema())
    return declared(table, backends.tables.read_published(table, day))


def _clear_stages(backends: Backends, found: Trace) -> None:
    """Drop stages that name what goes; days that were held back are made again. What was never committed goes too."""
    for day in backends.tables.days_with_stages():
        stage = backends.tables.staged(day)
        if stage and _differs(backends, day, found):
            _make_again(backends, day)
            stage = None
        backends.tables.drop_stages(day, keep=stage)
    for key in backends.table_objects.list("_spark"):  # what a Spark job has left that could not clear away
        backends.table_objects.delete(key)


def _differs(backends: Backends, day: date, found: Trace) -> bool:
    frames = {name: declared(name, backends.tables.read(name, day)) for name in _NAMING}
    return bool(erase(frames, found.playlists, found.users))


def _make_again(backends: Backends, day: date) -> None:
    """Let a day that was staged be made of its documents, which are without what goes by now."""
    if backends.raw.find_day(day):
        backends.due.add_changed([day])


def _forget_on(backends: Backends, day: date, found: Trace) -> None:
    """Put those tables of a day in place anew that change, at once; again, if others have published it meanwhile."""
    tables = backends.tables
    while changed := _changes(backends, day, found):
        if tables.staged(day):  # held back, and about to be replaced
            _make_again(backends, day)
            tables.drop_stages(day)
        with tables.stage(day) as writer:
            for name, frame in changed.items():
                writer.write(TABLES[name], frame)
        findings = audit(AuditedDay(table=lambda table: tables.read(table, day)))
        if failed := [str(finding) for finding in findings if not finding.passed]:
            tables.drop_stages(day)
            raise DataError(f"{day} does not pass its audit without what is to be forgotten: {' | '.join(failed)}")
        tables.publish(day, writer.stage)


def _changes(backends: Backends, day: date, found: Trace) -> dict[str, pl.DataFrame]:
    """The tables of a day that change, without what is to go."""
    frames = {name: _read(backends, name, day) for name in _NAMING}
    changed = erase(frames, found.playlists, found.users)
    if PLAYLIST_ITEMS.name in changed:
        frames |= {name: _read(backends, name, day) for name in TABLES.keys() - frames.keys()}
        changed = erase(frames, found.playlists, found.users)
    return changed


def _log_out(backends: Backends, user: str) -> bool:
    had_login = False
    for store in {id(store): store for store in (backends.logins, backends.tokens)}.values():
        with store.locked():
            had_login = store.forget(user) or had_login
    return had_login
