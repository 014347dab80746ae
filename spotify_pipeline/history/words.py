"""How changes and items are named to people, on a terminal and in Markdown alike."""

import html
import unicodedata

from spotify_pipeline.history.items import Item

SIGNS = {"added": "+", "removed": "\N{MINUS SIGN}", "moved": "↕", "replaced": "⇄"}
METADATA_SIGN = "✎"
_CONTROLS = {"Cc", "Zl", "Zp"}  # categories of Unicode, line ends among them


def visible(text: str) -> str:
    """The text on one line, without what would steer a terminal or forge a line: names are other people's."""
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(sign) in _CONTROLS else sign for sign in text)


def name_of(item: Item) -> str:
    """What it is called; where Spotify gives no name, what is known of it."""
    if item.name:
        return visible(item.name)
    return visible(item.item_key) if item.is_known else "(no longer available)"


def artists_of(item: Item) -> str:
    """Its artists with commas between; of what has none, what kind of thing it is, unless that goes without saying."""
    if item.artists:
        return visible(", ".join(item.artists))
    return {"episode": "(episode)", "local": "(local file)"}.get(item.item_type, "")


def value_of(event: str, value: str | None) -> str:
    """A value of the metadata; Spotify sends descriptions with HTML entities."""
    shown = visible(html.unescape(value or "") if event == "described" else value or "")
    return f"“{shown}”" if shown else "nothing"


def metadata_sentence(event: str, old: str | None, new: str | None) -> str:
    """What has happened to the playlist itself."""
    verb = {
        "renamed": "renamed",
        "described": "description changed",
        "owner_changed": "owner changed",
        "visibility_changed": "visibility changed",
    }[event]
    return f"{verb} from {value_of(event, old)} to {value_of(event, new)}"


def ordinal(position: int | None) -> str:
    """A position as people count, and as Spotify shows it: from 1."""
    return "" if position is None else str(position + 1)


def counted(number: int, noun: str) -> str:
    """`1 item`, `2 items`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
