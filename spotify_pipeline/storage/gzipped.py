"""Compression of raw documents, in the format of gzip."""

import gzip
from typing import cast

from isal import igzip, isal_zlib

from spotify_pipeline.errors import DataError

_DAMAGED = (OSError, EOFError, cast("type[Exception]", isal_zlib.error))  # its stub declares an instance

_LEVEL = 6  # 9, which is usual, takes two and a half times as long for 4 % less


def compress(document: bytes) -> bytes:
    """The same bytes for the same document, as no time is noted in them."""
    return gzip.compress(document, _LEVEL, mtime=0)


def decompress(file: bytes) -> bytes:
    """The document in a file: a third of the time that Python's own module takes, which is as long as decoding it.

    Raises:
        DataError: the file is damaged; the message says how.
    """
    try:
        document: bytes = igzip.decompress(file)  # type: ignore[no-untyped-call]  # isal has no types for it
    except _DAMAGED as error:
        raise DataError(str(error)) from None
    return document
