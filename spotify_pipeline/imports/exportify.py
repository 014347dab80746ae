"""CSV of the two programs called Exportify (watsonbox's and pavelkomarov's) and of exportify-cli, of all their years.

The header tells which columns there are and what they are called, in any of twelve languages; how several artists share
a cell follows from that. Columns without a place in the tables, such as audio features, are passed over.
"""

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from importlib import resources
from io import StringIO
from pathlib import PurePath
from typing import NamedTuple

from spotify_pipeline.errors import DataError
from spotify_pipeline.imports import entries
from spotify_pipeline.imports.entries import RowError, known
from spotify_pipeline.imports.found import Contents, Encoded, File, Format, Found, Refusal

_NAME = "Exportify CSV"
_FEWEST_COLUMNS = 3  # of ours, in a header that is one
_ID_IN_NAME = re.compile(r"(?P<name>.*) \[(?P<id>[0-9A-Za-z]{22})\]", re.ASCII)
_SHARED_CELL = re.compile(r"(?<!\\), ")

# How the programs have made file names of playlists' names.
_IN_ANY_FILE_NAME = re.compile(r'[\x00-\x1F\x7F/\\<>:;"|=,.?*\[\] ]+')
_NOT_PLAIN = re.compile(r"[^a-z0-9\- ]", re.IGNORECASE | re.ASCII)
_NOT_ON_WINDOWS = re.compile(r'[/\\:*?"<>|]')


class _Table(NamedTuple):
    """The rows of a file: each with the line on which it begins, and its cells by column."""

    columns: Sequence[str]
    rows: list[tuple[int, Mapping[str, str]]]
    refused: list[Refusal]


class _Row(NamedTuple):
    line: int
    position: int | None
    entry: Encoded


def recognises(file: File) -> bool:
    """Whether the first line names columns as these programs do."""
    header = file.content[:100_000].decode("utf-8-sig", "replace").splitlines()[:1]
    columns = _columns(next(csv.reader(header), []))
    return "track_name" in columns and sum(1 for column in columns if column) >= _FEWEST_COLUMNS


def read(file: File) -> Contents:
    """The playlist in a file."""
    table = _parse(file)
    if "track_uri" not in table.columns:
        raise DataError("it has no column with URIs or ids of tracks, as Exportify wrote it in September 2024")
    split = _artist_splitter(table)
    rows: list[_Row] = []
    for line, cells in table.rows:
        try:
            rows.append(_Row(line, entries.number(cells.get("position"), "position"), _entry(cells, split)))
        except RowError as error:
            table.refused.append(Refusal(f"line {line}", str(error)))
    if "position" in table.columns:
        rows.sort(key=lambda row: row.position or 0)
    return Contents([_playlist(file, [row.entry for row in rows], len(table.refused))], table.refused)


def _playlist(file: File, rows: list[Encoded], refused: int) -> Found:
    stem = PurePath(file.name).stem
    with_id = _ID_IN_NAME.fullmatch(stem)
    name = with_id["name"] if with_id else stem
    return Found(
        name=name,
        document={"name": name, "tracks": entries.page(rows)},
        items=len(rows),
        refused=refused,
        newest=entries.newest_day(rows),
        playlist_id=with_id["id"] if with_id else None,
        is_called=partial(_makes_file_name, stem.casefold()),
    )


def _makes_file_name(stem: str, name: str) -> bool:
    """Whether one of the programs would write a playlist of this name into a file of that one."""
    made = (
        _IN_ANY_FILE_NAME.sub("_", name),
        _NOT_PLAIN.sub("", name).replace(" ", "_"),
        re.sub(r"\s+", "_", _NOT_ON_WINDOWS.sub("", name)),
    )
    return stem in {each.casefold() for each in made}


def _parse(file: File) -> _Table:
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"it is not UTF-8: {error.reason} at byte {error.start}") from None
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    columns = _columns(next(reader))
    table = _Table(columns, [], [])
    needed = max(number for number, column in enumerate(columns, 1) if column)
    for line, cells in _rows(reader, table.refused):
        if not needed <= len(cells) <= len(columns):
            table.refused.append(Refusal(f"line {line}", f"it has {len(cells)} cells instead of {len(columns)}"))
        else:
            named = zip(columns, cells, strict=False)  # what is missing at the end has no place in the tables
            table.rows.append((line, {column: cell for column, cell in named if column}))
    return table


def _rows(reader: Iterator[list[str]], refused: list[Refusal]) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line on which it begins; what cannot be parsed is refused."""
    while True:
        line = reader.line_num + 1  # type: ignore[attr-defined]  # of csv's reader, whose type has no name at run time
        try:
            cells = next(reader, None)
        except csv.Error as error:
            refused.append(Refusal(f"line {line}", f"its quotes do not pair: {error}"))
            continue
        if cells is None:
            return
        if cells:  # a blank line is no row
            yield line, cells


def _columns(header: Sequence[str]) -> list[str]:
    """What we call each column; empty for those without a place in the tables, and where a label is there twice."""
    columns: list[str] = []
    for label in header:
        column = _labels().get(label.strip().casefold(), "")
        columns.append("" if column in columns else column)
    return columns


@cache
def _labels() -> dict[str, str]:
    """Our name of a column, by each label that it was ever given."""
    file = resources.files("spotify_pipeline.imports").joinpath("exportify_headers.json")
    return {label.casefold(): column for column, labels in json.loads(file.read_bytes()).items() for label in labels}


_Split = Callable[[str | None, str | None], list[Encoded]]
"""Gives artists from the cell with their names, and the one with their ids."""


def _artist_splitter(table: _Table) -> _Split:
    if "artist_uris" in table.columns:
        return _split_by_ids
    names = [cells.get("artist_names", "") for _, cells in table.rows]
    # Newer files have semicolons between artists; in older ones a comma may be part of a name.
    return partial(_split_names, ";" if any(";" in cell for cell in names) else None)


def _split_by_ids(names: str | None, uris: str | None) -> list[Encoded]:
    ids = [entries.object_id(uri) for uri in re.split(r", ?", known(uris) or "")]
    if len(ids) == 1:
        name = (known(names) or "").replace("\\,", ",") or None
        return entries.named([name], ids) if name or ids[0] else []
    for separator in (_SHARED_CELL, re.compile(",")):
        parts = [part.replace("\\,", ",") for part in separator.split(names or "")]
        if len(parts) == len(ids):
            return entries.named(parts, ids)
    return entries.named([None] * len(ids), ids)  # which name is whose cannot be told


def _split_names(separator: str | None, names: str | None, _: str | None) -> list[Encoded]:
    cell = known(names)
    parts = [part for part in (cell or "").split(separator) if part] if separator else [cell]
    return entries.named([part for part in parts if part], [None for part in parts if part])


def _entry(cells: Mapping[str, str], split: _Split) -> Encoded:
    uri, name = known(cells.get("track_uri")), cells.get("track_name", "")
    artists = split(cells.get("artist_names"), cells.get("artist_uris"))
    if not (uri and artists):  # else a song may be called `null` or `undefined`
        name = known(name) or ""
    added_at = entries.timestamp(cells.get("added_at"))
    added_by = entries.user_id(cells.get("added_by"))
    if uri:
        item = entries.item_of(uri)
    elif name:  # only local files have no id, and where there is a column for ids, no URI either
        item = entries.Item("local", None, "")
    else:
        return entries.entry(None, added_at=added_at, added_by=added_by)
    album = entries.without_nulls(
        {
            "id": entries.object_id(cells.get("album_uri")),
            "name": known(cells.get("album_name")),
            **entries.release(cells.get("album_release_date")),
            "label": known(cells.get("label")),
            "images": [{"url": url}] if (url := known(cells.get("album_image_url"))) else None,
            "artists": _split_by_ids(cells.get("album_artist_names"), cells.get("album_artist_uris")) or None,
        }
    )
    isrc = known(cells.get("isrc"))
    return entries.entry(
        item,
        added_at=added_at,
        added_by=added_by,
        name=name or None,
        artists=artists or None,
        album=album or None,
        duration_ms=entries.number(cells.get("track_duration"), "duration"),
        disc_number=entries.number(cells.get("disc_number"), "disc number"),
        track_number=entries.number(cells.get("track_number"), "track number"),
        explicit=entries.flag(cells.get("explicit"), "explicit"),
        popularity=entries.number(cells.get("popularity"), "popularity"),
        is_playable=entries.flag(cells.get("is_playable"), "playable"),
        external_ids={"isrc": isrc} if isrc else None,
    )


FORMAT = Format(_NAME, recognises, read)
