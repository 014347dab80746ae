"""Raw days of documents that a test has."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Reading, Status


def lay(backends: Warehouse, day: date, sent: Iterable[dict[str, Any]]) -> None:
    """Let it be a day on which these were read, each other one a day before."""
    rows, fetched_at = [], datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
    for number, document in enumerate(sent):
        entries = next((document[key].get("items") for key in ("items", "tracks") if document.get(key)), None)
        status = Status.RESTRICTED if entries is None else (Status.OBSERVED, Status.UNCHANGED)[number % 2]
        observed = None if entries is None else day - timedelta(days=number % 2)
        items = len(entries or ())
        reading = Reading(day, status, observed, None, items, items, fetched_at, 1) if observed else None
        row = Coverage(
            str(document["id"]),
            status,
            observed_date=observed,
            items_total=items,
            items_read=items,
            requests=1,
            fetched_at=fetched_at,
            last_reading=reading,
        )
        backends.raw.stage_document(day, row, msgspec.json.encode(document))
        rows.append(row)
    backends.raw.commit(Manifest(day, sorted(rows, key=lambda row: row.playlist_id)))
