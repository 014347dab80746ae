"""How changes and items are named to people, on a terminal and in Markdown alike."""

import html
import unicodedata

from spotify_pipeline.history.items import Item

SIGNS = {"added": "+", "removed": "\N{MINUS SIGN}", "moved": "↕", "replaced": "⇄"}
METADATA_SIGN = "✎"
_LINE_ENDS_AND_CONTROLS = {"Cc", "Zl", "Zp"}  # categories of Unicode
_TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # classes of its bidirectional algorithm


def visible(text: str) -> str:
    """The text on one line, without what steers a terminal, forges a line or turns the rest of one round.

    Names are other people's.
    """
    return "".join("\N{REPLACEMENT CHARACTER}" if _does_something(sign) else sign for sign in text)


def _does_something(sign: str) -> bool:
    return unicodedata.category(sign) in _LINE_ENDS_AND_CONTROLS or unicodedata.bidirectional(sign) in _TURNS


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


def _value(event: str, value: str | None) -> str:
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
    return f"{verb} from {_value(event, old)} to {_value(event, new)}"


def ordinal(position: int | None) -> str:
    """A position as people count, and as Spotify shows it: from 1."""
    return "" if position is None else str(position + 1)


def counted(number: int, noun: str) -> str:
    """`1 item`, `2 items`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
