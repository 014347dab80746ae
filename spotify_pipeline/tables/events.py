"""What has happened to a playlist between two days on which it was read: the rows of `playlist_events`.

Applied to the items of the earlier day, the events give those of the later one: take away what was removed, moved or
replaced; put what was added, moved or put in its stead at its position; what has stayed fills the rest, in its order.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from spotify_pipeline.spotify.documents import Playlist
from spotify_pipeline.tables import items
from spotify_pipeline.tables.difference import Difference, difference

EVENTS = (
    "added",
    "removed",
    "moved",
    "replaced",
    "renamed",
    "described",
    "owner_changed",
    "visibility_changed",
)


@dataclass(frozen=True)
class Event:
    """A row, without what all rows of a playlist and a day have in common."""

    event: str
    item_key: str | None = None
    previous_item_key: str | None = None
    track_id: str | None = None
    position: int | None = None
    previous_position: int | None = None
    added_at: datetime | None = None
    added_by_id: str | None = None
    old_value: str | None = None
    new_value: str | None = None


class _Item(NamedTuple):
    """An item of a playlist.

    Attributes:
        identity: what is equal of two occurrences of the same; nothing tells one unavailable item from another.
        recording: equal for the same recording on another album; None where that cannot be told.
    """

    identity: str
    item_key: str
    track_id: str | None
    recording: str | None
    added_at: datetime | None
    added_by_id: str | None


def events_between(before: Playlist, after: Playlist) -> Iterator[Event]:
    """The events that lead from one reading to a later one: of the metadata, then what went, then what is new where.

    Args:
        before: the document of the earlier day, with its entries.
        after: that of the later day, as well.
    """
    yield from _metadata_events(before, after)
    old, new = _items(before), _items(after)
    found = difference([item.identity for item in old], [item.identity for item in new])
    replaced = _replacements(old, new, found)
    for position in sorted(set(found.removed) - set(replaced.values())):
        yield _event("removed", old[position], previous_position=position)
    came_from = {position: previous for previous, position in found.moved}
    for position in sorted([*found.added, *came_from]):
        item = new[position]
        if position in came_from:
            yield _event("moved", item, position=position, previous_position=came_from[position])
        elif position in replaced:
            previous = replaced[position]
            yield _event(
                "replaced",
                item,
                previous_item_key=old[previous].item_key,
                position=position,
                previous_position=previous,
            )
        else:
            yield _event("added", item, position=position)


def _metadata_events(before: Playlist, after: Playlist) -> Iterator[Event]:
    """Where Spotify sends nothing, as of whether a playlist is public, it is not known whether that has changed."""
    values: list[tuple[str, str | None, str | None]] = [
        ("renamed", before.name or "", after.name or ""),
        ("described", before.description or "", after.description or ""),
        ("owner_changed", _owner(before), _owner(after)),
        ("visibility_changed", _visibility(before), _visibility(after)),
    ]
    for event, old, new in values:
        if old is not None and new is not None and old != new:
            yield Event(event, old_value=old, new_value=new)


def _owner(playlist: Playlist) -> str | None:
    return playlist.owner.id if playlist.owner else None


def _visibility(playlist: Playlist) -> str | None:
    return None if playlist.public is None else "public" if playlist.public else "private"


def _items(playlist: Playlist) -> list[_Item]:
    found = []
    for position, entry in enumerate(playlist.contents.entries if playlist.contents else ()):
        content, kind, key, track_id, added_at, added_by_id = items.standing(position, entry)
        found.append(
            _Item(
                identity=kind if kind == "unavailable" else key,
                item_key=key,
                track_id=track_id,
                recording=(items.isrc(content) or track_id) if content and track_id else None,
                added_at=added_at,
                added_by_id=added_by_id,
            )
        )
    return found


def _replacements(old: list[_Item], new: list[_Item], found: Difference) -> dict[int, int]:
    """Positions of added items, and those of the removed ones with the same recording at the same place.

    A place is what lies between two items that have stayed.
    """
    places_before = _places([previous for previous, _ in found.stayed], found.removed)
    places_after = _places([position for _, position in found.stayed], found.added)
    candidates: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for position in reversed(found.removed):
        if recording := old[position].recording:
            candidates[places_before[position], recording].append(position)
    replaced = {}
    for position in found.added:
        recording = new[position].recording
        if recording and (same := candidates.get((places_after[position], recording))):
            replaced[position] = same.pop()
    return replaced


def _places(stayed: list[int], positions: list[int]) -> dict[int, int]:
    """How many of the items that have stayed stand before each of these positions; both lists ascend."""
    places, number = {}, 0
    for position in positions:
        while number < len(stayed) and stayed[number] < position:
            number += 1
        places[position] = number
    return places


def _event(
    event: str,
    item: _Item,
    *,
    previous_item_key: str | None = None,
    position: int | None = None,
    previous_position: int | None = None,
) -> Event:
    return Event(
        event,
        item_key=item.item_key,
        previous_item_key=previous_item_key,
        track_id=item.track_id,
        position=position,
        previous_position=previous_position,
        added_at=item.added_at,
        added_by_id=item.added_by_id,
    )
