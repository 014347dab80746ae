"""The Lambda function that makes tables of a day's raw documents, audits and publishes them.

    spotify_pipeline.lambdas.transform.handler

It is started by the manifest of a day, by hand or by Dagster, which then audits and publishes by itself.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from msgspec.structs import replace

from spotify_pipeline.backends.aws import AwsWarehouse
from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.errors import PipelineError
from spotify_pipeline.lambdas.answers import Transformation
from spotify_pipeline.lambdas.events import TransformationRequest, transformation_request
from spotify_pipeline.lambdas.invocation import Invocation, LambdaContext, answer
from spotify_pipeline.settings import load_settings
from spotify_pipeline.steps.digest import tell_digest
from spotify_pipeline.steps.due import make_due_days, making_tables
from spotify_pipeline.steps.notifications import tell_failures
from spotify_pipeline.steps.publish import publish_day
from spotify_pipeline.steps.retention import hide_days
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline.steps.verification import VERIFICATIONS
from spotify_pipeline.storage.due import Due
from spotify_pipeline.tables.declarations import TABLES


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Make the tables of a day and publish them; gives a `Transformation`.

    Raises:
        PipelineError: the day is not published; its sentence says why.
    """
    return answer(event, context, lambda invocation: _transform(invocation, event))


def _transform(invocation: Invocation, event: Mapping[str, Any]) -> Transformation:
    settings = load_settings()
    warehouse = AwsWarehouse(settings, new_patience=invocation.patience)
    request = transformation_request(event, settings.raw_bucket)
    day = request.day or settings.today()
    with (
        invocation.alone(warehouse.table_objects, "transformation"),
        invocation.telling_failure(warehouse, warehouse.table_objects, day),
    ):
        outcome = _make(warehouse, request, day, invocation)
        if "publish" not in request.steps:
            return outcome
        if not invocation.is_of_dagster:
            tell_digest(warehouse, day, invocation.warn)
        outcome = _make_due_days(warehouse, outcome, invocation)
        if not invocation.is_of_dagster:
            tell_failures(warehouse, warehouse.table_objects, day, outcome.problems, invocation.warn)
            if settings.retention_days:
                # S3 removes the files, a day later: the functions may delete no history.
                invocation.tell(f"Days are kept from {hide_days(warehouse, settings.retention_days)} on")
        return outcome


def _make(warehouse: Warehouse, request: TransformationRequest, day: date, invocation: Invocation) -> Transformation:
    outcome = Transformation(day)
    if "transform" in request.steps:
        with making_tables(warehouse, day):
            # In one process: Lambda has no shared memory, without which processes cannot wait for each other.
            rows = transform_day(warehouse, warehouse.raw.open_day(day), processes=1)
        outcome = replace(outcome, rows=rows)
        invocation.tell(f"{sum(outcome.rows.values())} rows of {day} are staged")
    if "publish" in request.steps:
        publication = publish_day(warehouse, day, progress=invocation.progress)
        outcome = replace(outcome, published_days=len(publication.days), problems=_problems(warehouse, day))
        rows = outcome.rows or {name: warehouse.tables.row_count(name, day) for name in TABLES}
        invocation.count({"Rows": sum(rows.values())})
        for problem in outcome.problems:
            invocation.warn(f"The published day is not as it should be: {problem}")
    return outcome


def _make_due_days(warehouse: Warehouse, outcome: Transformation, invocation: Invocation) -> Transformation:
    """Make the days again that are due, as long as there is time for one more like the longest of them.

    Raises:
        PipelineError: some could not be; the others are.
    """
    clock, longest = invocation.clock, timedelta()
    made: list[Transformation] = []

    def make(due: Due) -> None:
        nonlocal longest
        began = clock.now()
        made.append(_make(warehouse, TransformationRequest(due.day), due.day, invocation))
        longest = max(longest, clock.now() - began)

    def has_time() -> bool:
        return clock.now() + longest < invocation.deadline

    if failures := make_due_days(warehouse, make, tell=invocation.tell, has_time=has_time):
        raise PipelineError(" | ".join(failures))
    return replace(
        outcome,
        made_again=tuple(each.day for each in made),
        still_due=tuple(warehouse.due.load()),
        problems=outcome.problems + tuple(problem for each in made for problem in each.problems),
    )


def _problems(warehouse: Warehouse, day: date) -> tuple[str, ...]:
    problems: list[str] = []
    for verification in VERIFICATIONS:
        try:
            problems += verification.find_problems(warehouse, day)
        except PipelineError as error:  # the day is published all the same
            problems.append(f"{verification.name} cannot be verified: {error}")
    return tuple(problems)
