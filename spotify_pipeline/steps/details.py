"""Enrichment of a day: reading details of artists and albums that have not been read before."""

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

from spotify_pipeline.backends.source import Source
from spotify_pipeline.progress import SILENT, Progress
from spotify_pipeline.spotify.detail_reader import DetailReader
from spotify_pipeline.spotify.details import Details, Kind
from spotify_pipeline.spotify.manifest import Manifest
from spotify_pipeline.steps.music import music_of
from spotify_pipeline.storage.details import DetailStore

_MOST_REQUESTS = 1_000
"""In a run without a budget: using up Spotify's quota for details would cost the next morning's playlists."""


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
    wanted = music_of(raw_day)
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
