"""`spotify-pipeline report`: the page with charts."""

from pathlib import Path

import click

from spotify_pipeline.demo.backends import open_backends
from spotify_pipeline.history.words import counted
from spotify_pipeline.settings import load_settings
from spotify_pipeline.steps.report import FILE, save_report


@click.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"The file to write; else {FILE} in the data folder.",
)
def report(output: Path | None) -> None:
    """Write one page with charts of the history, which needs no network."""
    settings = load_settings()
    file = output.absolute() if output else settings.data_dir / FILE
    written = save_report(open_backends(settings), file)
    about = written.report
    click.echo(
        f"{counted(len(about.directory), 'playlist')} over {counted(about.days, 'day')}, "
        f"{about.first_day} to {about.newest_day}: "
        f"{written.size / 1e6:.1f} MB"
    )
    click.echo(f"Open {written.uri} in a browser; it is for you alone to read.")
