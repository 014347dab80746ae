"""Files of mackorone/spotify-playlist-archive: `pretty`, a playlist on a day; `cumulative`, all that it ever had.

Both leave out local files and what Spotify sent null for. A cumulative file has for each song when it came and when it
went last, sorted by name. So it tells which songs there were on its own day, and of no other one: what has come back
has lost its absence.
"""

from typing import Any

from spotify_pipeline.errors import DataError
from spotify_pipeline.imports import entries
from spotify_pipeline.imports.entries import RowError, known
from spotify_pipeline.imports.found import Contents, Encoded, File, Format, Found, Refusal
from spotify_pipeline.imports.ids import is_spotifys
from spotify_pipeline.imports.json_files import parsed, text_of

_FIRST_DAYS = ("date_first_scraped", "date_first_scrape", "date_initialized", "date_registered")
_HEADER_LINES = 3  # of plain text: name, description, nothing


def _playlist(file: File) -> dict[str, Any]:
    """The playlist in a file of either form; empty where it is of neither."""
    content = parsed(file.content)
    is_ours = isinstance(content, dict) and isinstance(content.get("tracks"), list)
    return content if is_ours and is_spotifys(entries.object_id(text_of(content, "url"))) else {}


def _is_cumulative(playlist: dict[str, Any]) -> bool:
    return any(key in playlist for key in _FIRST_DAYS)


def _read_pretty(file: File) -> Contents:
    """The playlist in a `pretty` file."""
    playlist = _playlist(file)
    refused: list[Refusal] = []
    rows = []
    for number, track in enumerate(playlist["tracks"]):
        try:
            rows.append(_entry(track, added_at=entries.timestamp(track.get("added_at"))))
        except (RowError, AttributeError, TypeError) as error:
            refused.append(_refusal(number, error))
    owner, followers = playlist.get("owner"), playlist.get("num_followers")
    owner_id, owner_name = entries.user_id(text_of(owner, "url")), known(text_of(owner, "name"))
    document = {
        "name": text_of(playlist, "original_name") or text_of(playlist, "name") or "",
        "description": text_of(playlist, "description"),
        "owner": entries.without_nulls({"id": owner_id, "display_name": owner_name}) or None,
        "snapshot_id": known(text_of(playlist, "snapshot_id")),
        "followers": {"total": followers} if isinstance(followers, int) else None,
        **_page(playlist),
        "tracks": entries.page(rows),
    }
    found = Found(
        name=document["name"],
        document=entries.without_nulls(document),
        items=len(rows),
        refused=len(refused),
        newest=entries.newest_day(rows),
        playlist_id=entries.object_id(playlist["url"]),
    )
    return Contents([found], refused)


def _read_cumulative(file: File) -> Contents:
    playlist = _playlist(file)
    refused: list[Refusal] = []
    rows, days = [], []
    broken = 0
    for number, track in enumerate(playlist["tracks"]):
        try:
            removed = entries.day(text_of(track, "date_removed"))
            days += [entries.day(text_of(track, "date_added")), removed]
            row = _entry(track)
        except (RowError, AttributeError, TypeError) as error:
            refused.append(_refusal(number, error))
            broken += 1
            continue
        if removed:
            refused.append(
                Refusal(f"track {number}", f"it had gone on {removed}; of days before the file tells no more")
            )
        else:
            rows.append(row)
    name = text_of(playlist, "name") or ""
    document = {
        "name": name,
        "description": text_of(playlist, "description"),
        **_page(playlist),
        "tracks": entries.page(rows),
    }
    found = Found(
        name=name,
        document=entries.without_nulls(document),
        items=len(rows),
        refused=broken,
        newest=max((day for day in days if day), default=None),
        playlist_id=entries.object_id(playlist["url"]),
    )
    return Contents([found], refused)


def _entry(track: dict[str, Any], **others: Any) -> Encoded:  # noqa: ANN401  # as `entries.entry`
    album, artists = track.get("album") or {}, track.get("artists") or []
    duration = track.get("duration_ms")
    if not isinstance(duration, int | None):
        raise RowError("duration_ms is no number")
    return entries.entry(
        entries.item_of(track.get("url") or ""),
        name=track.get("name"),
        duration_ms=duration,
        album=_named(album) or None,
        artists=[_named(artist) for artist in artists] or None,
        **_page(track),
        **others,
    )


def _named(about: dict[str, Any]) -> Encoded:
    """An album or artist; both parts may be empty."""
    id_ = entries.object_id(about.get("url"))
    return entries.without_nulls({"id": id_, "name": known(about.get("name")), **(_page(about) if id_ else {})})


def _page(about: dict[str, Any]) -> Encoded:
    return {"external_urls": {"spotify": about["url"]}} if about.get("url") else {}


def _refusal(number: int, error: Exception) -> Refusal:
    reason = str(error) if isinstance(error, RowError) else "it has not the fields of a track"
    return Refusal(f"track {number}", reason)


def _is_plain(file: File) -> bool:
    lines = file.content.decode("utf-8", "replace").splitlines()
    songs = [line for line in lines[_HEADER_LINES:] if line]
    return bool(songs) and all(line.count(" -- ") >= 2 for line in songs)  # title, artists, album


def _refuse_plain(_: File) -> Contents:
    raise DataError("it has no ids of songs: import the JSON of the archive, or a clone with its history")


PRETTY = Format("playlist archive", lambda file: bool(it := _playlist(file)) and not _is_cumulative(it), _read_pretty)
CUMULATIVE = Format("playlist archive, cumulative", lambda file: _is_cumulative(_playlist(file)), _read_cumulative)
PLAIN = Format("playlist archive, plain text", _is_plain, _refuse_plain)
