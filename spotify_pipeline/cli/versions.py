"""`spotify-pipeline as-of` and `spotify-pipeline diff`: a playlist as it was, and what has happened to it."""

from datetime import datetime

import click

from spotify_pipeline.backends.choice import choose_backends
from spotify_pipeline.cli.terminal import drawn
from spotify_pipeline.history.comparison_formats import COMPARISON_FORMATS
from spotify_pipeline.history.printed import Printed
from spotify_pipeline.history.version_formats import VERSION_FORMATS
from spotify_pipeline.settings import load_settings
from spotify_pipeline.steps.readings import Readings, compare, find_playlist

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command("as-of")
@click.argument("playlist")
@click.argument("day", metavar="DATE", type=_DAY)
@click.option("--format", "output", type=click.Choice(list(VERSION_FORMATS)), default="table", show_default=True)
def as_of(playlist: str, day: datetime, output: str) -> None:
    """Show what was on a playlist on a day.

    PLAYLIST is an id, URI or link, or the playlist's name. With --format uris, what is printed can be pasted into a
    playlist in Spotify's desktop app.
    """
    version = _readings(playlist).on(day.date())
    _show(VERSION_FORMATS[output](version), version.note)


@click.command()
@click.argument("playlist")
@click.argument("first", metavar="[D1]", required=False, type=_DAY)
@click.argument("last", metavar="[D2]", required=False, type=_DAY)
@click.option("--format", "output", type=click.Choice(list(COMPARISON_FORMATS)), default="table", show_default=True)
def diff(playlist: str, first: datetime | None, last: datetime | None, output: str) -> None:
    """Show what has happened to a playlist between two days.

    From day D1 to day D2, from D1 to the newest reading, or between the two newest readings. PLAYLIST is an id, URI or
    link, or the playlist's name. With --format m3u or uris: what was removed.
    """
    if first and last and first >= last:
        # No difference backwards: it would call removed what was added, and who has mixed the days up would not see it.
        raise click.UsageError("D1 is to be before D2.")
    comparison = compare(_readings(playlist), first.date() if first else None, last.date() if last else None)
    _show(COMPARISON_FORMATS[output](comparison), comparison.before.note, comparison.after.note)


def _readings(playlist: str) -> Readings:
    backends = choose_backends(load_settings())
    return Readings(backends, find_playlist(backends.engine, playlist))


def _show(printed: Printed, *notes: str | None) -> None:
    text = printed.body if isinstance(printed.body, str) else drawn(printed.body)
    if text:
        click.echo(text)
    for note in (*notes, printed.note):
        if note:
            click.echo(f"note: {note}", err=True)
