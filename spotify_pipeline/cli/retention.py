"""`spotify-pipeline retention`: removing days that are older than what is kept."""

import click

from spotify_pipeline.cli.progress import shown_progress
from spotify_pipeline.cli.removal import agreed
from spotify_pipeline.demo.backends import open_backends
from spotify_pipeline.errors import SettingsError
from spotify_pipeline.settings import load_settings
from spotify_pipeline.steps.report import renew_report
from spotify_pipeline.steps.retention import Removal, plan_removal, remove_days


@click.command()
@click.option(
    "--keep-days",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many days before today to keep; else SPOTIFY_PIPELINE_RETENTION_DAYS.",
)
@click.option("--dry-run", is_flag=True, help="Only tell what would be removed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def retention(keep_days: int | None, dry_run: bool, yes: bool) -> None:
    """Remove raw documents, tables and catalog entries of days that are older than what is kept."""
    settings = load_settings()
    keep_days = keep_days or settings.retention_days
    if keep_days is None:
        raise SettingsError(
            "Nothing says how many days to keep: add --keep-days, or set SPOTIFY_PIPELINE_RETENTION_DAYS."
        )
    backends = open_backends(settings)
    removal = plan_removal(backends, keep_days)
    click.echo(_told(removal))
    click.echo(f"Kept: {keep_days} days before today, {settings.today()}, and what is newer.")
    if not agreed(dry_run=dry_run, yes=yes or removal.is_empty):
        return
    with shown_progress("retention") as progress:
        remove_days(backends, removal, progress=progress, then=lambda: renew_report(backends))
    if not removal.is_empty:
        click.echo("Removed.")


def _told(removal: Removal) -> str:
    if removal.days:
        return (
            f"Older than {removal.first_kept}: {len(removal.days)} days, {removal.days[0]} to {removal.days[-1]}, "
            f"{removal.published} of them published; {removal.files} files, {removal.bytes / 1e6:.1f} MB"
        )
    unfinished = "what an interrupted removal has left, " if removal.goes_on else ""
    return f"Older than {removal.first_kept}: {unfinished}no files"
