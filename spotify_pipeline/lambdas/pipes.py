"""Dagster Pipes, from a function's side: what Dagster puts into an event, and messages back to it through S3.

The log that Lambda returns to a caller holds its last four kilobytes only, so messages go through the bucket of raw
documents.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from spotify_pipeline import aws
from spotify_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from dagster_pipes import PipesContext

_CONTEXT = "DAGSTER_PIPES_CONTEXT"


@contextmanager
def session(event: Mapping[str, Any]) -> "Iterator[PipesContext | None]":
    """The connection to the Dagster that sent the event; None where it was somebody else."""
    if _CONTEXT not in event:
        yield None
        return
    # Late, because most events are not Dagster's.
    from dagster_pipes import (  # noqa: PLC0415
        PipesContext,
        PipesDefaultContextLoader,
        PipesMappingParamsLoader,
        PipesS3MessageWriter,
    )

    # Not `open_dagster_pipes`, which would give the second event of a process the closed connection of the first.
    writer = PipesS3MessageWriter(aws.client("s3"), interval=1)
    with PipesContext(PipesMappingParamsLoader(event), PipesDefaultContextLoader(), writer) as context:
        yield context


def failure(error: PipelineError) -> dict[str, Any]:
    """An error as the answer to Dagster."""
    return {"error": str(error), "may_pass": error.may_pass}
