"""The digest of a day, from its events and the raw documents of the playlists that it shows; and telling of it.

Documents are read of changed playlists only, and of no more than are shown: a quiet day costs one look at its manifest.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from datetime import date

import polars as pl

from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.errors import DataError
from spotify_pipeline.history.digest import MARKDOWN, MOST_PLAYLISTS, PLAIN, ChangedPlaylist, Counts, Markup, digest
from spotify_pipeline.history.items import items_of
from spotify_pipeline.history.versions import with_items
from spotify_pipeline.notifications.outbox import never_failing, outboxes
from spotify_pipeline.spotify.documents import Playlist
from spotify_pipeline.spotify.manifest import Manifest
from spotify_pipeline.steps.publish import published_before
from spotify_pipeline.storage.raw import RawStore
from spotify_pipeline.tables.declarations import PLAYLIST_EVENTS
from spotify_pipeline.tables.events import Event
from spotify_pipeline.tables.transform import decode_playlist

_FIELDS = [field.name for field in fields(Event)]


def digest_day(backends: Warehouse, day: date, events: pl.DataFrame, markup: Markup = MARKDOWN) -> str:
    """What has happened on a day.

    Args:
        backends: where the raw documents are.
        day: a day with raw data.
        events: its rows of `playlist_events`.
        markup: how the text is written.

    Raises:
        DataError: there is no manifest of the day, or it is damaged.
    """
    by_playlist = events.partition_by("playlist_id", maintain_order=True)
    by_playlist.sort(key=lambda rows: rows.height, reverse=True)
    shown = [_changed(backends.raw, day, rows) for rows in by_playlist[:MOST_PLAYLISTS]]
    changed = set(events["playlist_id"])
    return digest(day, _counts(backends, backends.raw.open_day(day).manifest, changed), shown, markup)


def tell_digest(backends: Warehouse, day: date, warn: Callable[[str], object]) -> None:
    """Send the digest of the newest published day wherever the settings say, once as long as it says the same.

    Args:
        backends: where the day is.
        day: a published day; of one before the newest, made again, nobody is told.
        warn: takes a sentence about what could not be sent.
    """
    if backends.is_invented:
        return
    for outbox in outboxes(backends.settings, backends.table_objects, backends.clock):
        with never_failing(f"The digest of {day}", warn):
            if day == backends.tables.published_days()[-1]:
                events = backends.tables.read_published(PLAYLIST_EVENTS.name, day)
                outbox.digest(day, digest_day(backends, day, events, PLAIN))


def _changed(raw: RawStore, day: date, rows: pl.DataFrame) -> ChangedPlaylist:
    playlist_id, since = rows["playlist_id"][0], rows["previous_snapshot_date"][0]
    before, after = _document(raw, since, playlist_id), _document(raw, day, playlist_id)
    events = [Event(*row) for row in rows.select(_FIELDS).iter_rows()]
    changes = with_items(events, items_of(before) if before else [], items_of(after) if after else [])
    return ChangedPlaylist(playlist_id, (after and after.name) or playlist_id, since, changes)


def _document(raw: RawStore, day: date, playlist_id: str) -> Playlist | None:
    with suppress(DataError):  # it is gone by now: the digest has addresses where names are not known
        return decode_playlist(playlist_id, raw.read_document(day, playlist_id))
    return None


def _counts(backends: Warehouse, manifest: Manifest, changed: set[str]) -> Counts:
    others = {row.playlist_id for row in manifest.playlists if row.status.has_rows} - changed
    first = others - published_before(backends, manifest).keys()
    missing = Counter(row.status.value for row in manifest.playlists if not row.status.has_rows)
    return Counts(len(changed), len(others) - len(first), len(first), missing)
