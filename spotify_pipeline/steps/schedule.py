"""What a scheduled run has to do: whether anything of its day is missing that could be read now."""

from datetime import date

from spotify_pipeline.backends.source import Source
from spotify_pipeline.spotify.errors import QuotaError


def reason_to_skip(source: Source, day: date) -> str | None:
    """Why a day need not be, or cannot be, extracted (again) now; None where it should.

    Raises:
        DataError: the day's manifest is damaged.
        StorageError: it cannot be read.
    """
    read = source.raw.find_day(day)
    if read and read.manifest.is_of_a_run and not read.manifest.counts()["failed"]:
        return f"Nothing of {day} is missing."
    try:
        source.quota(day).require()
    except QuotaError as error:
        return str(error)
    return None
