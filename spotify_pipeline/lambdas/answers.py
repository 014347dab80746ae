"""What a function answers, to whoever waits for it."""

from datetime import date

from msgspec import Struct

from spotify_pipeline.spotify.details import Details


class Extraction(Struct, frozen=True, omit_defaults=True):
    """What came of it.

    Attributes:
        day: the day.
        skipped: why nothing was asked.
        playlists: how many have each status.
        requests: how many were sent, those for details included.
        stopped: why not everything was asked for.
        unfinished: whether the time was up; the function then has started itself again, unless Dagster is to do it.
        artists: of how many details are known.
        albums: as well.
    """

    day: date
    skipped: str | None = None
    playlists: dict[str, int] = {}
    requests: int = 0
    stopped: str | None = None
    unfinished: bool = False
    artists: Details | None = None
    albums: Details | None = None


class Transformation(Struct, frozen=True, omit_defaults=True):
    """What came of it.

    Attributes:
        day: the day.
        rows: how many each table has; empty where it was not transformed.
        published_days: how many the catalog shows; 0 where nothing was published.
        problems: what the verification found, a sentence each: the day is published all the same.
        made_again: days that depend on it, or were left over, and are transformed and published anew.
        still_due: such days for which there was no time; the next invocation that publishes a day goes on with them.
    """

    day: date
    rows: dict[str, int] = {}
    published_days: int = 0
    problems: tuple[str, ...] = ()
    made_again: tuple[date, ...] = ()
    still_due: tuple[date, ...] = ()


class Problem(Struct, frozen=True):
    """An error that the user can put right, where Dagster waits for the answer.

    Attributes:
        error: its sentence.
        may_pass: whether the same event may succeed a little later.
    """

    error: str
    may_pass: bool
