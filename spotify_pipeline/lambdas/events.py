"""What a function may be called with, and what that asks for.

EventBridge Scheduler, or a rule with a schedule, starts the extraction with any event whose `source` is of AWS; S3
starts the transformation, through EventBridge, with `Object Created` of a day's manifest. By hand, by Dagster and by
itself a function is called with the attributes of the requests below, all of them optional.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import unquote_plus

import msgspec
from msgspec import Meta, Struct

from spotify_pipeline.errors import SettingsError
from spotify_pipeline.spotify.playlist_ids import parse_playlist_id
from spotify_pipeline.storage.raw import day_of_manifest

_PIPES = "DAGSTER_PIPES_"  # what Dagster adds begins with it


class ExtractionRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What is wanted of the extraction of today."""

    scheduled: bool = False
    """Nothing is asked where nothing is missing, or where Spotify's quota is used up."""
    steps: tuple[Literal["extract", "enrich"], ...] = ("extract", "enrich")
    refresh: bool = False
    """Read also what today already has."""
    since: datetime | None = None
    """When the refresh began that is gone on with."""
    accept: tuple[str, ...] = ()
    """Playlists that may have lost as many rows as they have."""
    continuation: Annotated[int, Meta(ge=0)] = 0
    """How many invocations have run out of time before this one."""


class TransformationRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What is wanted of the transformation."""

    day: date | None = None
    """A day that has raw documents; without one, today."""
    steps: tuple[Literal["transform", "publish"], ...] = ("transform", "publish")


_Request = TypeVar("_Request", ExtractionRequest, TransformationRequest)


def extraction_request(event: Mapping[str, Any]) -> ExtractionRequest:
    """The request in an event.

    Raises:
        SettingsError: there is none in it.
    """
    if _is_of_aws(event):
        if event["source"] == "aws.s3":
            raise _misdirected(event)
        return ExtractionRequest(scheduled=True)
    request = _converted(event, ExtractionRequest)
    return msgspec.structs.replace(request, accept=tuple(map(parse_playlist_id, request.accept)))


def transformation_request(event: Mapping[str, Any], raw_bucket: str | None) -> TransformationRequest:
    """The request in an event.

    Raises:
        SettingsError: there is none in it.
    """
    if not _is_of_aws(event):
        return _converted(event, TransformationRequest)
    detail = event.get("detail") or {}
    # S3 encodes the keys in some of its notifications, and not in those by EventBridge; in keys of days it is the same.
    day = day_of_manifest(unquote_plus(detail.get("object", {}).get("key", "")))
    if day is None or detail.get("bucket", {}).get("name") != raw_bucket:
        raise _misdirected(event)
    return TransformationRequest(day)


def _is_of_aws(event: Mapping[str, Any]) -> bool:
    return bool(re.match(r"aws\.", str(event.get("source", ""))))


def _converted(event: Mapping[str, Any], kind: type[_Request]) -> _Request:
    try:
        wanted = {name: value for name, value in event.items() if not name.startswith(_PIPES)}
        return msgspec.convert(wanted, kind)
    except msgspec.ValidationError as error:
        raise SettingsError(f"The event is not what docs/lambda.md describes: {error}.") from None


def _misdirected(event: Mapping[str, Any]) -> SettingsError:
    return SettingsError(
        f"An event of {event['source']} ({event.get('detail-type', 'no type')}) is not for this function: correct the "
        "rule that sent it, as in deploy/template.yaml."
    )
