"""Reading what readers give as a plain person would: as the typed documents that the tables are made from."""

from datetime import UTC, datetime
from pathlib import Path

from spotify_pipeline.imports.formats import format_of
from spotify_pipeline.imports.found import Contents, File, Found
from spotify_pipeline.spotify.documents import Playlist, PlaylistItem, decode

FILES = Path(__file__).parent / "files"
MODIFIED = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
ID = "9AbCdEfGhIjKlMnOpQrSt9"


def file_at(path: str) -> File:
    """One of the files beside these tests, written in the spring of 2026."""
    content = (FILES / path).read_bytes()
    return File(Path(path).name, content, MODIFIED)


def read(file: File, named: str) -> Contents:
    """What is in a file of the format of that name."""
    kind = format_of(file)
    assert kind is not None
    assert kind.name == named
    return kind.read(file)


def typed(found: Found) -> Playlist:
    """The document as the transformation reads it."""
    return decode(found.encoded(ID), Playlist)


def entries(found: Found) -> list[PlaylistItem]:
    """The entries of the document."""
    contents = typed(found).contents
    assert contents is not None
    return contents.entries
