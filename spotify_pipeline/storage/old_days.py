"""What lies of days before one beside the raw documents that are kept."""

from datetime import date

from spotify_pipeline.storage.horizon import sizes_before
from spotify_pipeline.storage.objects import ObjectStore
from spotify_pipeline.storage.raw import OF_DAYS, RawStore, day_of_manifest


def raw_sizes_before(objects: ObjectStore, first: date) -> dict[str, int]:
    """Whatever came of days before one: keys with their bytes, in the order in which to remove it.

    A day's manifest goes before its documents, so that no day has a manifest without them.
    """
    found = [each for folder in OF_DAYS for each in sizes_before(objects, folder, first)]
    return dict(sorted(found, key=lambda each: day_of_manifest(each[0]) is None))


def drop_pending_before(raw: RawStore, first: date) -> None:
    """Let go what was read before a day and is not confirmed by a listing."""
    for playlist_id, row in raw.pending().items():
        if row.observed_date is None or row.observed_date < first:
            raw.drop_pending(playlist_id)
