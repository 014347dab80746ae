"""Items as what other programs play, or take to make a playlist of: M3U, and Spotify's URIs."""

from collections.abc import Sequence

from spotify_pipeline.history.items import Item
from spotify_pipeline.history.printed import Printed
from spotify_pipeline.history.words import counted, name_of, visible

_UNKNOWN_LENGTH = -1  # what M3U has for it


def as_m3u(name: str, items: Sequence[Item]) -> Printed:
    """An extended M3U playlist whose entries are Spotify's URIs, for players that know them, such as Mopidy.

    A local file keeps its place under the address that Spotify has for it, which tells artist, album and title, but not
    where the file is. What is unavailable has no address.

    Args:
        name: what the playlist is called, on one line.
        items: its items.
    """
    lines = ["#EXTM3U", f"#PLAYLIST:{name}"]
    listed = [item for item in items if item.is_known]
    for item in listed:
        title = " - ".join(part for part in (visible(", ".join(item.artists)), name_of(item)) if part)
        lines += [f"#EXTINF:{_seconds(item)},{title}", visible(item.item_key)]
    return Printed("\n".join(lines), _left_out(items, listed, "Spotify no longer tells what it was"))


def as_uris(items: Sequence[Item]) -> Printed:
    """A URI a line: pasted into a playlist in Spotify's desktop app, they are added to it in this order."""
    listed = [item for item in items if item.is_on_spotify]
    reason = "local files cannot be pasted, nor what is no longer available"
    return Printed("\n".join(item.item_key for item in listed), _left_out(items, listed, reason))


def _seconds(item: Item) -> int:
    return _UNKNOWN_LENGTH if item.duration_ms is None else round(item.duration_ms / 1000)


def _left_out(items: Sequence[Item], listed: Sequence[Item], reason: str) -> str | None:
    number = len(items) - len(listed)
    return f"{counted(number, 'item')} left out: {reason}." if number else None
