"""`spotify-pipeline forget`: a playlist, or an account, vanishes from all that is kept."""

import click

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.cli.progress import shown_progress
from spotify_pipeline.cli.removal import agreed
from spotify_pipeline.demo.backends import open_backends
from spotify_pipeline.progress import Progress
from spotify_pipeline.settings import load_settings
from spotify_pipeline.spotify.playlist_ids import parse_kept_id
from spotify_pipeline.steps.forget import Trace, forget, trace

_MOST_NAMES = 20


@click.command(name="forget")
@click.option("--playlist", "playlists", multiple=True, metavar="ID", help="A playlist's id, or its link.")
@click.option("--account", "accounts", multiple=True, metavar="ID", help="A user's id; its playlists go with it.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be forgotten.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget_command(playlists: tuple[str, ...], accounts: tuple[str, ...], dry_run: bool, yes: bool) -> None:
    """Forget playlists, or accounts and whatever is theirs, on all days."""
    if not playlists and not accounts:
        raise click.UsageError("Say what to forget: --playlist or --account.")
    settings = load_settings()
    ids = [parse_kept_id(text) for text in playlists]
    backends = open_backends(settings)
    with shown_progress("looking") as progress:
        found = trace(backends, ids, accounts, progress=progress)
    for line in _told(found):
        click.echo(line)
    if not agreed(dry_run=dry_run, yes=yes or found.is_empty):
        return
    with shown_progress("forgetting") as progress:
        had_login = forget(
            backends, found, progress=progress, then=lambda: None if found.is_empty else _of_dagster(backends, progress)
        )
    if had_login:
        click.echo("The login is forgotten too. What Spotify allowed ends when the user removes the app there.")
    click.echo(
        "Forgotten. What is still asked for comes back with the next run: unfollow it, or name the playlists to read "
        "with SPOTIFY_PIPELINE_PLAYLISTS."
    )


def _of_dagster(backends: Backends, progress: Progress) -> None:
    from spotify_pipeline.cli.daily_job import open_instance  # noqa: PLC0415  # imports Dagster
    from spotify_pipeline.orchestration.forgetting import begin_history_anew  # noqa: PLC0415  # as well

    if (backends.settings.data_dir / "dagster").exists():
        with open_instance(backends.settings.data_dir) as instance:
            begin_history_anew(backends, instance, progress)


def _told(found: Trace) -> list[str]:
    if found.is_empty:
        return ["Nothing of it is in the documents and tables that are kept."]
    span = f"{len(found.days)} published days" + (f", {found.days[0]} to {found.days[-1]}" if found.days else "")
    lines = [f"{span}; {found.documents} files of {len(found.playlists)} playlists:"]
    lines += [f"  {id_} {name}".rstrip() for id_, name in list(found.playlists.items())[:_MOST_NAMES]]
    if len(found.playlists) > _MOST_NAMES:
        lines.append(f"  and {len(found.playlists) - _MOST_NAMES} more")
    lines += [
        f"Wherever {user} is the owner or has added something, nobody will be named." for user in sorted(found.users)
    ]
    lines.append("The report and the catalog are made anew, and Dagster's memory of its runs begins anew.")
    if found.goes_on:
        lines.append("An interrupted attempt is completed with it.")
    return lines
