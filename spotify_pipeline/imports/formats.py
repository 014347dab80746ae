"""All formats, and which one a file is of."""

from spotify_pipeline.imports import account_export, addresses, archive_json, exportify, spotify_backup
from spotify_pipeline.imports.found import File, Format

FORMATS = (
    spotify_backup.JSON,
    exportify.FORMAT,
    archive_json.PRETTY,
    spotify_backup.TEXT,
    account_export.FORMAT,
    archive_json.CUMULATIVE,
    addresses.FORMAT,
    archive_json.PLAIN,
)
"""Those that hold most come first: of two files with the same playlist and day the first one's format is believed."""


def format_of(file: File) -> Format | None:
    """The format of a file; None where it is none of these."""
    return next((each for each in FORMATS if each.recognises(file)), None)
