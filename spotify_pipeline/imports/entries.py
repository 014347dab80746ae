"""Entries of a playlist, in the Web API's form, from what other tools write down of them."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from urllib.parse import unquote, unquote_plus

from spotify_pipeline.imports.found import Encoded

_ID = r"[0-9A-Za-z]{22}"
_ITEM = re.compile(
    rf"""
    (?: (?: spotify: (?P<kind> track | episode ) :
          | https?://open\.spotify\.com/ (?: intl-[A-Za-z-]+ / )? (?P<page> track | episode ) / )
        (?P<id> {_ID} ) (?: \? .* )?
      | (?P<bare> {_ID} )
      | (?P<local> spotify:local: .* )
    )""",
    re.VERBOSE | re.ASCII,
)
_OBJECT = re.compile(rf"(?:spotify:\w+:|https?://open\.spotify\.com/\w+/)?({_ID})", re.ASCII)
_NULLS = frozenset({"", "null", "undefined", "None"})  # the words leak out of the tools' languages
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # what Spotify sends of very old entries
_LOCAL_PARTS = 4
_PRECISION = {4: "year", 7: "month", 10: "day"}


class RowError(Exception):
    """A row cannot be taken; the message says why."""


class Item(NamedTuple):
    """What stands at a position: its kind, Spotify's id (of all but local files), and its URI."""

    kind: str
    id: str | None
    uri: str


def item_of(text: str) -> Item:
    """The track, episode or local file that a URI, a link or a bare track id names.

    Raises:
        RowError: it is none of these.
    """
    match = _ITEM.fullmatch(text.strip())
    if match is None:
        raise RowError(f"{_shown(text)} is no URI of a track, an episode or a local file")
    if match["local"]:
        return Item("local", None, match["local"])
    kind = match["kind"] or match["page"] or "track"
    id_ = match["id"] or match["bare"]
    return Item(kind, id_, f"spotify:{kind}:{id_}")


def object_id(text: str | None) -> str | None:
    """The id in the URI, link or id of an artist or album; None where there is none."""
    match = _OBJECT.fullmatch((text or "").strip())
    return match[1] if match else None


def user_id(text: str | None) -> str | None:
    """The id of a user, of whom tools write the id, the URI or the link."""
    value = known(text)
    if value is None:
        return None
    for prefix in ("spotify:user:", "https://open.spotify.com/user/"):
        if value.startswith(prefix):
            return unquote(value.removeprefix(prefix)) or None
    return value


def entry(item: Item | None, *, added_at: datetime | None = None, added_by: str | None = None, **facts: Any) -> Encoded:  # noqa: ANN401  # values of JSON
    """An entry of a playlist; None stands for what Spotify sent null for.

    Args:
        item: what stands there.
        added_at: when it was added, as far as that is known.
        added_by: the id of the user who added it.
        facts: fields of the track object; None stands for what is not known.
    """
    return {
        "added_at": added_at,
        "added_by": {"id": added_by} if added_by else None,
        "is_local": item is not None and item.kind == "local",
        "track": _content(item, facts) if item else None,
    }


def _content(item: Item, facts: Mapping[str, Any]) -> Encoded:
    told = _told_by_uri(item.uri) if item.kind == "local" else {}
    kind = "episode" if item.kind == "episode" else "track"
    return without_nulls({"type": kind, "id": item.id, "uri": item.uri or None, **told, **without_nulls(facts)})


def _told_by_uri(uri: str) -> Encoded:
    """What the URI of a local file says of it: artist, album, title and seconds, each of which may be empty."""
    parts = uri.removeprefix("spotify:local:").split(":")
    if len(parts) != _LOCAL_PARTS:
        return {}
    artist, album, title = (unquote_plus(part) or None for part in parts[:3])
    return {
        "name": title,
        "artists": [{"name": artist}] if artist else None,
        "album": {"name": album} if album else None,
        "duration_ms": int(parts[3]) * 1000 if parts[3].isdecimal() else None,
    }


def without_nulls(fields: Mapping[str, Any]) -> Encoded:
    """The fields that have a value: a document of a file says nothing of what the file does not hold."""
    return {name: value for name, value in fields.items() if value is not None}


def named(names: Iterable[str | None], ids: Iterable[str | None]) -> list[Encoded]:
    """Artists with names and ids."""
    return [without_nulls({"id": id_, "name": name}) for name, id_ in zip(names, ids, strict=True)]


def release(text: str | None) -> Encoded:
    """The fields of an album's release date, whose form tells how exact it is."""
    value = known(text)
    return {"release_date": value, "release_date_precision": _PRECISION.get(len(value)) if value else None}


def known(text: str | None) -> str | None:
    """The text; None for nothing, and for the words that tools write where Spotify sent nothing."""
    return None if text is None or text.strip() in _NULLS else text


def number(text: str | None, what: str) -> int | None:
    """A whole number from 0.

    Raises:
        RowError: it is something else.
    """
    value = known(text)
    if value is not None and not (value.isdecimal() and value.isascii()):
        raise RowError(f"{what} {_shown(value)} is no whole number")
    return int(value) if value is not None else None


def flag(text: str | None, what: str) -> bool | None:
    """`true` or `false`.

    Raises:
        RowError: it is something else.
    """
    value = known(text)
    if value is not None and value.lower() not in ("true", "false"):
        raise RowError(f"{what} {_shown(value)} is neither true nor false")
    return value.lower() == "true" if value is not None else None


def timestamp(text: str | None) -> datetime | None:
    """A time, in UTC where no zone is given; None for 1970, which Spotify sends where it does not know.

    Raises:
        RowError: it is something else, a day without a time included.
    """
    value = known(text)
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        time = None
    if time is None or len(value) <= len("2026-01-01"):
        raise RowError(f"{_shown(value)} is no time at which something can have been added")
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return None if time == _EPOCH else time


def day(text: str | None) -> date | None:
    """A day.

    Raises:
        RowError: it is something else.
    """
    value = known(text)
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise RowError(f"{_shown(value or '')} is no day") from None


def newest_day(entries: Iterable[Encoded]) -> date | None:
    """The last day on which one of the entries was added."""
    return max((each["added_at"].date() for each in entries if each["added_at"]), default=None)


def page(entries: list[Encoded], total: int | None = None) -> Encoded:
    """The entries, as a playlist has them."""
    return without_nulls({"items": entries, "total": total})


def _shown(text: str, most: int = 40) -> str:
    return repr(text if len(text) <= most else f"{text[:most]}…")
