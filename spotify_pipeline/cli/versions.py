"""`spotify-pipeline as-of` and `spotify-pipeline diff`: a playlist as it was, and what has happened to it."""

from datetime import date, timedelta

import click

from spotify_pipeline.backends.choice import choose_backends
from spotify_pipeline.cli.terminal import drawn
from spotify_pipeline.history.comparison_formats import COMPARISON_FORMATS
from spotify_pipeline.history.printed import Printed
from spotify_pipeline.history.version_formats import VERSION_FORMATS
from spotify_pipeline.settings import load_settings
from spotify_pipeline.steps.versions import Readings, compare, find_playlist

_DAYS_BACK = {"today": 0, "yesterday": 1}


def day_of(text: str) -> date:
    """A day as `2026-11-24`, or one that is named after today in UTC, as the days of the history are."""
    if text in _DAYS_BACK:
        return load_settings().today() - timedelta(days=_DAYS_BACK[text])
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no day: write it as 2026-11-24, or today or yesterday.") from None


@click.command("as-of")
@click.argument("playlist")
@click.argument("day", metavar="DATE", type=day_of)
@click.option("--format", "output", type=click.Choice(list(VERSION_FORMATS)), default="table", show_default=True)
def as_of(playlist: str, day: date, output: str) -> None:
    """Show what was on a playlist on a day.

    PLAYLIST is an id, URI or link, or the playlist's name; DATE is a day such as 2026-11-24, or today, or yesterday.
    What --format uris prints can be pasted into a playlist in Spotify's desktop app.
    """
    version = open_readings(playlist).on(day)
    show(VERSION_FORMATS[output](version), version.note)


@click.command()
@click.argument("playlist")
@click.argument("first", metavar="[D1]", required=False, type=day_of)
@click.argument("last", metavar="[D2]", required=False, type=day_of)
@click.option("--format", "output", type=click.Choice(list(COMPARISON_FORMATS)), default="table", show_default=True)
def diff(playlist: str, first: date | None, last: date | None, output: str) -> None:
    """Show what has happened to a playlist between two days.

    From day D1 to day D2, from D1 to the newest reading, or between the two newest readings. PLAYLIST is an id, URI or
    link, or the playlist's name. With --format m3u or uris: what was removed.
    """
    if first and last and first >= last:
        # No difference backwards: it would call removed what was added, and who has mixed the days up would not see it.
        raise click.UsageError("D1 is to be before D2.")
    comparison = compare(open_readings(playlist), first, last)
    show(COMPARISON_FORMATS[output](comparison), comparison.before.note, comparison.after.note)


def open_readings(playlist: str) -> Readings:
    """The readings of the playlist that is meant, as of `find_playlist`."""
    backends = choose_backends(load_settings())
    return Readings(backends, find_playlist(backends.engine, playlist))


def show(printed: Printed, *notes: str | None) -> None:
    """Print it, and on standard error what is to be known of it."""
    text = printed.body if isinstance(printed.body, str) else drawn(printed.body)
    if text:
        click.echo(text)
    for note in (*notes, printed.note):
        if note:
            click.echo(f"note: {note}", err=True)
