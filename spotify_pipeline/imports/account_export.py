"""Spotify's own export of an account's data: `Playlist1.json` and those that follow.

It has neither ids of playlists nor times: `addedDate` is a day, so `added_at` stays null. Other files of an export are
no history.
"""

from functools import partial
from operator import eq
from typing import Any

from spotify_pipeline.imports import entries
from spotify_pipeline.imports.entries import RowError, known
from spotify_pipeline.imports.found import Contents, Encoded, File, Format, Found, Refusal
from spotify_pipeline.imports.json_files import objects, parsed, text_of

_KINDS = ("track", "episode", "localTrack", "audiobook")


def _listed(file: File) -> list[dict[str, Any]]:
    content = parsed(file.content)
    listed = objects(content.get("playlists")) if isinstance(content, dict) else []
    return listed if all("lastModifiedDate" in each and isinstance(each.get("items"), list) for each in listed) else []


def _read(file: File) -> Contents:
    refused: list[Refusal] = []
    return Contents([_playlist(each, refused) for each in _listed(file)], refused)


def _playlist(playlist: dict[str, Any], refused: list[Refusal]) -> Found:
    name = str(playlist.get("name") or "")
    rows, days = [], []
    for number, item in enumerate(playlist["items"]):
        try:
            days.append(entries.day(_text(item, "addedDate")))
            rows.append(_entry(item))
        except RowError as error:
            refused.append(Refusal(f"playlist {name!r}, item {number}", str(error)))
    try:
        days.append(entries.day(_text(playlist, "lastModifiedDate")))
    except RowError as error:
        refused.append(Refusal(f"playlist {name!r}", f"lastModifiedDate {error}"))
    followers = playlist.get("numberOfFollowers")
    document = {
        "name": name,
        "description": text_of(playlist, "description"),
        "followers": {"total": followers} if isinstance(followers, int) and followers >= 0 else None,
        "tracks": entries.page(rows),
    }
    return Found(
        name=name,
        document=entries.without_nulls(document),
        items=len(rows),
        refused=len(playlist["items"]) - len(rows),
        newest=max((day for day in days if day), default=None),
        is_called=partial(eq, name),
    )


def _entry(item: Any) -> Encoded:  # noqa: ANN401  # any JSON
    if not isinstance(item, dict):
        raise RowError("it is no item")
    kind = next((kind for kind in _KINDS if isinstance(item.get(kind), dict)), None)
    if kind is None:
        return entries.entry(None)
    about = item[kind]
    if kind == "audiobook":
        raise RowError("it is an audiobook, of which the form is not known")
    uri = known(_text(about, {"track": "trackUri", "episode": "episodeUri"}.get(kind, "uri")))
    if uri is None:
        raise RowError("it has no URI, as in exports before 2021: which song it is cannot be told")
    artist, album = known(_text(about, "artistName")), known(_text(about, "albumName"))
    return entries.entry(
        entries.item_of(uri),
        name=_text(about, "trackName") or _text(about, "episodeName"),
        artists=[{"name": artist}] if artist else None,
        album={"name": album} if album else None,
    )


def _text(about: Any, key: str) -> str | None:  # noqa: ANN401  # any JSON
    value = about.get(key) if isinstance(about, dict) else None
    if value is not None and not isinstance(value, str):
        raise RowError(f"{key} is no text")
    return value


FORMAT = Format("Spotify's account export", lambda file: bool(_listed(file)), _read)
