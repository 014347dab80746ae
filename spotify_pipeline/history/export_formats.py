"""A version in the forms that other programs read: to keep it elsewhere, or to make a playlist of it again."""

from collections.abc import Callable

from spotify_pipeline.history.backup import as_backup
from spotify_pipeline.history.exportify import as_exportify
from spotify_pipeline.history.printed import Printed
from spotify_pipeline.history.version_formats import VERSION_FORMATS
from spotify_pipeline.history.versions import Version

EXPORT_FORMATS: dict[str, Callable[[Version, bytes], Printed]] = {
    "csv": lambda version, _: as_exportify(version),
    "json": lambda _, document: as_backup(document),
    "m3u8": lambda version, _: VERSION_FORMATS["m3u"](version),
    "uris": lambda version, _: VERSION_FORMATS["uris"](version),
}
"""Each takes a version, and the raw document that it was read from."""
