"""Apache Spark, where it makes the tables: whether it is there, and works on the same buckets."""

from collections.abc import Iterator

from spotify_pipeline import aws
from spotify_pipeline.doctor.findings import Finding, Group, State
from spotify_pipeline.errors import PipelineError, SettingsError
from spotify_pipeline.settings import Settings
from spotify_pipeline.spark.requirements import require_spark


def examine_spark(settings: Settings) -> Iterator[Finding]:
    """Spark on this machine, or the job in AWS Glue; nothing is started."""
    if settings.compute != "spark":
        return
    try:
        found = _on_this_machine() if settings.target == "local" else _in_glue(settings)
    except PipelineError as error:
        yield Finding(Group.SPARK, "transformation", State.PROBLEM, str(error), fails_day=True)
    else:
        yield Finding(Group.SPARK, "transformation", State.OK, found)


def _on_this_machine() -> str:
    require_spark()
    return "Spark and Java are installed"


def _in_glue(settings: Settings) -> str:
    name, client = settings.spark_job, aws.client("glue")
    with aws.explained(f"the Glue job {name}", SettingsError):
        try:
            job = client.get_job(JobName=name)["Job"]
        except client.exceptions.EntityNotFoundException:
            raise SettingsError(
                f"There is no Glue job {name}: deploy it with Spark=yes, or correct SPOTIFY_PIPELINE_SPARK_JOB."
            ) from None
    for argument, wanted in (("--raw-bucket", settings.raw_bucket), ("--tables-bucket", settings.tables_bucket)):
        if (has := job.get("DefaultArguments", {}).get(argument)) != wanted:
            raise SettingsError(
                f"The Glue job {name} has {has or 'nothing'} for {argument}, and here it is {wanted}: set both to the "
                "same."
            )
    return f"{name} is there, with {job.get('NumberOfWorkers')} workers of type {job.get('WorkerType')} at most"
