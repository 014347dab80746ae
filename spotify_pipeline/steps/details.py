"""Enrichment of a day: reading details of artists and albums that have not been read before."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any

from spotify_pipeline.backends.source import Source
from spotify_pipeline.errors import DataError
from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.spotify.detail_reader import DetailReader
from spotify_pipeline.spotify.details import ALBUMS, ARTISTS, Kind
from spotify_pipeline.spotify.documents import Album, Content, Playlist, decode
from spotify_pipeline.spotify.manifest import Manifest
from spotify_pipeline.storage.details import DetailStore
from spotify_pipeline.storage.raw import RawDay

_MOST_REQUESTS = 1_000
"""In a run without a budget: using up Spotify's quota for details would cost the next morning's playlists."""


@dataclass(frozen=True)
class Details:
    """Of how many artists, or albums, details are known: of `wanted`, `read` are new and `missing` are still unread."""

    wanted: int
    read: int
    missing: int


@dataclass(frozen=True)
class Enrichment:
    """What came of reading details; where some are missing, `reason` says why."""

    artists: Details
    albums: Details
    requests: int
    reason: str | None


def enrich_day(backends: Source, day: date, *, progress: Progress = SILENT) -> Enrichment:
    """Read details of today's artists and albums, of those of which none have been read on any day.

    They are read with the requests that the playlists have left. What these do not suffice for, and what Spotify does
    not answer, is read on a following day: no day fails for it.

    Args:
        backends: where to read and write.
        day: a day that has raw documents; unless it is today, nothing is asked.
        progress: is told how many are read.

    Raises:
        DataError: the day has no raw data, or stored details are damaged.
        LoginError: there are no credentials.
        ClockError: this machine's clock is wrong.
        StorageError: details cannot be written.
    """
    raw_day, store = backends.raw.open_day(day), backends.raw.details
    wanted = _ids(raw_day)
    unread = {kind: ids - store.ids(kind) for kind, ids in wanted.items()}
    missing, requests, reason = unread, 0, None
    if any(unread.values()):
        reason = _why_not(raw_day.manifest, backends.settings.today())
        if not reason:
            with backends.spotify(progress.tell) as client:
                reader = DetailReader(client, math.inf if backends.settings.request_budget else _MOST_REQUESTS)
                missing = {kind: _read(reader, store, kind, ids, day, progress) for kind, ids in unread.items()}
                requests, reason = client.requests_sent, reader.problem
    artists, albums = (
        Details(len(wanted[kind]), len(unread[kind]) - len(missing[kind]), len(missing[kind])) for kind in wanted
    )
    return Enrichment(artists, albums, requests, reason)


def _why_not(manifest: Manifest, today: date) -> str | None:
    """Why nothing is asked."""
    if manifest.snapshot_date != today:
        return f"Spotify only tells what is now, so nothing is asked for {manifest.snapshot_date}."
    return manifest.stopped  # what is left belongs to the playlists


def _ids(raw_day: RawDay) -> dict[Kind[Any], set[str]]:
    """The artists and albums of whatever stands in the day's playlists.

    Artists come first: tracks hold little but their names, so that details of them tell more, in fewer requests.
    """
    artists: set[str | None] = set()
    albums: set[str | None] = set()
    for row in raw_day.manifest.playlists:
        if row.status.has_rows:
            for content in _contents(raw_day, row.playlist_id):
                album = content.album or Album()
                albums.add(album.id)
                artists.update(artist.id for artist in chain(content.artists or (), album.artists or ()))
    return {ARTISTS: {one for one in artists if one}, ALBUMS: {one for one in albums if one}}


def _contents(raw_day: RawDay, playlist_id: str) -> Iterator[Content]:
    try:
        page = decode(raw_day.document(playlist_id), Playlist).contents
    except DataError:
        return  # the transformation, which comes next, takes it aside and says so
    yield from (entry.content for entry in (page.entries if page else ()) if entry.content)


def _read(
    reader: DetailReader, store: DetailStore, kind: Kind[Any], ids: set[str], day: date, progress: Progress
) -> set[str]:
    """Read details and store them as they come; gives the ids of which none came."""
    missing = set(ids)
    with store.writer(kind, day) as writer:
        for details in reader.read(kind, sorted(ids)):
            writer.add(details)
            missing -= details.keys()
            progress.count(len(ids) - len(missing), len(ids), f"details of {kind.name}")
    return missing
