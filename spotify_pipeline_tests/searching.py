"""Looking for texts in every file of a folder, whatever the file packs them into."""

import base64
import gzip
import re
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import polars as pl

_BASE64 = re.compile(rb"base64,([A-Za-z0-9+/=]{16,})")


def found_in(folder: Path, texts: Collection[str]) -> set[tuple[str, str]]:
    """Which of the texts stand in which files."""
    found = set()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        for content in _contents(path):
            found |= {
                (path.relative_to(folder).as_posix(), text)
                for text in texts
                if text.encode() in content or text.encode("utf-16-le") in content
            }
    return found


def _contents(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and all that can be unpacked of them."""
    raw = path.read_bytes()
    yield path.as_posix().encode()
    yield from _unpacked(raw)
    if raw.startswith(b"PAR1"):
        yield repr(pl.read_parquet(BytesIO(raw), hive_partitioning=False).to_dicts()).encode()
    if raw.startswith(b"SQLite format 3"):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            yield from _unpacked("\n".join(connection.iterdump()).encode())


def _unpacked(content: bytes) -> Iterator[bytes]:
    yield content
    if content.startswith(b"\x1f\x8b"):
        yield gzip.decompress(content)
    for packed in _BASE64.findall(content):
        whole = packed.rstrip(b"=")[: len(packed) // 4 * 4]  # in a database a page may end within it
        yield base64.b64decode(whole + b"=" * (-len(whole) % 4))
