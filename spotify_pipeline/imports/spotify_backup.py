"""Files of caseychu/spotify-backup: JSON, which is nearly what Spotify sent, and text, a line for each song."""

import re
from collections.abc import Iterator
from functools import partial
from operator import eq
from typing import Any

import msgspec

from spotify_pipeline.errors import DataError
from spotify_pipeline.imports import entries
from spotify_pipeline.imports.entries import RowError, known
from spotify_pipeline.imports.found import Contents, Encoded, File, Format, Found, Refusal
from spotify_pipeline.imports.ids import is_spotifys
from spotify_pipeline.imports.json_files import objects, parsed, typed_entry, typed_playlist

_PLAYLISTS, _LIKED_ALBUMS = "Playlists: ", "Liked Albums: "
_URI = re.compile(r"spotify:(?:track|episode|local|album):")
_COLUMNS_BEFORE_URI = 3  # name, artists, album


def _listed(file: File) -> list[dict[str, Any]]:
    """The playlists in a JSON file; none where it is no such file."""
    content = parsed(file.content)
    listed = objects(content.get("playlists") if isinstance(content, dict) else content)
    return listed if listed and all(isinstance(_entries_of(each), list) for each in listed) else []


def _entries_of(playlist: dict[str, Any]) -> Any:  # noqa: ANN401  # any JSON
    """Its entries; under `items` where a fork reads newer answers, and in account exports, which are others."""
    return playlist.get("tracks", playlist.get("items") if "snapshot_id" in playlist else None)


def _read_json(file: File) -> Contents:
    refused: list[Refusal] = []
    return Contents(list(filter(None, (_playlist(each, refused) for each in _listed(file)))), refused)


def _playlist(playlist: dict[str, Any], refused: list[Refusal]) -> Found | None:
    name, playlist_id = str(playlist.get("name") or ""), playlist.get("id")
    place = f"playlist {name!r}"
    document = {key: value for key, value in playlist.items() if key not in ("id", "tracks", "items")}
    if playlist_id is not None and not is_spotifys(playlist_id):
        refused.append(Refusal(place, f"{playlist_id!r} is no id of a playlist"))
        return None
    try:
        typed_playlist({"id": "", **document})
    except msgspec.ValidationError as error:
        refused.append(Refusal(place, str(error)))
        return None
    every, kept, days = _entries_of(playlist), [], []
    for number, value in enumerate(every):
        try:
            typed = typed_entry(value)
        except msgspec.ValidationError as error:
            refused.append(Refusal(f"{place}, entry {number}", str(error)))
        else:
            kept.append(value)
            days += [typed.added_at.date()] if typed.added_at else []
    total = len(every) if len(kept) == len(every) else None
    return Found(
        name=name,
        document={**document, "tracks": entries.page(kept, total)},
        items=len(kept),
        total=total,
        refused=len(every) - len(kept),
        newest=max(days, default=None),
        playlist_id=playlist_id,
        is_called=partial(eq, name),  # liked songs have no id
    )


def _lines(file: File) -> list[str] | None:
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return re.split(r"\r*\n", text)  # in Windows each line feed has got one carriage return too many


def _is_text(file: File) -> bool:
    lines = _lines(file) or [""]
    first = next((line for line in lines if line and line not in (_PLAYLISTS, _LIKED_ALBUMS)), "\t")
    return "\t" not in first and any(_uri_column(line.split("\t")) is not None for line in lines if "\t" in line)


def _read_text(file: File) -> Contents:
    lines = _lines(file)
    if lines is None:
        raise DataError("it is not UTF-8")
    refused: list[Refusal] = []
    return Contents(list(_sections(lines, refused)), refused)


def _sections(lines: list[str], refused: list[Refusal]) -> Iterator[Found]:
    """Each playlist: its name after an empty line, its songs, and an empty line."""
    name: str | None = None
    rows: list[Encoded] = []
    bad, is_broken = 0, False
    for number, line in enumerate([*lines, ""], 1):
        if not line:
            if name is not None:
                document = {"name": name, "tracks": entries.page(rows)}
                yield Found(name, document, len(rows), refused=bad, is_called=partial(eq, name))
            name, rows, bad, is_broken = None, [], 0, False
        elif name is None and "\t" not in line:
            name = line if line not in (_PLAYLISTS, _LIKED_ALBUMS) else None
        elif name is None:
            refused.append(Refusal(f"line {number}", "it is in no playlist, as liked albums are"))
        else:
            try:
                rows.append(_row(line, is_broken=is_broken))
            except RowError as error:
                refused.append(Refusal(f"line {number}", str(error)))
                bad += 1
            is_broken = "\t" not in line


def _row(line: str, *, is_broken: bool) -> Encoded:
    """A song: name, artists, album, URI and, in newer files, the release date; in the oldest the URI comes first."""
    cells = line.split("\t")
    column = _uri_column(cells)
    if is_broken:
        raise RowError("it goes on with the name that the line before it begins")
    if column is None:
        raise RowError("it has no URI of a song")
    if column == 0:
        uri, *about = cells
    else:
        about, uri = cells[:column], cells[column]
    if len(about) < _COLUMNS_BEFORE_URI:
        raise RowError("it lacks the name, the artists or the album")
    name, artists, album = "\t".join(about[:-2]), known(about[-2]), known(about[-1])
    after = cells[column + 1] if column and len(cells) > column + 1 else None
    return entries.entry(
        entries.item_of(uri),
        name=name or None,
        artists=[{"name": artists}] if artists else None,  # several in one: a comma may be a part of a name
        album=entries.without_nulls({"name": album, **entries.release(after)}) or None,
    )


def _uri_column(cells: list[str]) -> int | None:
    return next((number for number, cell in enumerate(cells) if _URI.match(cell)), None)


JSON = Format("spotify-backup JSON", lambda file: bool(_listed(file)), _read_json)
TEXT = Format("spotify-backup text", _is_text, _read_text)
