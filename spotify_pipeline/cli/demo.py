"""`spotify-pipeline demo`: a month of invented history through the real pipeline."""

import os
import shutil
import sys
from datetime import UTC, date, datetime, timedelta

import click

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.cli.progress import shown_progress
from spotify_pipeline.demo.backends import Demo, DemoBackends, demo_of, mark_as_demo
from spotify_pipeline.errors import SettingsError
from spotify_pipeline.query.engine import Answer
from spotify_pipeline.query.formats import as_table
from spotify_pipeline.query.named import named_query
from spotify_pipeline.settings import Settings, load_settings
from spotify_pipeline.tables.declarations import TABLES

_SEED = 2026
_EXAMPLES = ("top_artists", "release_decades", "what_changed")
_EXAMPLE_ROWS = 10  # on some days a whole playlist is reordered


@click.command()
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="How many days, up to today.")
@click.pass_obj
def demo(verbose: bool, days: int) -> None:
    """Run days of an invented Spotify through the pipeline: no account, no keys, no cloud."""
    from spotify_pipeline.cli.daily_job import execute_day, open_instance  # noqa: PLC0415  # imports Dagster

    settings = load_settings()
    today = datetime.now(UTC).date()
    wanted = [today - timedelta(days=back) for back in reversed(range(days))]
    history = demo_of(settings)
    if history is None:
        history = Demo(first_day=wanted[0], seed=_SEED)
        mark_as_demo(settings, history)
    if wanted[0] < history.first_day:
        raise SettingsError(
            f"The demo in {settings.data_dir} begins on {history.first_day}: for {days} days remove that folder, or "
            "choose another with SPOTIFY_PIPELINE_DATA_DIR."
        )
    done = set(choose_backends(settings).tables.published_days())
    missing = [day for day in wanted if day not in done]
    with open_instance(settings.data_dir) as instance, shown_progress("Days of the demo") as progress:
        for number, day in enumerate(missing):
            progress.count(number, len(missing), f"{day}: extract, transform, audit, publish")
            backends = DemoBackends(_on(settings, day), history)
            execute_day(backends, day, instance, log_level="INFO" if verbose else "CRITICAL")
            progress.count(number + 1, len(missing), f"{day} is published")
    _print_outcome(choose_backends(settings))


def _on(settings: Settings, day: date) -> Settings:
    """The settings with a fixed day, as for a replay server, and without the user's own Spotify app."""
    return settings.model_copy(update={"fixed_today": day, "playlists": "mine", "client_id": None})


def _print_outcome(backends: Backends) -> None:
    engine, program = backends.engine, _program()
    counts = " UNION ALL ".join(
        f"SELECT {number} AS number, '{name}' AS name, count(*) AS row_count, "
        f"count(DISTINCT snapshot_date) AS days FROM {name}"
        for number, name in enumerate(TABLES)
    )
    made = engine.ask(f'SELECT name AS "table", row_count AS "rows", days FROM ({counts}) ORDER BY number')
    click.echo(f"Made in {backends.settings.data_dir}:\n\n{as_table(made)}\n")
    for name in _EXAMPLES:
        question = named_query(name)
        click.echo(f"{question.title} ({program} query --name {name}):\n")
        click.echo(_beginning(engine.ask(question.sql())) + "\n")
    click.echo(
        f'Ask your own:    {program} query "SELECT name, items_total FROM playlists '
        'WHERE snapshot_date = current_date"\n'
        f"Any DuckDB tool: {backends.catalog.location}\n"
        "The UI:          make dev, then http://127.0.0.1:3000"
    )


def _beginning(answer: Answer) -> str:
    """The first rows, with how many more there are."""
    *table, number = as_table(answer._replace(rows=answer.rows[:_EXAMPLE_ROWS])).splitlines()
    more = len(answer.rows) - _EXAMPLE_ROWS
    return "\n".join([*table, f"{number} and {more} more" if more > 0 else number])


def _program() -> str:
    """This program as it can be typed: its name where it is on the PATH, else where it was started."""
    return "spotify-pipeline" if shutil.which("spotify-pipeline") else os.path.relpath(sys.argv[0])
