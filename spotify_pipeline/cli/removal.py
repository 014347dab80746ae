"""What commands that remove something have in common: they tell what would go, and ask whoever can answer."""

import sys

import click


def agreed(*, dry_run: bool, yes: bool) -> bool:
    """Whether to remove what was just told: on a terminal it is asked, unless it was said; elsewhere it is meant so."""
    if dry_run:
        click.echo("Nothing was removed, because of --dry-run.")
        return False
    if yes or not sys.stdin.isatty():
        return True
    return click.confirm("Remove it, for good?")
