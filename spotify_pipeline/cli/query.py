"""`spotify-pipeline query`: SQL over what is published."""

import click

from spotify_pipeline.backends import Backends
from spotify_pipeline.query.engine import Answer
from spotify_pipeline.query.formats import FORMATS
from spotify_pipeline.query.named import named_queries, named_query
from spotify_pipeline.settings import load_settings


@click.command()
@click.argument("sql", required=False)
@click.option("--name", help="Run the named query of this name.")
@click.option("--param", "params", multiple=True, metavar="K=V", help="A parameter of the named query.")
@click.option("--list", "list_them", is_flag=True, help="List the named queries.")
@click.option("--format", "output", type=click.Choice(list(FORMATS)), default="table", show_default=True)
def query(sql: str | None, name: str | None, params: tuple[str, ...], list_them: bool, output: str) -> None:
    """Answer SQL in Athena's dialect, or a named query."""
    if [sql is not None, name is not None, list_them].count(True) != 1:
        raise click.UsageError("Give a statement in quotes, or --name NAME, or --list.")
    if params and name is None:
        raise click.UsageError("--param goes with --name.")
    answer = _listing() if list_them else _answer(sql, name, params)
    click.echo(FORMATS[output](answer))
    if answer.scan and output != "table":  # there it is the last line
        click.echo(answer.scan, err=True)


def _answer(sql: str | None, name: str | None, params: tuple[str, ...]) -> Answer:
    values = dict(_key_and_value(param) for param in params)
    statement = sql or named_query(name or "").sql(values)
    return Backends(load_settings()).engine.ask(statement)


def _key_and_value(param: str) -> tuple[str, str]:
    key, separator, value = param.partition("=")
    if not separator:
        raise click.UsageError(f"--param takes name=value, not {param!r}.")
    return key, value


def _listing() -> Answer:
    rows = [
        (query.name, query.title, [parameter.name for parameter in query.parameters])
        for query in named_queries().values()
    ]
    return Answer(["name", "title", "parameters"], rows)
