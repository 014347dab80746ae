"""Extraction and transformation in the deployed functions: what they are asked for, and what Dagster shows of it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from dagster import IOManager, MaterializeResult, OpExecutionContext, Output

from spotify_pipeline.errors import DataError, SettingsError
from spotify_pipeline.lambdas.answers import Extraction, Transformation
from spotify_pipeline.lambdas.events import ExtractionRequest, TransformationRequest
from spotify_pipeline.orchestration.compute import Compute, InProcess
from spotify_pipeline.orchestration.io_managers import CommittedDocumentsIOManager
from spotify_pipeline.orchestration.metadata import enrichment_metadata
from spotify_pipeline.orchestration.partitions import partition_day
from spotify_pipeline.spotify.manifest import Manifest
from spotify_pipeline.steps.details import Enrichment
from spotify_pipeline.steps.extract import require_today
from spotify_pipeline.storage.raw import RawDay

if TYPE_CHECKING:
    from spotify_pipeline.orchestration.lambda_function import LambdaFunction

_Answer = TypeVar("_Answer", Extraction, Transformation)


class InLambda(Compute):
    """The functions do the work; audit, publication and verification stay here, where their checks are."""

    @property
    def io_managers(self) -> Mapping[str, IOManager]:
        """The function has committed the documents."""
        return {**super().io_managers, "raw_documents": CommittedDocumentsIOManager(self._backends)}

    def extract(self, context: OpExecutionContext, *, refresh: bool, accept: Sequence[str]) -> Output[Manifest]:
        """Call the extraction until it has read the day; its time may be up before."""
        backends, day = self._backends, partition_day(context.partition_key)
        require_today(backends.settings, day)
        request = ExtractionRequest(
            steps=("extract",),
            refresh=refresh,
            since=backends.clock.now() if refresh else None,
            accept=tuple(accept),
        )
        function = self._function(backends.settings.extract_function, context)
        while _ask(function, request, Extraction, day).unfinished:
            request = request.continued()
            context.log.info(f"The function's time was up: invocation {request.continuation + 1} goes on.")
        return Output(backends.raw.open_day(day).manifest, metadata=function.facts())

    def enrich(self, context: OpExecutionContext) -> MaterializeResult[Any]:
        """Call the extraction for details; for another day than today there is nothing to be asked."""
        settings, day = self._backends.settings, partition_day(context.partition_key)
        if day != settings.today():
            return InProcess(self._backends).enrich(context)
        function = self._function(settings.extract_function, context)
        outcome = _ask(function, ExtractionRequest(steps=("enrich",)), Extraction, day)
        if outcome.artists is None or outcome.albums is None:
            raise SettingsError(
                f"The function {function.name} reads no details: set SPOTIFY_PIPELINE_ENRICH to new there as well."
            )
        enrichment = Enrichment(outcome.artists, outcome.albums, outcome.requests, outcome.stopped)
        return MaterializeResult(metadata=enrichment_metadata(enrichment) | function.facts())

    def _stage_tables(self, context: OpExecutionContext, raw_day: RawDay) -> Mapping[str, Any]:
        """Call the transformation."""
        day = raw_day.manifest.snapshot_date
        function = self._function(self._backends.settings.transform_function, context)
        _ask(function, TransformationRequest(day, steps=("transform",)), Transformation, day)
        return function.facts()

    def _function(self, name: str, context: OpExecutionContext) -> "LambdaFunction":
        # Late, because that imports dagster_aws, which takes two to five seconds.
        from spotify_pipeline.orchestration.lambda_function import LambdaFunction  # noqa: PLC0415

        return LambdaFunction(name, str(self._backends.settings.raw_bucket), context, self._backends.clock)


def _ask(
    function: "LambdaFunction", request: ExtractionRequest | TransformationRequest, kind: type[_Answer], day: date
) -> _Answer:
    """What came of a request for a day.

    Raises:
        DataError: the day was over when the function began.
        SettingsError: another function has answered.
        PipelineError: the function was not called, or could not do it.
    """
    try:
        answer = msgspec.convert(function.call(request), kind)
    except msgspec.ValidationError as error:
        raise SettingsError(
            f"What the function {function.name} answers is not understood ({error}): correct its name in the settings, "
            "or deploy the version that runs here."
        ) from None
    if answer.day != day:
        raise DataError(f"The function {function.name} worked on {answer.day}, as {day} was over: run that day.")
    return answer
