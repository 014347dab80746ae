"""AWS as every part of the package meets it: clients, and what AWS refuses as a sentence.

boto3 is imported late, because that takes a third of a second and a laptop without AWS never needs it. It reads the
`AWS_*` variables and the user's profile by itself.
"""

import logging
import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, overload

from spotify_pipeline.errors import PipelineError, SettingsError

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

# At the level DEBUG, botocore tells its log what is sent and received: the Spotify secret, and the AWS session token. A
# level would not do: whoever sets up logging, such as Dagster, may set another one.
for _module in ("auth", "endpoint", "parsers"):
    logging.getLogger(f"botocore.{_module}").addFilter(lambda record: record.levelno > logging.DEBUG)

_ATTEMPTS = 6  # of each request, unless AWS_MAX_ATTEMPTS says otherwise: pauses of a quarter of a minute in all
_CONNECT_SECONDS, _READ_SECONDS = 10, 60
_SILENT_SECONDS = 60
"""After which TCP asks whether the other side is still there; a NAT gateway forgets a silent connection after 350."""
_TCP_KEEPIDLE = getattr(socket, "TCP_KEEPIDLE", None) or getattr(socket, "TCP_KEEPALIVE", None)  # as macOS calls it
CONNECTIONS = 16
"""How many requests of one client can be under way at once."""

_CLOCK = "RequestTimeTooSkewed"
_CLOCK_WORDS = ("Signature expired", "Signature not yet current")  # with the code of a false signature


class SnsClient(Protocol):
    """What is used of the client of Amazon SNS."""

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> object:  # noqa: N803  # as boto3 has them
        """Send a message to a topic."""
        ...


class _Refusal(NamedTuple):
    """What AWS means with certain codes."""

    codes: frozenset[str]
    sentence: str
    may_pass: bool = False


_REFUSALS = (
    _Refusal(
        frozenset({"NoSuchBucket", "ResourceNotFoundException"}),
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
                "InvalidToken",
                "SignatureDoesNotMatch",
                "UnrecognizedClientException",
            }
        ),
        "AWS does not accept the credentials for {resource} ({code}): check AWS_PROFILE, or AWS_ACCESS_KEY_ID, "
        "AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.",
    ),
    _Refusal(
        frozenset({_CLOCK}),
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
        "AWS has {resource} in another region ({region}): set AWS_DEFAULT_REGION to that one.",
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
)
_AT_FAULT = _Refusal(
    frozenset(), "AWS could not answer {operation} on {resource} ({code}): run again later.", may_pass=True
)


@overload
def client(service: Literal["s3"]) -> "S3Client": ...
@overload
def client(service: Literal["glue"]) -> "GlueClient": ...
@overload
def client(service: Literal["athena"]) -> "AthenaClient": ...
@overload
def client(service: Literal["secretsmanager"]) -> "SecretsManagerClient": ...
@overload
def client(service: Literal["sns"]) -> SnsClient: ...
@overload
def client(service: Literal["lambda"], *, work_seconds: int | None = None) -> "LambdaClient": ...
def client(service: Any, *, work_seconds: int | None = None) -> Any:
    """A client that repeats what was throttled or lost on the way. Nothing is asked yet.

    Args:
        service: as boto3 calls it.
        work_seconds: how long to wait for an answer that is work, not to be done twice: nothing is repeated then, and
            the connection is kept alive meanwhile.

    Raises:
        SettingsError: there is no region, the profile does not exist, or another variable of AWS is wrong.
    """
    import boto3  # noqa: PLC0415  # see above
    from botocore.config import Config  # noqa: PLC0415  # as well

    attempts = os.environ.get("AWS_MAX_ATTEMPTS") or str(_ATTEMPTS)
    if not re.fullmatch("[1-9][0-9]{0,3}", attempts):
        raise SettingsError("AWS_MAX_ATTEMPTS: set it to a whole number from 1, or unset it.")
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 1 if work_seconds else int(attempts)},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=work_seconds or _READ_SECONDS,
        max_pool_connections=CONNECTIONS,
        tcp_keepalive=work_seconds is not None,
    )
    with explained(f"the service {service}", SettingsError):
        try:
            made = boto3.client(service, config=config)
        except ValueError as error:  # the address or the region is no such thing
            raise SettingsError(
                f"Cannot use the service {service}: {one_line(str(error))}: correct the AWS_* variables."
            ) from None
    if work_seconds and _TCP_KEEPIDLE:
        # botocore leaves it to the operating system after how long TCP asks: on Linux that is two hours.
        made._endpoint.http_session._socket_options.append(  # noqa: SLF001  # there is no public way
            (socket.IPPROTO_TCP, _TCP_KEEPIDLE, _SILENT_SECONDS)
        )
    return made


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


def one_line(text: str) -> str:
    """The text as a part of a sentence."""
    return " ".join(text.split()).rstrip(".")


def error_code(error: "ClientError") -> str:
    """What AWS calls the error."""
    return error.response.get("Error", {}).get("Code", "")


def _refused(error: "ClientError", resource: str, as_error: type[PipelineError]) -> PipelineError:
    told: Mapping[str, Any] = {**error.response.get("Error", {})}
    answer = error.response.get("ResponseMetadata", {})
    said = one_line(told.get("Message") or "")
    code = _CLOCK if said.startswith(_CLOCK_WORDS) else error_code(error)
    refusal = next((refusal for refusal in _REFUSALS if code in refusal.codes), None)
    if refusal is None and answer.get("HTTPStatusCode", 0) >= 500:
        refusal = _AT_FAULT
    if refusal is None:
        return as_error(f"AWS refuses {error.operation_name} on {resource}: {code}: {said or 'no reason given'}.")
    region = answer.get("HTTPHeaders", {}).get("x-amz-bucket-region") or told.get("Region")
    result = as_error(
        refusal.sentence.format(
            resource=resource,
            operation=error.operation_name,
            code=code,
            said=said or code,
            region=region or said or code,
        )
    )
    result.may_pass = refusal.may_pass
    return result


def _not_asked(error: "BotoCoreError", resource: str, as_error: type[PipelineError]) -> PipelineError:
    from botocore import exceptions as boto  # noqa: PLC0415  # as boto3

    said = one_line(str(error))
    if isinstance(error, boto.NoRegionError):
        return as_error(f"No AWS region is set for {resource}: set AWS_DEFAULT_REGION.")
    if isinstance(error, boto.ProfileNotFound):
        return as_error(f"{said}, so {resource} cannot be used: correct AWS_PROFILE.")
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
            f"No AWS credentials for {resource} ({said}): set AWS_PROFILE or the AWS_* variables, or log in, as with "
            "`aws sso login`."
        )
    if isinstance(error, boto.HTTPClientError | boto.ConnectionError | boto.IncompleteReadError):
        result = as_error(
            f"Cannot reach {resource} ({said}): check the network, AWS_DEFAULT_REGION and AWS_ENDPOINT_URL."
        )
        result.may_pass = True
        return result
    return as_error(f"Cannot use {resource}: {said}.")
