"""`spotify-pipeline run`: the daily job."""

from datetime import date, datetime

import click

from spotify_pipeline.cli.progress import shown_progress
from spotify_pipeline.demo.backends import open_backends
from spotify_pipeline.errors import PipelineError
from spotify_pipeline.settings import load_settings
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Status
from spotify_pipeline.spotify.playlist_ids import parse_kept_id
from spotify_pipeline.steps.due import make_due_days
from spotify_pipeline.steps.notices import consent_notice
from spotify_pipeline.steps.publish import accept_losses
from spotify_pipeline.storage.due import Due

_STEPS = ("transform", "publish")
_TO_LOOK_AT = (Status.FAILED, Status.NOT_FOUND)
_MOST_WARNINGS = 20


@click.command()
@click.option("--refresh", is_flag=True, help="Read also what today already has.")
@click.option(
    "--accept",
    "accepted",
    multiple=True,
    metavar="PLAYLIST",
    help="Publish although this playlist has lost many of its rows.",
)
@click.option("--from", "step", type=click.Choice(_STEPS), help="Begin with this step, for a day with raw data.")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day to begin a later step for.")
@click.pass_obj
def run(verbose: bool, refresh: bool, accepted: tuple[str, ...], step: str | None, day: datetime | None) -> None:
    """Extract today's playlists, transform, audit and publish them."""
    if (step is None) != (day is None):
        raise click.UsageError("--from and --date go together: Spotify can only be asked for today.")
    from spotify_pipeline.cli.daily_job import Step, execute_day, open_instance  # noqa: PLC0415  # imports Dagster
    from spotify_pipeline.orchestration.assets import ExtractConfig  # noqa: PLC0415  # as well

    settings = load_settings()
    accept = [parse_kept_id(text) for text in accepted]
    backends = open_backends(settings)
    partition = day.date() if day else settings.today()
    if day and accept:
        accept_losses(backends.raw, partition, accept)
    log_level = "INFO" if verbose else "CRITICAL"
    with open_instance(settings.data_dir) as instance:
        with shown_progress(str(partition)) as progress:
            problems = execute_day(
                backends,
                partition,
                instance,
                step=Step(step or Step.EXTRACT),
                extraction=ExtractConfig(refresh=refresh, accept=accept),
                progress=progress,
                log_level=log_level,
            )
        manifest = backends.raw.open_day(partition).manifest
        _print_outcome(manifest, backends.catalog.location)
        _warn_of(problems)
        if step is None and (consent := consent_notice(backends)).urgency:
            click.echo(f"warning: {consent.text}", err=True)

        def make(due: Due) -> None:
            _warn_of(execute_day(backends, due.day, instance, step=due, log_level=log_level))

        failures = make_due_days(backends, make, tell=click.echo)
    if manifest.stopped:
        failures.insert(0, f"{partition} is not complete, what is complete is published: {manifest.stopped}")
    if failures:
        raise PipelineError(" | ".join(failures))


def _print_outcome(manifest: Manifest, catalog: str) -> None:
    counts = ", ".join(f"{count} {status}" for status, count in manifest.counts().items() if count)
    click.echo(f"{manifest.snapshot_date}: {len(manifest.playlists)} playlists ({counts or 'none'})")
    if manifest.hidden_playlists:
        click.echo(f"{manifest.hidden_playlists} more are listed, but Spotify does not tell this app what they are")
    click.echo(f"{manifest.requests} requests, {manifest.requests_avoided} avoided")
    click.echo(f"Published in {catalog}")
    # What is missing because the run was stopped is said once, in the end.
    to_look_at = [
        row
        for row in manifest.playlists
        if row.status in _TO_LOOK_AT and not (manifest.stopped and manifest.stopped in (row.reason or ""))
    ]
    for row in to_look_at[:_MOST_WARNINGS]:
        click.echo(_warning(row, manifest.snapshot_date), err=True)
    if len(to_look_at) > _MOST_WARNINGS:
        click.echo(
            f"warning: {len(to_look_at) - _MOST_WARNINGS} more: spotify-pipeline query --name missing_days",
            err=True,
        )


def _warn_of(problems: list[str]) -> None:
    for problem in problems:
        click.echo(f"warning: the published day is not as it should be: {problem}", err=True)


def _warning(row: Coverage, day: date) -> str:
    return f"warning: {row.playlist_id} is {row.status} on {day}: {row.reason}"
