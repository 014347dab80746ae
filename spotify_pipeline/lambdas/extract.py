"""The Lambda function that extracts today's playlists.

    spotify_pipeline.lambdas.extract.handler

It is started by EventBridge Scheduler, by hand or by Dagster. When its time is nearly up, it stores what is complete
and starts itself again for the rest; the manifest that it writes starts the transformation.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from spotify_pipeline import aws
from spotify_pipeline.backends.source import Source
from spotify_pipeline.errors import PipelineError
from spotify_pipeline.lambdas.answers import Extraction
from spotify_pipeline.lambdas.events import ExtractionRequest, extraction_request
from spotify_pipeline.lambdas.invocation import Invocation, LambdaContext, answer
from spotify_pipeline.settings import load_settings
from spotify_pipeline.spotify.errors import OutOfTimeError
from spotify_pipeline.spotify.manifest import Status
from spotify_pipeline.steps.details import enrich_day
from spotify_pipeline.steps.extract import extract_day
from spotify_pipeline.steps.notices import completeness_notice, consent_notice
from spotify_pipeline.steps.notifications import tell_failures
from spotify_pipeline.steps.schedule import reason_to_skip

_METRICS = {
    Status.OBSERVED: "Observed",
    Status.UNCHANGED: "Unchanged",
    Status.RESTRICTED: "Restricted",
    Status.NOT_FOUND: "NotFound",
    Status.FAILED: "Failed",
    Status.IMPORTED: "Imported",
}


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Extract today's playlists; gives an `Extraction`.

    Raises:
        PipelineError: nothing could be extracted; its sentence says why.
    """
    return answer(event, context, lambda invocation: _extract(invocation, extraction_request(event)))


def _extract(invocation: Invocation, request: ExtractionRequest) -> Extraction:
    request = replace(request, since=request.since or datetime.now(UTC))
    source = Source(load_settings(), new_patience=invocation.patience)
    day = source.settings.today()
    with (
        invocation.alone(source.raw_objects, "extraction"),
        invocation.telling_failure(source, source.raw_objects, day),
    ):
        reason = reason_to_skip(source, day) if request.scheduled else None
        outcome = Extraction(day, skipped=reason) if reason else _read(source, day, invocation, request)
    _tell_of_notices(source, outcome, invocation)
    if outcome.unfinished and not invocation.is_of_dagster:
        _start_again(invocation, request)
    return outcome


def _read(source: Source, day: date, invocation: Invocation, request: ExtractionRequest) -> Extraction:
    outcome = Extraction(day)
    if "extract" in request.steps:
        outcome = _read_playlists(source, outcome, invocation, request)
    if "enrich" in request.steps and source.settings.enrich == "new" and not outcome.unfinished:
        outcome = _read_details(source, outcome, invocation, request)
    invocation.count({"Requests": outcome.requests})
    return outcome


def _read_playlists(
    source: Source, outcome: Extraction, invocation: Invocation, request: ExtractionRequest
) -> Extraction:
    try:
        manifest = extract_day(
            source,
            outcome.day,
            refresh=request.refresh,
            since=request.since,
            accept=request.accept,
            progress=invocation.progress,
        )
    except OutOfTimeError as error:  # what was read waits to be confirmed, or there was no time to read anything
        return replace(outcome, stopped=str(error), unfinished=True)
    source.raw.commit(manifest)
    invocation.count({_METRICS[Status(status)]: count for status, count in manifest.counts().items()})
    return replace(
        outcome,
        playlists=manifest.counts(),
        requests=manifest.requests,
        stopped=manifest.stopped,
        unfinished=manifest.out_of_time,
    )


def _read_details(
    source: Source, outcome: Extraction, invocation: Invocation, request: ExtractionRequest
) -> Extraction:
    enrichment = enrich_day(source, outcome.day, progress=invocation.progress)
    if "extract" in request.steps and enrichment.artists.read + enrichment.albums.read:
        # Who makes tables of the manifest began when it was written: it is written again, now that there is more.
        source.raw.correct(source.raw.open_day(outcome.day).manifest)
    return replace(
        outcome,
        requests=outcome.requests + enrichment.requests,
        artists=enrichment.artists,
        albums=enrichment.albums,
        stopped=outcome.stopped or enrichment.reason,
    )


def _tell_of_notices(source: Source, outcome: Extraction, invocation: Invocation) -> None:
    notices = [consent_notice(source)]
    if "days_left" in notices[0].numbers:
        invocation.count({"ConsentDaysLeft": notices[0].numbers["days_left"]})
    if outcome.playlists and not outcome.unfinished:
        notices.append(completeness_notice(source, outcome.day))
    urgent = [notice.text for notice in notices if notice.urgency]
    for text in urgent:
        invocation.warn(text)
    if not invocation.is_of_dagster:
        tell_failures(source, source.raw_objects, outcome.day, urgent, invocation.warn)


def _start_again(invocation: Invocation, request: ExtractionRequest) -> None:
    """Call this function once more, without waiting for it.

    Raises:
        PipelineError: it was called often enough.
    """
    rest = request.continued()
    with aws.explained(f"the function {invocation.function}", PipelineError):
        aws.client("lambda").invoke(
            FunctionName=invocation.function, InvocationType="Event", Payload=msgspec.json.encode(rest)
        )
    invocation.tell(f"The time is nearly up: invocation {rest.continuation + 1} goes on.")
