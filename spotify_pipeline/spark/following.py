"""Whoever follows a job: Dagster, through Dagster Pipes, or the log of whoever has started it by hand."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from spotify_pipeline import aws
from spotify_pipeline.spark.answers import Outcome, Problem

if TYPE_CHECKING:
    from dagster_pipes import PipesContext

_LOG = logging.getLogger(__name__)


class Follower:
    """Hears how far the job is, and what came of it."""

    def __init__(self, dagster: "PipesContext | None" = None) -> None:
        """Lines go to the log, and to Dagster if it follows."""
        self._dagster = dagster

    def tell(self, text: str) -> None:
        """A line."""
        _LOG.info(text)
        if self._dagster:
            self._dagster.log.info(text)

    def answer(self, answer: Outcome | Problem) -> None:
        """What came of it."""
        _LOG.info("%s", answer)
        if self._dagster:
            self._dagster.report_custom_message(msgspec.to_builtins(answer))


@contextmanager
def follower() -> Iterator[Follower]:
    """Whoever follows this process: in AWS Glue Dagster is found by an argument, elsewhere by a variable."""
    from dagster_pipes import (  # noqa: PLC0415  # executors need none of it
        PipesCliArgsParamsLoader,
        PipesContext,
        PipesDefaultContextLoader,
        PipesDefaultMessageWriter,
        PipesEnvVarParamsLoader,
        PipesS3MessageWriter,
    )

    in_aws, here = PipesCliArgsParamsLoader(), PipesEnvVarParamsLoader()  # type: ignore[no-untyped-call]
    if in_aws.is_dagster_pipes_process():
        writer = PipesS3MessageWriter(aws.client("s3"), interval=1)
        with PipesContext(in_aws, PipesDefaultContextLoader(), writer) as dagster:
            yield Follower(dagster)
    elif here.is_dagster_pipes_process():
        with PipesContext(here, PipesDefaultContextLoader(), PipesDefaultMessageWriter()) as dagster:
            yield Follower(dagster)
    else:
        yield Follower()
