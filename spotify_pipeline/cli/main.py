"""The entry point: the group of commands, and how errors reach the user."""

import sys
import traceback
from pathlib import Path

import click
from dotenv import load_dotenv

from spotify_pipeline.cli.demo import demo
from spotify_pipeline.cli.doctor import doctor
from spotify_pipeline.cli.export import export
from spotify_pipeline.cli.forget import forget_command
from spotify_pipeline.cli.imports import import_
from spotify_pipeline.cli.login import login
from spotify_pipeline.cli.query import query
from spotify_pipeline.cli.report import report
from spotify_pipeline.cli.retention import retention
from spotify_pipeline.cli.run import run
from spotify_pipeline.cli.versions import as_of, diff
from spotify_pipeline.errors import PipelineError

_FAILED, _WRONG_USAGE = 1, 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="spotify-pipeline", message="%(version)s")
@click.option("--verbose", is_flag=True, help="Show Dagster's log, and tracebacks of errors.")
@click.pass_context
def cli(context: click.Context, verbose: bool) -> None:
    """A daily, honest history of Spotify playlists: extract, transform, publish, ask."""
    context.obj = verbose or bool(context.obj)  # `main` has taken it from anywhere on the line


for _command in (
    demo,
    login,
    doctor,
    run,
    query,
    as_of,
    diff,
    report,
    import_,
    export,
    retention,
    forget_command,
):
    cli.add_command(_command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 failed with one line on standard error, 2 wrong usage."""
    load_dotenv(Path(".env"))  # into the environment, for this package's settings and for what reads AWS_* itself
    given = sys.argv[1:] if arguments is None else arguments
    verbose = "--verbose" in given  # anywhere on the line, also behind the command
    try:
        cli.main([argument for argument in given if argument != "--verbose"], obj=verbose, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(_WRONG_USAGE)
    except (KeyboardInterrupt, click.Abort):
        _fail("Interrupted; running the same command again goes on from here.", verbose=verbose)
    except PipelineError as error:
        _fail(str(error), verbose=verbose)
    except BrokenPipeError:  # the reader, such as `head`, has had enough
        sys.stderr.close()
    except Exception as error:  # noqa: BLE001  # a bug, which a user should not have to read as a traceback
        _fail(
            f"Unexpected {type(error).__name__}: {error} (run with --verbose for the traceback).",
            verbose=verbose,
        )


def _fail(sentence: str, *, verbose: bool) -> None:
    if verbose:
        traceback.print_exc()
    click.echo(f"spotify-pipeline: {sentence}", err=True)
    sys.exit(_FAILED)
