"""`spotify-pipeline query`: SQL over what is published."""

import click

from spotify_pipeline import aws
from spotify_pipeline.backends.choice import choose_backends
from spotify_pipeline.errors import SettingsError
from spotify_pipeline.query.engine import Answer
from spotify_pipeline.query.formats import FORMATS
from spotify_pipeline.query.named import named_queries, named_query
from spotify_pipeline.query.saved import save_queries
from spotify_pipeline.settings import load_settings


@click.command()
@click.argument("sql", required=False)
@click.option("--name", help="Run the named query of this name.")
@click.option("--param", "params", multiple=True, metavar="K=V", help="A parameter of the named query.")
@click.option("--list", "list_them", is_flag=True, help="List the named queries.")
@click.option("--save", is_flag=True, help="Save the named queries in the Athena workgroup, for its console.")
@click.option("--format", "output", type=click.Choice(list(FORMATS)), default="table", show_default=True)
def query(sql: str | None, name: str | None, params: tuple[str, ...], list_them: bool, save: bool, output: str) -> None:
    """Answer SQL in Athena's dialect, or a named query."""
    if [sql is not None, name is not None, list_them, save].count(True) != 1:
        raise click.UsageError("Give a statement in quotes, or --name NAME, or --list, or --save.")
    if params and name is None:
        raise click.UsageError("--param goes with --name.")
    if save:
        _save()
        return
    answer = _listing(output) if list_them else _answer(sql, name, params)
    click.echo(FORMATS[output](answer))
    if answer.scan and output != "table":  # there it is the last line
        click.echo(answer.scan, err=True)


def _answer(sql: str | None, name: str | None, params: tuple[str, ...]) -> Answer:
    values = dict(_key_and_value(param) for param in params)
    statement = sql or named_query(name or "").sql(values)
    return choose_backends(load_settings()).engine.ask(statement)


def _save() -> None:
    settings = load_settings()
    if settings.target == "local":
        raise SettingsError("Queries are saved in Athena, and SPOTIFY_PIPELINE_TARGET is local: set it to aws.")
    saved = save_queries(aws.client("athena"), settings.athena_workgroup, settings.glue_database)
    click.echo(
        f"Saved in the Athena workgroup {settings.athena_workgroup}: {saved.created} new, {saved.updated} changed, "
        f"{saved.unchanged} as they were"
    )


def _key_and_value(param: str) -> tuple[str, str]:
    key, separator, value = param.partition("=")
    if not separator:
        raise click.UsageError(f"--param takes name=value, not {param!r}.")
    return key, value


def _listing(output: str) -> Answer:
    """The named queries: for people what fits into a line, for programs all that there is to know."""
    queries = named_queries().values()
    if output == "json":
        in_full = [
            (
                one.name,
                one.title,
                one.description,
                [each.name for each in one.parameters],
                {each.name: dict(zip(each._fields[1:], each[1:], strict=True)) for each in one.parameters},
            )
            for one in queries
        ]
        return Answer(["name", "title", "description", "parameters", "parameter_details"], in_full)
    short = [(one.name, one.title, ", ".join(each.name for each in one.parameters)) for one in queries]
    return Answer(["name", "title", "parameters"], short)
