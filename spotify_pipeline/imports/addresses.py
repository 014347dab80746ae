"""Lists of addresses: one a line, as Spotify's desktop app copies songs, or an M3U8 playlist.

The title in an M3U8 playlist is one text, in which artist and name cannot be told apart for sure, and its length is in
whole seconds: so a list gives the order and what stands there, and the name of the playlist.
"""

import re
from functools import partial
from operator import eq
from pathlib import PurePath

from spotify_pipeline.errors import DataError
from spotify_pipeline.imports import entries
from spotify_pipeline.imports.entries import RowError
from spotify_pipeline.imports.found import Contents, File, Format, Found, Refusal

_M3U, _NAME, _COMMENT = "#EXTM3U", "#PLAYLIST:", "#"
_ADDRESS = re.compile(r"spotify:(?:track|episode|local):|https?://open\.spotify\.com/")


def _lines(file: File) -> list[str] | None:
    """The lines; None where it is no text in UTF-8."""
    try:
        return file.content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return None


def _is_list(file: File) -> bool:
    lines = [line for line in _lines(file) or () if line.strip()]
    return bool(lines) and (lines[0].startswith(_M3U) or all(map(_ADDRESS.match, lines)))


def _read(file: File) -> Contents:
    lines = _lines(file)
    if lines is None:
        raise DataError("it is not UTF-8")
    name = next((line.removeprefix(_NAME).strip() for line in lines if line.startswith(_NAME)), "")
    name = name or PurePath(file.name).stem
    rows, refused = [], []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith(_COMMENT):
            try:
                rows.append(entries.entry(entries.item_of(line)))
            except RowError as error:
                refused.append(Refusal(f"line {number}", str(error)))
    document = {"name": name, "tracks": entries.page(rows)}
    found = Found(name, document, len(rows), refused=len(refused), is_called=partial(eq, name))
    return Contents([found], refused)


FORMAT = Format("list of addresses", _is_list, _read)
