"""`spotify-pipeline run`: the daily job."""

from datetime import date, datetime

import click

from spotify_pipeline.cli.progress import shown_progress
from spotify_pipeline.demo.backends import open_backends
from spotify_pipeline.settings import load_settings
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Status

_STEPS = ("transform", "publish")
_TO_LOOK_AT = (Status.FAILED, Status.NOT_FOUND)


@click.command()
@click.option("--refresh", is_flag=True, help="Read also what today already has.")
@click.option("--from", "step", type=click.Choice(_STEPS), help="Begin with this step, for a day with raw data.")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day to begin a later step for.")
@click.pass_obj
def run(verbose: bool, refresh: bool, step: str | None, day: datetime | None) -> None:
    """Extract today's playlists, transform, audit and publish them."""
    if (step is None) != (day is None):
        raise click.UsageError("--from and --date go together: Spotify can only be asked for today.")
    from spotify_pipeline.cli.daily_job import Step, execute_day, open_instance  # noqa: PLC0415  # imports Dagster

    settings = load_settings()
    backends = open_backends(settings)
    partition = day.date() if day else settings.today()
    with (
        open_instance(settings.data_dir) as instance,
        shown_progress(f"Playlists of {partition}") as progress,
    ):
        execute_day(
            backends,
            partition,
            instance,
            step=Step(step or Step.EXTRACT),
            refresh=refresh,
            progress=progress,
            log_level="INFO" if verbose else "CRITICAL",
        )
    _print_outcome(backends.raw.open_day(partition).manifest, str(backends.catalog.path))


def _print_outcome(manifest: Manifest, catalog: str) -> None:
    counts = ", ".join(f"{count} {status}" for status, count in manifest.counts().items() if count)
    click.echo(f"{manifest.snapshot_date}: {len(manifest.playlists)} playlists ({counts or 'none'})")
    if manifest.hidden_playlists:
        click.echo(f"{manifest.hidden_playlists} more are listed, but Spotify does not tell this app what they are")
    click.echo(f"Published in {catalog}")
    for row in manifest.playlists:
        if row.status in _TO_LOOK_AT:
            click.echo(_warning(row, manifest.snapshot_date), err=True)


def _warning(row: Coverage, day: date) -> str:
    return f"warning: {row.playlist_id} is {row.status} on {day}: {row.reason}"
