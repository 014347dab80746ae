"""All formats, and which one a file is of."""

from spotify_pipeline.imports import account_export, addresses, archive_json, exportify, spotify_backup
from spotify_pipeline.imports.found import File, Format

FORMATS = (
    exportify.FORMAT,
    archive_json.PRETTY,
    archive_json.CUMULATIVE,
    spotify_backup.JSON,
    account_export.FORMAT,
    spotify_backup.TEXT,
    addresses.FORMAT,
    archive_json.PLAIN,
)


def format_of(file: File) -> Format | None:
    """The format of a file; None where it is none of these."""
    return next((each for each in FORMATS if each.recognises(file)), None)
