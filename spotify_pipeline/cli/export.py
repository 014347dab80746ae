"""`spotify-pipeline export`: a playlist for other programs, or all tables."""

from datetime import date
from pathlib import Path

import click

from spotify_pipeline.backends.choice import choose_backends
from spotify_pipeline.cli.progress import shown_progress
from spotify_pipeline.cli.versions import day_of, open_readings, show
from spotify_pipeline.errors import SettingsError
from spotify_pipeline.history.export_formats import EXPORT_FORMATS
from spotify_pipeline.history.words import counted
from spotify_pipeline.settings import load_settings
from spotify_pipeline.steps.export import export_tables
from spotify_pipeline.storage.objects import FolderStore

_PATH = click.Path(path_type=Path)


@click.command()
@click.option("--playlist", help="The playlist: its id, URI or link, or its name.")
@click.option("--day", type=day_of, help="How it was on this day; else how it was read last.")
@click.option("--format", "form", type=click.Choice(list(EXPORT_FORMATS)), help="The form of a playlist; else csv.")
@click.option("--output", type=_PATH, help="The file to write the playlist to; else it is printed.")
@click.option("--all", "path", type=_PATH, metavar="PATH", help="Copy all tables to a file *.duckdb, or to a folder.")
@click.option("--force", is_flag=True, help="Replace what is there already.")
def export(
    playlist: str | None, day: date | None, form: str | None, output: Path | None, path: Path | None, force: bool
) -> None:
    """Write a playlist as it was on a day, or all tables, for other programs.

    A playlist is written as Exportify's CSV, as spotify-backup's JSON, as M3U8 for players, or as Spotify's URIs. All
    tables are copied into one DuckDB file, if PATH ends in .duckdb, else into a folder with a Parquet file for each.
    """
    if (playlist is None) == (path is None):
        raise click.UsageError("Give either --playlist PLAYLIST, or --all PATH.")
    if path and (day or form or output):
        raise click.UsageError("--day, --format and --output go with --playlist.")
    if path:
        _export_tables(path.absolute(), force=force)
    elif playlist:
        if output and output.exists() and not force:
            raise SettingsError(f"{output} exists already: choose another file, or replace it with --force.")
        readings = open_readings(playlist)
        version = readings.on(day or readings.last_day)
        printed = EXPORT_FORMATS[form or "csv"](version, readings.document(version))
        if output:
            file = output.absolute()
            FolderStore(file.parent).put(file.name, f"{printed.body}\n".encode())
            what = f"{version.name} as it was on {version.day}: {counted(len(version.items), 'item')}"
            printed = printed._replace(body=f"{what}\n{_where(file)}")
        show(printed, version.note)


def _export_tables(path: Path, *, force: bool) -> None:
    backends = choose_backends(load_settings())
    with shown_progress("export") as progress:
        copied = export_tables(backends, path, replace=force, progress=progress)
    click.echo(f"{copied.rows:,} rows of {copied.days} days: {copied.size / 1e6:.1f} MB")
    click.echo(_where(path))


def _where(path: Path) -> str:
    return f"They are in {path}, for you alone to read."
