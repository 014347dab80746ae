"""The files under a path: one alone, those in a folder, or those in a ZIP archive."""

import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from spotify_pipeline.errors import DataError, SettingsError
from spotify_pipeline.imports.found import File

_LARGEST = 500_000_000  # bytes; nothing that is read here comes near it


def files_under(path: Path) -> Iterator[File]:
    """The files, in the order of their paths, each read when it is taken. Hidden ones are passed over.

    Raises:
        SettingsError: there is nothing under the path, or it may not be read.
        DataError: an archive is damaged.
    """
    if not path.exists():
        raise SettingsError(f"There is no file or folder {path}.")
    try:
        for each in _walked(path):
            if zipfile.is_zipfile(each):
                yield from _entries(each)
            else:
                modified = datetime.fromtimestamp(each.stat().st_mtime, UTC)
                yield File(each.name, each.read_bytes(), modified)
    except OSError as error:
        raise SettingsError(f"Cannot read {error.filename or path}: {error.strerror or error}.") from None


def _walked(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for each in sorted(path.iterdir()):
        if not each.name.startswith("."):
            yield from _walked(each)


def _entries(archive: Path) -> Iterator[File]:
    """The entries of a ZIP archive, whose times are taken to be in UTC, as they have no zone."""
    try:
        with zipfile.ZipFile(archive) as opened:
            for entry in sorted(opened.infolist(), key=lambda entry: entry.filename):
                name = PurePosixPath(entry.filename).name
                if entry.is_dir() or name.startswith("."):
                    continue
                if entry.file_size > _LARGEST:
                    raise DataError(f"{archive.name}: {entry.filename} is too large to be a list of songs.")
                yield File(name, opened.read(entry), datetime(*entry.date_time, tzinfo=UTC))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as error:
        raise DataError(f"The archive {archive.name} cannot be read: {error}.") from None
