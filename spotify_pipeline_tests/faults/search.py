"""Looking for words in everything that was written, packed or not."""

import gzip
import io
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import duckdb
import polars as pl


def files_with(words: Iterable[str], folder: Path) -> set[Path]:
    """The files in a folder that hold one of the words, or have it in their name."""
    wanted = [word.encode() for word in words]
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {
        path
        for path in paths
        if any(word in content for content in (str(path).encode(), *_contents(path)) for word in wanted)
    }


def _contents(path: Path) -> Iterator[bytes]:
    """A file's bytes, and what is packed in them."""
    content = path.read_bytes()
    yield content
    if content.startswith(b"\x1f\x8b"):
        yield gzip.decompress(content)
    elif content.startswith(b"PAR1"):
        yield repr(pl.read_parquet(io.BytesIO(content)).rows()).encode()
    elif content.startswith(b"SQLite format 3"):
        yield from _values_in_sqlite(path)
    elif content[8:12] == b"DUCK":
        with duckdb.connect(path, read_only=True) as connection:
            yield repr(connection.execute("FROM duckdb_views()").fetchall()).encode()


def _values_in_sqlite(path: Path) -> Iterator[bytes]:
    """Each value by itself: on disk a long one lies in pieces, and Dagster packs some."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    content = value if isinstance(value, bytes) else str(value).encode()
                    yield content
                    with suppress(zlib.error):
                        yield zlib.decompress(content)
