"""Events, read as their description says: an independent way from one day's items to another's."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def apply(items: Sequence[str], events: Iterable[Mapping[str, Any]]) -> list[str]:
    """The items after the events, by their keys; unavailable ones are all called the same."""
    events = [event for event in events if event["position"] is not None or event["previous_position"] is not None]
    gone = {event["previous_position"] for event in events}
    placed = {event["position"]: identity(event["item_key"]) for event in events if event["position"] is not None}
    stays = iter([identity(item) for position, item in enumerate(items) if position not in gone])
    size = len(items) - len(gone - {None}) + len(placed)
    return [placed[position] if position in placed else next(stays) for position in range(size)]


def identity(item_key: str) -> str:
    """What is equal of two occurrences."""
    return "unavailable" if item_key.startswith("unavailable:") else item_key
