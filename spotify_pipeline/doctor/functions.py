"""The functions in AWS, where they do the work: whether they are there, and work on the same buckets."""

from collections.abc import Iterator

from spotify_pipeline import aws
from spotify_pipeline.doctor.findings import Finding, Group, State
from spotify_pipeline.errors import PipelineError, SettingsError
from spotify_pipeline.settings import Settings


def examine_functions(settings: Settings) -> Iterator[Finding]:
    """Each function that Dagster would call; nothing is called."""
    if settings.compute != "lambda":
        return
    for subject, name in (("extraction", settings.extract_function), ("transformation", settings.transform_function)):
        try:
            found = _configured(name, settings)
        except PipelineError as error:
            yield Finding(Group.FUNCTIONS, subject, State.PROBLEM, str(error), {"function": name}, fails_day=True)
        else:
            yield Finding(Group.FUNCTIONS, subject, State.OK, found, {"function": name})


def _configured(name: str, settings: Settings) -> str:
    with aws.explained(f"the function {name}", SettingsError):
        there = aws.client("lambda").get_function_configuration(FunctionName=name)
    variables = there.get("Environment", {}).get("Variables", {})
    for variable, wanted in (
        ("SPOTIFY_PIPELINE_RAW_BUCKET", settings.raw_bucket),
        ("SPOTIFY_PIPELINE_TABLES_BUCKET", settings.tables_bucket),
    ):
        if variables.get(variable) != wanted:
            raise SettingsError(
                f"The function {name} has {variables.get(variable) or 'nothing'} for {variable}, and here it is "
                f"{wanted}: set both to the same."
            )
    return f"{name} is there, with {there['MemorySize']} MB and {there['Timeout']} s"
