"""Retention: days older than a number of days are removed, in an order that never shows what is no longer there.

The horizon is moved first, so that no day before it is published any more; then the catalog stops showing these days;
then their tables go, then their raw documents. A removal that was killed is gone on with by the next one.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, NamedTuple

from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.catalog.publication import published_files
from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.spotify.details import ALBUMS, ARTISTS, Kind
from spotify_pipeline.steps.music import music_of
from spotify_pipeline.storage.horizon import Horizon
from spotify_pipeline.storage.objects import SharedStore, for_each
from spotify_pipeline.storage.old_days import drop_pending_before, raw_sizes_before
from spotify_pipeline.tables.partition import PARTITION_COLUMN

_DAY = f"/{PARTITION_COLUMN}="


class Removal(NamedTuple):
    """What is older than what is kept.

    Attributes:
        first_kept: the first day that is kept.
        days: of which there is anything before it, oldest first.
        published: how many of them SQL shows.
        files: how many files there are of these days, raw documents and tables together.
        bytes: of these files.
        goes_on: whether an earlier removal was interrupted.
    """

    first_kept: date
    days: list[date]
    published: int
    files: int
    bytes: int
    goes_on: bool

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to remove."""
        return not self.days and not self.goes_on


def plan_removal(backends: Warehouse, keep_days: int) -> Removal:
    """What `remove_days` would remove now: all days before `keep_days` days before today. Nothing is changed.

    Raises:
        StorageError: the stores cannot be read.
    """
    first = backends.settings.today() - timedelta(days=keep_days)
    sizes = [*backends.tables.sizes_before(first).items(), *raw_sizes_before(backends.raw_objects, first).items()]
    days = {date.fromisoformat(key.partition(_DAY)[2].partition("/")[0]) for key, _ in sizes}
    shown = sum(day < first for day in backends.tables.published_days())
    size = sum(size for _, size in sizes)
    return Removal(first, sorted(days), shown, len(sizes), size, not backends.tables.horizon.load().is_clear)


def remove_days(
    backends: Warehouse,
    removal: Removal,
    *,
    progress: Progress = SILENT,
    then: Callable[[], None] = lambda: None,
) -> None:
    """Remove what was planned, and what has come of the same days since. Days that were kept out so far may come back.

    Details of artists and albums that were read before the first day that is kept go too, but for those that a kept day
    needs.

    Args:
        backends: where to remove.
        removal: what; where that is nothing, later days than before are let in all the same.
        progress: is told of each file.
        then: does what is to be done before the removal counts as whole.

    Raises:
        StorageError: something cannot be removed: what is not yet removed is no longer shown, and goes the next time.
        DataError: a file that tells what is needed is damaged.
    """
    tables, first = backends.tables, removal.first_kept
    if removal.is_empty:
        tables.horizon.save(Horizon(first))
        return
    tables.horizon.save(Horizon(first, is_clear=False))
    backends.catalog.withdraw()
    progress.tell(f"the catalog shows no day before {first} any more")
    backends.months.drop_before(first, published_files(tables))
    _remove(backends.table_objects, list(tables.sizes_before(first)), progress, "files of tables")
    remove_details(backends, before=first, needed_from=first)
    drop_pending_before(backends.raw, first)
    _remove(backends.raw_objects, list(raw_sizes_before(backends.raw_objects, first)), progress, "raw documents")
    backends.due.drop_before(first)
    backends.spans.narrow(first)
    backends.catalog.withdraw()  # once more: who was publishing when this began did not know of it
    then()
    tables.horizon.save(Horizon(first))


def hide_days(backends: Warehouse, keep_days: int) -> date:
    """Let the catalog show no day that is older than what is kept; somebody else, such as S3, removes the files.

    Returns:
        The first day that is kept.

    Raises:
        StorageError: the catalog or the horizon cannot be written.
    """
    first = backends.settings.today() - timedelta(days=keep_days)
    if first > backends.tables.horizon.load().first:
        backends.tables.horizon.save(Horizon(first, is_clear=False))
        backends.catalog.withdraw()
    return first


def _remove(objects: SharedStore, keys: list[str], progress: Progress, what: str) -> None:
    for_each(objects, progress.each(keys, what), objects.delete)


def remove_details(backends: Warehouse, *, before: date, needed_from: date) -> None:
    """Remove details of artists and albums that were read before a day, but for what days from another one on need.

    Raises:
        DataError: a file is damaged; the message names it.
        StorageError: something cannot be read or written.
    """
    store = backends.raw.details
    kinds: tuple[tuple[Kind[Any], str], ...] = ((ARTISTS, "artist_id"), (ALBUMS, "album_id"))
    for kind, column in kinds:
        if store.are_older_than(kind, before):
            store.remove(kind, before, _needed(backends, needed_from, kind, column))


def _needed(backends: Warehouse, first: date, kind: Kind[Any], column: str) -> set[str]:
    """The ids on all days from a day on: as their tables have them, or their documents where there are no tables."""
    published = [day for day in backends.tables.published_days() if day >= first]
    needed = {spotify_id for day in published for spotify_id in backends.tables.read_published(kind.name, day)[column]}
    for day in backends.raw.days():
        if day >= first and day not in published:
            needed |= music_of(backends.raw.open_day(day))[kind]
    return needed
