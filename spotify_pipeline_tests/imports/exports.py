"""CSV files as Exportify writes them, of invented songs, with the times at which they were written."""

import csv
import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

HEADER = ("Track URI", "Track Name", "Artist URI(s)", "Artist Name(s)", "Album URI", "Album Name", "Added At")


def song_id(number: int) -> str:
    """An id of Spotify's form."""
    return f"{number:022}"


def csv_of(numbers: Sequence[int], added: str = "2025-01-01T08:00:00Z") -> str:
    """A playlist with these songs."""
    out = StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(HEADER)
    for number in numbers:
        ids = (f"spotify:{kind}:{song_id(number)}" for kind in ("track", "artist", "album"))
        track, artist, album = ids
        writer.writerow([track, f"Song {number}", artist, f"Artist {number}", album, f"Album {number}", added])
    return out.getvalue()


def write_csv(file: Path, numbers: Sequence[int], day: date) -> Path:
    """Write a playlist, as if that had been done at noon of a day."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(csv_of(numbers), encoding="utf-8")
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()
    os.utime(file, (noon, noon))
    return file
