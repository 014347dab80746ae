"""The commands behind `make deploy` and `make destroy`."""

import re
import sys
from contextlib import suppress
from pathlib import Path

import boto3
import click
from dotenv import load_dotenv

from deploy import buckets
from deploy.credentials import hand_over
from deploy.stack import Stack
from deploy.template import PARAMETERS_FILE, Template, expiration_days, read_parameters
from deploy.zips import CodeBucket
from spotify_pipeline import aws
from spotify_pipeline.errors import PipelineError, SettingsError

ZIPS = Path(".lambda")
_UNRESERVED = 100  # executions; new accounts are not even allowed as many
SECRET = "SPOTIFY_PIPELINE_SECRET_ID"  # noqa: S105  # the name of a setting


class Place:
    """Where a stack is: an account and a region, which its buckets have in their names."""

    def __init__(self, stack: str) -> None:
        """The account and the region of the AWS credentials."""
        with aws.explained("AWS", SettingsError):
            # Not that of STS, which has an address without a region too, where none is set.
            self.region: str = boto3.client("cloudformation").meta.region_name
            self.stack, self.account = stack, str(boto3.client("sts").get_caller_identity()["Account"])

    def bucket(self, purpose: str) -> str:
        """The name of one of its buckets."""
        return f"{self.stack}-{purpose}-{self.account}-{self.region}"

    def can_reserve_concurrency(self) -> bool:
        """Whether the account may keep executions back for a function: AWS leaves so many to all others."""
        with aws.explained("Lambda", PipelineError):
            limits = aws.client("lambda").get_account_settings()["AccountLimit"]
        return limits["ConcurrentExecutions"] > _UNRESERVED

    def kept_buckets(self) -> dict[str, str]:
        """The buckets with the data, by logical id, as far as they exist."""
        names = Template().kept_buckets(StackName=self.stack, AccountId=self.account, Region=self.region)
        return {logical_id: name for logical_id, name in names.items() if buckets.exists(name)}


def _checked(context: click.Context, option: click.Parameter, name: str) -> str:
    """The name of a stack, which is in the names of buckets: those have to be short, and without capitals."""
    del context, option
    if not re.fullmatch("[a-z][a-z0-9-]{0,23}", name):
        raise click.BadParameter("take small letters, digits and hyphens, 24 of them at most, a letter first")
    return name


_stack_option = click.option(
    "--stack",
    default="spotify-pipeline",
    show_default=True,
    callback=_checked,
    help="The name of the CloudFormation stack.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Put the pipeline into AWS, or take it away."""


@cli.command()
@_stack_option
@click.option("--parameters", "parameters_file", default=PARAMETERS_FILE, type=click.Path(path_type=Path))
@click.option("--zips", default=ZIPS, type=click.Path(path_type=Path), help="The folder that `make lambda` fills.")
def deploy(stack: str, parameters_file: Path, zips: Path) -> None:
    """Make the stack, or change it to what the template, the parameters and the zips say now."""
    template = Template()
    parameters = read_parameters(template, parameters_file)
    place, target = Place(stack), Stack(stack, click.echo)
    click.echo(f"Deploying {stack} to account {place.account}, {place.region}")
    if parameters["ReserveConcurrency"] == "yes" and not place.can_reserve_concurrency():
        click.echo("This account runs so few functions at once that none can be reserved: ReserveConcurrency is no.")
        parameters["ReserveConcurrency"] = "no"
    code = CodeBucket(place.bucket("code"), place.region)
    keys = code.upload(zips, parameters["Architecture"])
    given = {"CodeBucket": code.name, "ExtractCode": keys["extract"], "TransformCode": keys["transform"]}
    given["SparkCode"] = code.upload_spark(zips) if parameters["Spark"] == "yes" else ""
    given["ExpirationDays"] = expiration_days(parameters["RetentionDays"])
    target.clear_failed()
    if not target.exists and (found := place.kept_buckets()):
        click.echo(f"Data of an earlier stack is here and is taken up again: {', '.join(found.values())}")
        target.take_up(found)
    click.echo("Deployed" if target.deploy(template.text, parameters | given) else "Nothing has changed")
    code.forget_all_but(set(given.values()))
    outputs = target.outputs()
    for sentence in hand_over(outputs[SECRET]):
        click.echo(sentence)
    settings = {"AWS_DEFAULT_REGION": place.region, "SPOTIFY_PIPELINE_TARGET": "aws"} | outputs
    click.echo("\nThese lines in .env let `spotify-pipeline` on this machine use it:\n")
    click.echo("\n".join(f"{name}={value}" for name, value in settings.items()))
    click.echo("\nWhat is next: docs/lambda.md, The first day.")


@cli.command()
@_stack_option
@click.option("--yes", is_flag=True, help="Ask nothing.")
def destroy(stack: str, yes: bool) -> None:
    """Take the stack away, but not the data."""
    place, target = Place(stack), Stack(stack, click.echo)
    if not yes:
        click.confirm(f"Take {stack} away from account {place.account}, {place.region}, with the login?", abort=True)
    database = target.outputs().get("SPOTIFY_PIPELINE_GLUE_DATABASE")
    if buckets.exists(place.bucket("results")):
        buckets.empty(place.bucket("results"))
    target.delete()
    if database:
        _delete_crawler(f"spotify_pipeline_{database}")
    CodeBucket(place.bucket("code"), place.region).delete()
    click.echo(f"{stack} is gone.")
    if kept := place.kept_buckets():
        click.echo(f"The data stays, and the next `make deploy` takes it up again: {', '.join(kept.values())}")
        click.echo(f"What deletes it for ever: .venv/bin/python -m deploy delete-data --stack {stack}")


@cli.command()
@_stack_option
def delete_data(stack: str) -> None:
    """Delete what is left after `destroy`: the history, for ever."""
    place = Place(stack)
    if Stack(stack, click.echo).exists:
        raise SettingsError(f"{stack} still writes that data: run `make destroy` first.")
    found = place.kept_buckets()
    if not found:
        raise SettingsError(f"There is no data of {stack} in account {place.account}, {place.region}.")
    click.echo(f"This deletes the history in {', '.join(found.values())}. Nobody can bring it back.")
    if click.prompt("To go on, type the name of the stack") != stack:
        raise click.Abort
    for name in found.values():
        buckets.delete(name)
    click.echo("Deleted")


def _delete_crawler(name: str) -> None:
    """Delete the crawler that the transformation has made in crawler mode."""
    client = aws.client("glue")
    with aws.explained(f"the crawler {name}", PipelineError), suppress(client.exceptions.EntityNotFoundException):
        client.delete_crawler(Name=name)


if __name__ == "__main__":
    load_dotenv(Path(".env"))
    try:
        cli()
    except PipelineError as error:
        click.echo(f"deploy: {error}", err=True)
        sys.exit(1)
