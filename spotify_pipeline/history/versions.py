"""A playlist as it was on a day, as far as that is known, and two of these side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from spotify_pipeline.history.items import Item, items_of
from spotify_pipeline.history.words import visible
from spotify_pipeline.spotify.documents import Playlist
from spotify_pipeline.tables.events import Event, events_between


@dataclass(frozen=True)
class Version:
    """A playlist on a day.

    Attributes:
        day: the day that was asked for.
        snapshot_date: the day of the reading that this is.
        playlist: what was read then.
        is_certain: whether it is known to have been like this on `day`: it was read then, or a later reading had the
            same snapshot_id.
        note: where it was not read on `day`, why, and what is shown instead.
    """

    day: date
    snapshot_date: date
    playlist: Playlist
    is_certain: bool = True
    note: str | None = None

    @property
    def name(self) -> str:
        """The playlist's name on that day, for people; its id where it has none."""
        return visible(self.playlist.name or self.playlist.id)

    @cached_property
    def items(self) -> list[Item]:
        """What stood on it."""
        return items_of(self.playlist)


@dataclass(frozen=True)
class Change:
    """An event, with what stands at its position and what stood at its previous one, as far as that is known."""

    event: Event
    item: Item | None
    previous_item: Item | None

    @property
    def subject(self) -> Item | None:
        """What people call by name: what has come, moved or gone."""
        return self.item or self.previous_item


@dataclass(frozen=True)
class Comparison:
    """An earlier version and a later one."""

    before: Version
    after: Version

    @cached_property
    def changes(self) -> list[Change]:
        """What leads from the one to the other: the rows of `playlist_events`, where there is no reading between."""
        events = events_between(self.before.playlist, self.after.playlist)
        return with_items(events, self.before.items, self.after.items)

    @property
    def removed(self) -> list[Item]:
        """What is gone, in its old order. What was replaced is not: the same recording stands in its place."""
        return [
            change.previous_item for change in self.changes if change.event.event == "removed" and change.previous_item
        ]


def with_items(events: Iterable[Event], before: Sequence[Item], after: Sequence[Item]) -> list[Change]:
    """The events with the items of the two readings that they lie between; without where these are not known."""
    return [Change(event, _at(after, event.position), _at(before, event.previous_position)) for event in events]


def _at(items: Sequence[Item], position: int | None) -> Item | None:
    return items[position] if position is not None and position < len(items) else None
