"""`spotify-pipeline import`: history from files of other tools."""

from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

import click

from spotify_pipeline.backends.choice import choose_backends
from spotify_pipeline.cli.progress import shown_progress
from spotify_pipeline.demo.backends import demo_of, not_for_real_playlists
from spotify_pipeline.errors import DataError
from spotify_pipeline.history.words import counted
from spotify_pipeline.settings import load_settings
from spotify_pipeline.spotify.playlist_ids import parse_kept_id
from spotify_pipeline.steps.gathering import ImportedFile
from spotify_pipeline.steps.imports import Imported, import_history

_MOST_SHOWN = 20


def _playlist(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    return parse_kept_id(text) if text else None


def _playlists(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> list[str]:
    return [id_ for text in texts if (id_ := _playlist(context, parameter, text))]


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--playlist", callback=_playlist, help="The playlist that is meant, where files do not tell.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="The day that files are of which do not tell.")
@click.option(
    "--accept",
    multiple=True,
    metavar="PLAYLIST",
    callback=_playlists,
    help="Publish although this playlist loses many of its rows from one day to the next.",
)
def import_(path: Path, playlist: str | None, day: datetime | None, accept: list[str]) -> None:
    """Import history from files of other tools.

    PATH is a file, a ZIP archive, a folder of files, or a clone of a playlist archive. What was read from Spotify
    itself is never replaced, and importing twice changes nothing.
    """
    settings = load_settings()
    if demo_of(settings):
        raise not_for_real_playlists(settings)
    backends = choose_backends(settings)
    with shown_progress("import") as progress:
        imported = import_history(
            backends, path, playlist=playlist, day=day.date() if day else None, accept=accept, progress=progress
        )
        if imported.made:
            progress.tell("Dagster is told of the days")
            _tell_dagster(settings.data_dir, imported.made)
    for file in imported.files:
        _print_file(file)
    _print_days(imported, backends.catalog.location)
    if imported.failures:
        raise DataError(_listed_failures(imported.failures))


def _tell_dagster(data_dir: Path, days: list[date]) -> None:
    """Let `dagster dev` show the days as those that other runs have made."""
    from spotify_pipeline.cli.daily_job import open_instance  # noqa: PLC0415  # imports Dagster
    from spotify_pipeline.orchestration.imports import materialized  # noqa: PLC0415  # as well

    with open_instance(data_dir) as instance:
        for each in materialized(days):
            instance.report_runless_asset_event(each)


def _print_file(file: ImportedFile) -> None:
    click.echo(f"{file.name}: {file.format or 'unknown format'}, {file.accepted} rows accepted, ", nl=False)
    click.echo(f"{len(file.refused)} refused")
    for refusal in file.refused[:_MOST_SHOWN]:
        click.echo(f"  refused, {refusal.place}: {refusal.reason}")
    if len(file.refused) > _MOST_SHOWN:
        click.echo(f"  refused: {len(file.refused) - _MOST_SHOWN} more")
    for playlist_id, days in file.days.items():
        click.echo(f"  {playlist_id}: {_spans(days)}")
    for playlist_id, day in file.kept[:_MOST_SHOWN]:
        click.echo(f"  kept: {playlist_id} was observed on {day}")
    if len(file.kept) > _MOST_SHOWN:
        click.echo(f"  kept: {len(file.kept) - _MOST_SHOWN} more days")


def _spans(days: list[date]) -> str:
    """The number of days, and from when to when they reach."""
    ordered = sorted(days)
    if len(ordered) == 1:
        return str(ordered[0])
    missing = sum((after - before).days - 1 for before, after in pairwise(ordered))
    gaps = f", {missing} days missing between" if missing else ""
    return f"{len(ordered)} days, {ordered[0]} to {ordered[-1]}{gaps}"


def _print_days(imported: Imported, catalog: str) -> None:
    news = f"New: {counted(imported.written, 'reading')}" if imported.written else "All of it was here already"
    click.echo(f"{news}; {counted(len(imported.made), 'day')} made")
    click.echo(f"Published in {catalog}")


def _listed_failures(failures: list[str]) -> str:
    more = len(failures) - 1
    text = f"{len(failures)} days are not published: {failures[0]}"
    if more:
        text += f" | and {more} more"
    return f"{text} (if playlists are right to lose so much, name them with --accept)"
