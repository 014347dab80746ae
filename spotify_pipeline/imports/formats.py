"""All formats, and which one a file is of."""

from spotify_pipeline.imports import exportify
from spotify_pipeline.imports.found import File, Format

FORMATS = (exportify.FORMAT,)


def format_of(file: File) -> Format | None:
    """The format of a file; None where it is none of these."""
    return next((each for each in FORMATS if each.recognises(file)), None)
