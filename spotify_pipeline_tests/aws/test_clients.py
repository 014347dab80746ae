"""What AWS refuses, or why it cannot be asked, as a sentence."""

import logging
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from urllib3.connection import HTTPConnection

from spotify_pipeline import aws as product
from spotify_pipeline.errors import PipelineError, SettingsError, StorageError
from spotify_pipeline_tests.aws.conftest import Aws
from spotify_pipeline_tests.aws.fake_aws import Answer, FakeAws, Request, found, refused, refused_by_s3
from spotify_pipeline_tests.cli.conftest import Run

SECRETS = ("made-up-secret-key", "made-up-session-token")
REMEDIES = ("run again later", "create it", "correct", "give", "get new", "check", "set ")


def error_of(action: Callable[[], object], resource: str = "the bucket my-bucket") -> PipelineError:
    """What this raises, which must be one line that names the resource, says what to do and tells no secret."""
    with pytest.raises(StorageError) as caught, product.explained(resource, StorageError):
        action()
    sentence = str(caught.value)
    assert resource in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert not any(secret in sentence for secret in SECRETS)
    assert any(remedy in sentence for remedy in REMEDIES)
    assert caught.value.__suppress_context__
    return caught.value


def listing() -> object:
    return product.client("s3").list_objects_v2(Bucket="my-bucket")


def database() -> object:
    return product.client("glue").get_database(Name="spotify")


SIGNATURE = (
    "The request signature we calculated does not match. The Canonical String should have been\n'POST\n/\nx:made-up'"
)
MALFORMED = "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'"
SKEWED = "Signature expired: 20261124T010000Z is now earlier than 20261124T055000Z (20261124T055500Z - 5 min.)"
NOT_YET = "Signature not yet current: 20261124T090000Z is still later than 20261124T060000Z"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (refused_by_s3("NoSuchBucket", status=404), "There is no such thing as the bucket my-bucket: create it"),
        (
            refused_by_s3("AccessDenied", "arn:aws:iam::1:user/a is not authorized to perform: it"),
            "AWS denies ListObjectsV2 on the bucket my-bucket (arn:aws:iam::1:user/a is not authorized to perform: it)",
        ),
        (refused_by_s3("AllAccessDisabled"), "AWS denies ListObjectsV2 on the bucket my-bucket (AllAccessDisabled)"),
        (refused_by_s3("ExpiredToken", status=400), "The AWS credentials have expired"),
        (refused_by_s3("InvalidAccessKeyId"), "does not accept the credentials for the bucket my-bucket (InvalidAcc"),
        (refused_by_s3("SignatureDoesNotMatch", SIGNATURE), "does not accept the credentials for the bucket"),
        (refused_by_s3("InvalidToken", status=400), "does not accept the credentials for the bucket my-bucket"),
        (refused_by_s3("RequestTimeTooSkewed"), "This machine's clock is wrong, so AWS refuses ListObjectsV2 on"),
    ],
)
def test_what_s3_refuses_is_one_sentence_and_asked_once(fake_aws: FakeAws, answer: Answer, sentence: str) -> None:
    fake_aws.answering = lambda _: answer
    error = error_of(listing)
    assert sentence in str(error)
    assert not error.may_pass
    assert len(fake_aws.requests) == 1


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (refused_by_s3("Odd", "It is\nodd.", 409), "Odd: It is odd."),
        (refused_by_s3("Odd", "", 409), "Odd: no reason given."),
        (Answer(409), "409: Conflict."),
    ],
)
def test_what_is_refused_for_an_unknown_reason_is_told_as_aws_says_it(
    fake_aws: FakeAws, answer: Answer, told: str
) -> None:
    fake_aws.answering = lambda _: answer
    with pytest.raises(StorageError) as caught, product.explained("the bucket my-bucket", StorageError):
        listing()
    assert str(caught.value) == f"AWS refuses ListObjectsV2 on the bucket my-bucket: {told}"
    assert not caught.value.may_pass


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            refused("AccessDeniedException", "no policy allows it"),
            "AWS denies GetDatabase on the Glue database spotify",
        ),
        (refused("ExpiredTokenException", "The security token has expired"), "The AWS credentials have expired"),
        (refused("UnrecognizedClientException"), "does not accept the credentials for the Glue database spotify (Unr"),
        (refused("InvalidSignatureException", SIGNATURE), "does not accept the credentials for the Glue database"),
        (refused("InvalidSignatureException", SKEWED), "This machine's clock is wrong"),
        (refused("InvalidSignatureException", NOT_YET), "This machine's clock is wrong"),
    ],
)
def test_what_glue_refuses_is_one_sentence_and_asked_once(fake_aws: FakeAws, answer: Answer, sentence: str) -> None:
    fake_aws.answering = lambda _: answer
    error = error_of(database, "the Glue database spotify")
    assert sentence in str(error)
    assert not error.may_pass
    assert len(fake_aws.requests) == 1


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (listing, refused_by_s3("SlowDown", status=503)),
        (database, refused("ThrottlingException", "Rate exceeded")),
        (database, refused("TooManyRequestsException")),
        (database, refused("RequestLimitExceeded", status=503)),
    ],
)
def test_throttling_is_waited_out_and_told_in_the_end(
    fake_aws: FakeAws, pauses: list[float], ask: Callable[[], object], answer: Answer
) -> None:
    fake_aws.answering = lambda _: answer
    error = error_of(ask)
    assert str(error).startswith("AWS limits the rate of requests to the bucket my-bucket again and again (")
    assert error.may_pass
    assert len(fake_aws.requests) == 6
    assert len(pauses) == 5
    assert all(0 <= pause <= 2**attempt for attempt, pause in enumerate(pauses))


def test_throttling_that_ends_is_not_noticed(fake_aws: FakeAws) -> None:
    answers = iter([refused("ThrottlingException")] * 5 + [found({"Database": {"Name": "spotify"}})])
    fake_aws.answering = lambda _: next(answers)
    assert database()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refused_by_s3("InternalError", status=500), "InternalError"),
        (refused_by_s3("ServiceUnavailable", status=503), "ServiceUnavailable"),
        (Answer(502, b"<html>Bad Gateway</html>"), "502"),
        (Answer(504), "504"),
    ],
)
def test_what_is_aws_s_own_fault_is_repeated_and_may_pass(fake_aws: FakeAws, answer: Answer, code: str) -> None:
    fake_aws.answering = lambda _: answer
    error = error_of(listing)
    assert str(error) == f"AWS could not answer ListObjectsV2 on the bucket my-bucket ({code}): run again later."
    assert error.may_pass
    assert len(fake_aws.requests) == 6


@pytest.mark.parametrize("answer", [refused("InternalServiceException", status=500), Answer(503)])
def test_a_fault_of_a_service_that_speaks_json_may_pass_too(fake_aws: FakeAws, answer: Answer) -> None:
    fake_aws.answering = lambda _: answer
    error = error_of(database)
    assert "AWS could not answer GetDatabase on" in str(error)
    assert error.may_pass
    assert len(fake_aws.requests) == 6


@pytest.mark.parametrize(
    "failure",
    [
        EndpointConnectionError(endpoint_url="https://glue.us-east-1.amazonaws.com/"),
        ReadTimeoutError(endpoint_url="https://glue.us-east-1.amazonaws.com/"),
    ],
)
def test_a_network_that_fails_is_tried_again_and_may_pass(fake_aws: FakeAws, failure: Exception) -> None:
    def answering(_: Request) -> Answer:
        raise failure

    fake_aws.answering = answering
    error = error_of(database)
    assert str(error).startswith("Cannot reach the bucket my-bucket (")
    assert "https://glue.us-east-1.amazonaws.com/" in str(error)
    assert error.may_pass
    assert len(fake_aws.requests) == 6


def test_an_object_that_ends_early_may_pass(fake_aws: FakeAws) -> None:
    fake_aws.answering = lambda _: Answer(body=b"half", headers={"content-length": "8"})
    error = error_of(product.client("s3").get_object(Bucket="my-bucket", Key="a")["Body"].read)
    assert str(error).startswith("Cannot reach the bucket my-bucket (4 read, but total bytes expected is 8)")
    assert error.may_pass


def test_an_address_where_nobody_listens_is_named(fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    error = error_of(database)
    assert 'Could not connect to the endpoint URL: "http://127.0.0.1:9/"' in str(error)
    assert error.may_pass


@pytest.mark.parametrize("attempts", [1, 3])
def test_the_number_of_attempts_is_the_user_s(
    fake_aws: FakeAws, attempts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", str(attempts))
    fake_aws.answering = lambda _: refused("ThrottlingException")
    error_of(database)
    assert len(fake_aws.requests) == attempts


# A bucket in another region: botocore follows S3's answer, once, and then keeps to that region.


def region_of(request: Request) -> str:
    return request.headers["Authorization"].split("/")[2]


@pytest.mark.parametrize(
    "answer",
    [
        refused_by_s3("PermanentRedirect", status=301, x_amz_bucket_region="eu-west-1"),
        refused_by_s3("PermanentRedirect", status=301, region="eu-west-1"),
        refused_by_s3("AuthorizationHeaderMalformed", MALFORMED, 400, "eu-west-1"),
        refused_by_s3("IllegalLocationConstraintException", status=400, x_amz_bucket_region="eu-west-1"),
    ],
)
def test_a_bucket_in_another_region_is_found(fake_aws: FakeAws, answer: Answer) -> None:
    empty = Answer(body=b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>")
    fake_aws.answering = lambda request: empty if region_of(request) == "eu-west-1" else answer
    client = product.client("s3")
    with product.explained("the bucket my-bucket", StorageError):
        for _ in range(2):
            client.list_objects_v2(Bucket="my-bucket")
    assert [region_of(request) for request in fake_aws.requests] == ["us-east-1", "eu-west-1", "eu-west-1"]
    assert "s3.eu-west-1.amazonaws.com" in fake_aws.requests[-1].url


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (refused_by_s3("PermanentRedirect", "Use it.", 301, x_amz_bucket_region="eu-west-1"), "eu-west-1"),
        (refused_by_s3("AuthorizationHeaderMalformed", MALFORMED, 400, "eu-west-1"), "eu-west-1"),
        (refused_by_s3("AuthorizationHeaderMalformed", MALFORMED, 400), MALFORMED),
        (refused_by_s3("IllegalLocationConstraintException", "Not here.", 400), "Not here"),
    ],
)
def test_a_region_that_stays_wrong_is_named(fake_aws: FakeAws, answer: Answer, told: str) -> None:
    """As where AWS_ENDPOINT_URL_S3 leads to one region."""
    fake_aws.answering = lambda request: Answer(403) if request.operation == "HeadBucket" else answer
    sentence = str(error_of(listing))
    assert sentence == f"AWS has the bucket my-bucket in another region ({told}): set AWS_DEFAULT_REGION to that one."


# What is wrong before anything is asked


@pytest.fixture
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Only these variables of AWS are set."""

    def only(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return only


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "No AWS region is set for the service glue: set AWS_DEFAULT_REGION."),
        ({"AWS_DEFAULT_REGION": "eu west"}, "Cannot use the service glue: Provided region_name 'eu west'"),
        (
            {"AWS_DEFAULT_REGION": "us-east-1", "AWS_PROFILE": "nobody"},
            "The config profile (nobody) could not be found, so the service glue cannot be used: correct AWS_PROFILE.",
        ),
        (
            {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": "somewhere:80"},
            "Cannot use the service glue: Invalid endpoint: somewhere:80: correct the AWS_* variables.",
        ),
        (
            {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "half"},
            "No AWS credentials for the service glue (Partial credentials found in env, missing: AWS_SECRET",
        ),
        ({"AWS_MAX_ATTEMPTS": "many"}, "AWS_MAX_ATTEMPTS: set it to a whole number from 1, or unset it."),
        ({"AWS_MAX_ATTEMPTS": "0"}, "AWS_MAX_ATTEMPTS: set it to a whole number from 1, or unset it."),
    ],
)
def test_a_wrong_setting_is_named(nothing_set: Callable[..., None], variables: dict[str, str], sentence: str) -> None:
    nothing_set(**variables)
    with pytest.raises(SettingsError) as caught:
        product.client("glue")
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)
    assert not caught.value.may_pass


def test_missing_credentials_are_told_with_what_to_do(nothing_set: Callable[..., None]) -> None:
    nothing_set(AWS_DEFAULT_REGION="us-east-1")
    error = error_of(database)
    assert str(error).startswith("No AWS credentials for the bucket my-bucket (Unable to locate credentials): set AWS_")
    assert not error.may_pass


def test_an_sso_session_that_has_ended_is_told_with_what_to_do(
    nothing_set: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(
        "[profile work]\nregion = us-east-1\nsso_session = work\nsso_account_id = 123456789012\nsso_role_name = any\n"
        "[sso-session work]\nsso_region = us-east-1\nsso_start_url = https://example.test/start\n"
    )
    nothing_set(AWS_PROFILE="work", HOME=str(tmp_path))
    assert "log in, as with `aws sso login`" in str(error_of(database))


def test_credentials_that_a_program_should_give_are_told_in_one_line(
    nothing_set: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(
        "[profile work]\nregion = us-east-1\ncredential_process = sh -c 'echo first >&2; echo second >&2; exit 1'\n"
    )
    nothing_set(AWS_PROFILE="work")
    with pytest.raises(SettingsError) as caught:
        product.client("glue")
    assert str(caught.value).startswith(
        "No AWS credentials for the service glue (Error when retrieving credentials from custom-process: first second)"
    )


def test_a_name_that_aws_cannot_have_is_told_in_one_line(fake_aws: FakeAws) -> None:
    with pytest.raises(StorageError) as caught, product.explained("the bucket x", StorageError):
        product.client("s3").list_objects_v2(Bucket="not a bucket")
    assert str(caught.value).startswith("Cannot use the bucket x: ")
    assert "\n" not in str(caught.value)
    assert fake_aws.requests == []


def test_no_secret_is_told_to_any_log(fake_aws: FakeAws, caplog: pytest.LogCaptureFixture) -> None:
    """At the level DEBUG, botocore tells what is sent and what comes back."""
    caplog.set_level(logging.DEBUG)
    fake_aws.answering = lambda _: found({"SecretString": "a-secret-that-comes"})
    client = product.client("secretsmanager")
    client.put_secret_value(SecretId="x", SecretString="a-secret-that-goes")
    client.get_secret_value(SecretId="x")
    assert "botocore" in caplog.text
    for secret in ("a-secret-that-comes", "a-secret-that-goes", *SECRETS):
        assert secret not in caplog.text


# The same from the emulator, which checks signatures and policies


def test_the_emulator_s_missing_bucket(aws: Aws) -> None:
    sentence = str(error_of(listing))
    assert sentence.startswith("There is no such thing as the bucket my-bucket: create it")


def test_the_emulator_denies_what_no_policy_allows(aws: Aws, allow_only: Callable[[Mapping[str, Any]], None]) -> None:
    allow_only({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:List*", "Resource": "*"}]})
    with product.explained("the bucket", StorageError):
        product.client("s3").list_objects_v2(Bucket=aws.raw_bucket)
    error = error_of(lambda: product.client("s3").put_object(Bucket=aws.raw_bucket, Key="a", Body=b""))
    assert "AWS denies PutObject on the bucket my-bucket (" in str(error)
    error = error_of(database)
    assert "AWS denies GetDatabase on" in str(error)
    assert "glue:GetDatabase" in str(error)


def test_the_emulator_does_not_know_a_stranger(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "stranger")
    for ask, code in ((listing, "InvalidAccessKeyId"), (database, "UnrecognizedClientException")):
        assert f"does not accept the credentials for the bucket my-bucket ({code})" in str(error_of(ask))


def test_the_emulator_refuses_a_false_session_token(
    aws: Aws, allow_only: Callable[[Mapping[str, Any]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    allow_only({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    monkeypatch.setenv("AWS_SESSION_TOKEN", "false")
    for ask, code in ((listing, "InvalidToken"), (database, "UnrecognizedClientException")):
        assert f"does not accept the credentials for the bucket my-bucket ({code})" in str(error_of(ask))


# As the command line tells it


@pytest.fixture
def aws_target(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "SPOTIFY_PIPELINE_TARGET": "aws",
        "SPOTIFY_PIPELINE_RAW_BUCKET": "my-raw",
        "SPOTIFY_PIPELINE_TABLES_BUCKET": "my-tables",
        "SPOTIPY_CLIENT_ID": "app",
    }.items():
        monkeypatch.setenv(name, value)


def line_of(run: Run, *arguments: str) -> str:
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    (line,) = err.splitlines()
    return line


def test_a_missing_bucket_is_one_line(aws: Aws, aws_target: None, run: Run) -> None:
    line = line_of(run, "run", "--from", "transform", "--date", "2026-01-01")
    assert line == (
        "spotify-pipeline: There is no such thing as the bucket my-raw: create it, or correct its name in the settings."
    )


def test_a_missing_region_is_one_line(aws_target: None, run: Run) -> None:
    assert line_of(run, "query", "SELECT 1") == (
        "spotify-pipeline: No AWS region is set for the service athena: set AWS_DEFAULT_REGION."
    )


def test_expired_credentials_are_one_line(fake_aws: FakeAws, aws_target: None, run: Run) -> None:
    fake_aws.answering = lambda _: refused("ExpiredTokenException", "The security token is expired")
    assert line_of(run, "query", "SELECT 1") == (
        "spotify-pipeline: The AWS credentials have expired, so the Athena workgroup spotify_pipeline cannot be used: "
        "get new ones, as with `aws sso login`."
    )


@pytest.mark.parametrize("answer", [Answer(500), refused("TooManyRequestsException", status=429)])
def test_work_is_asked_for_once_however_it_ends(fake_aws: FakeAws, answer: Answer) -> None:
    fake_aws.answering = lambda _: answer
    function = product.client("lambda", work_seconds=960)
    assert function.meta.config.read_timeout == 960  # type: ignore[attr-defined]  # an option that the stubs leave out
    assert error_of(lambda: function.invoke(FunctionName="f"), "the function f").may_pass
    assert len(fake_aws.requests) == 1


@pytest.mark.skipif(not hasattr(socket, "TCP_KEEPIDLE"), reason="this system calls it otherwise")
def test_while_work_is_waited_for_tcp_asks_each_minute_whether_anybody_is_there(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections: list[socket.socket] = []
    connect = HTTPConnection.connect

    def connect_and_keep(self: HTTPConnection) -> None:
        connect(self)
        connections.append(self.sock)

    monkeypatch.setattr(HTTPConnection, "connect", connect_and_keep)
    function = product.client("lambda", work_seconds=960)
    with pytest.raises(function.exceptions.ResourceNotFoundException):
        function.invoke(FunctionName="nobody-made-it")
    (connection,) = connections
    assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
