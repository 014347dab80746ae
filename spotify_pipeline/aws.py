"""AWS as every part of the package meets it: clients, and what AWS refuses as a sentence.

boto3 is imported late, because that takes a third of a second and a laptop without AWS never needs it. It reads the
`AWS_*` variables and the user's profile by itself.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

from spotify_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

_ATTEMPTS = 6  # of each request, unless AWS_MAX_ATTEMPTS says otherwise: pauses of a quarter of a minute in all
_CONNECT_SECONDS, _READ_SECONDS = 10, 60


class _Refusal(NamedTuple):
    """What AWS means with certain codes."""

    codes: frozenset[str]
    sentence: str
    may_pass: bool = False


_REFUSALS = (
    _Refusal(
        frozenset({"NoSuchBucket"}),
        "There is no such thing as {resource}: create it, or correct its name in the settings.",
    ),
    _Refusal(
        frozenset({"403", "AccessDenied", "AccessDeniedException", "AllAccessDisabled", "UnauthorizedOperation"}),
        "AWS denies {operation} on {resource} ({said}): give the role that permission; docs/aws.md has the policies.",
    ),
    _Refusal(
        frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}),
        "The AWS credentials have expired, so {resource} cannot be used: get new ones, as with `aws sso login`.",
    ),
    _Refusal(
        frozenset(
            {
                "InvalidAccessKeyId",
                "InvalidClientTokenId",
                "InvalidSignatureException",
                "SignatureDoesNotMatch",
                "UnrecognizedClientException",
            }
        ),
        "AWS does not accept the credentials for {resource} ({code}): check AWS_PROFILE, or AWS_ACCESS_KEY_ID, "
        "AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.",
    ),
    _Refusal(
        frozenset({"RequestTimeTooSkewed"}),
        "This machine's clock is wrong, so AWS refuses {operation} on {resource}: set the clock.",
    ),
    _Refusal(
        frozenset(
            {
                "301",
                "AuthorizationHeaderMalformed",
                "IllegalLocationConstraintException",
                "IncorrectEndpoint",
                "PermanentRedirect",
            }
        ),
        "AWS has {resource} in another region ({said}): set AWS_DEFAULT_REGION to that one.",
    ),
    _Refusal(
        frozenset(
            {
                "RequestLimitExceeded",
                "SlowDown",
                "ThrottledException",
                "Throttling",
                "ThrottlingException",
                "TooManyRequestsException",
            }
        ),
        "AWS limits the rate of requests to {resource} again and again ({code}): run again later.",
        may_pass=True,
    ),
    _Refusal(
        frozenset({"500", "502", "503", "InternalError", "InternalServerException", "InternalServiceException"}),
        "AWS could not answer {operation} on {resource} ({code}): run again later.",
        may_pass=True,
    ),
)


@overload
def client(service: Literal["s3"]) -> "S3Client": ...
@overload
def client(service: Literal["glue"]) -> "GlueClient": ...
@overload
def client(service: Literal["athena"]) -> "AthenaClient": ...
@overload
def client(service: Literal["secretsmanager"]) -> "SecretsManagerClient": ...
def client(service: Any) -> Any:
    """A client that repeats what was throttled or lost on the way. Nothing is asked yet.

    Raises:
        PipelineError: there is no region, or the profile does not exist.
    """
    import boto3  # noqa: PLC0415  # see above
    from botocore.config import Config  # noqa: PLC0415  # as well

    attempts = int(os.environ.get("AWS_MAX_ATTEMPTS") or _ATTEMPTS)
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
    )
    with explained(f"the service {service}", PipelineError):
        return boto3.client(service, config=config)


@contextmanager
def explained(resource: str, as_error: type[PipelineError]) -> Iterator[None]:
    """Turn what AWS refuses, or why it cannot be asked, into a sentence that names the resource.

    Args:
        resource: what is asked for, as in "the bucket my-tables".
        as_error: the class of the error.

    Raises:
        PipelineError: of that class.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # as boto3

    try:
        yield
    except ClientError as error:
        raise _refused(error, resource, as_error) from None
    except BotoCoreError as error:
        raise _not_asked(error, resource, as_error) from None


def error_code(error: "ClientError") -> str:
    """What AWS calls the error."""
    return error.response.get("Error", {}).get("Code", "")


def _refused(error: "ClientError", resource: str, as_error: type[PipelineError]) -> PipelineError:
    code, operation = error_code(error), error.operation_name
    said = error.response.get("Error", {}).get("Message", "").rstrip(".") or code
    for refusal in _REFUSALS:
        if code in refusal.codes:
            sentence = refusal.sentence.format(resource=resource, operation=operation, said=said, code=code)
            return _passing(as_error(sentence)) if refusal.may_pass else as_error(sentence)
    return as_error(f"AWS refuses {operation} on {resource}: {code}: {said}.")


def _not_asked(error: "BotoCoreError", resource: str, as_error: type[PipelineError]) -> PipelineError:
    from botocore import exceptions as boto  # noqa: PLC0415  # as boto3

    if isinstance(error, boto.NoRegionError):
        return as_error(f"No AWS region is set for {resource}: set AWS_DEFAULT_REGION.")
    if isinstance(error, boto.ProfileNotFound):
        return as_error(f"{error}, so {resource} cannot be used: correct AWS_PROFILE.")
    if isinstance(
        error,
        boto.NoCredentialsError
        | boto.PartialCredentialsError
        | boto.CredentialRetrievalError
        | boto.SSOError
        | boto.TokenRetrievalError
        | boto.LoginError,
    ):
        return as_error(
            f"No AWS credentials for {resource} ({str(error).rstrip('.')}): set AWS_PROFILE or the AWS_* variables, or "
            "log in, as with `aws sso login`."
        )
    if isinstance(error, boto.HTTPClientError | boto.ConnectionError):
        return _passing(
            as_error(
                f"Cannot reach {resource} ({str(error).rstrip('.')}): check the network, AWS_DEFAULT_REGION and "
                "AWS_ENDPOINT_URL."
            )
        )
    return as_error(f"Cannot use {resource}: {str(error).rstrip('.')}.")


def _passing(error: PipelineError) -> PipelineError:
    """The error as one that may pass without anybody doing anything."""
    error.may_pass = True
    return error
