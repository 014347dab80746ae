"""Objects have the encryption that their bucket prescribes, and connections without TLS can be refused."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from spotify_pipeline.errors import StorageError
from spotify_pipeline.storage.objects import open_store
from spotify_pipeline_tests.aws import policies
from spotify_pipeline_tests.aws.conftest import Aws

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000001"


def encryption(s3: "S3Client", bucket: str, key: str) -> tuple[str | None, str | None]:
    head = s3.head_object(Bucket=bucket, Key=key)
    return head.get("ServerSideEncryption"), head.get("SSEKMSKeyId")


def test_objects_have_the_encryption_of_their_bucket(aws: Aws, emulator_s3: "S3Client") -> None:
    store = open_store(f"s3://{aws.raw_bucket}")
    store.put("before", b"text")
    emulator_s3.put_bucket_encryption(
        Bucket=aws.raw_bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}}]
        },
    )
    store.put("written", b"text")
    store.move("before", "moved")
    for key in ("written", "moved"):
        assert encryption(emulator_s3, aws.raw_bucket, key) == ("aws:kms", KEY)
        assert store.get(key) == b"text"


def test_nothing_is_said_of_encryption_or_access_when_objects_are_written(
    aws: Aws, emulator_s3: "S3Client", allow_only: Callable[[Mapping[str, Any]], None]
) -> None:
    """A bucket may refuse writers who choose: its owner decides."""
    resource = f"arn:aws:s3:::{aws.raw_bucket}/*"
    chosen = ("s3:x-amz-server-side-encryption", "s3:x-amz-acl")
    refuse = [
        {"Effect": "Deny", "Action": "s3:PutObject", "Resource": resource, "Condition": {"Null": {name: "false"}}}
        for name in chosen
    ]
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": resource}
    allow_only({"Version": "2012-10-17", "Statement": [allow, *refuse]})
    store = open_store(f"s3://{aws.raw_bucket}")
    store.put("written", b"text")
    store.move("written", "moved")
    assert store.get("moved") == b"text"
    with pytest.raises(ClientError, match="explicit deny"):  # so somebody who chooses would be refused
        boto3.client("s3").put_object(Bucket=aws.raw_bucket, Key="chosen", ServerSideEncryption="AES256")


def test_a_bucket_with_the_documented_policy_takes_no_connections_without_tls(
    aws: Aws, emulator_s3: "S3Client", allow_only: Callable[[Mapping[str, Any]], None]
) -> None:
    """The emulator is asked without TLS."""
    policy = json.dumps(policies.read("bucket-tls-only")).replace("BUCKET", aws.raw_bucket)
    emulator_s3.put_bucket_policy(Bucket=aws.raw_bucket, Policy=policy)
    allow_only({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
    open_store(f"s3://{aws.tables_bucket}").put("key", b"text")
    with pytest.raises(StorageError, match=f"AWS denies PutObject on the bucket {aws.raw_bucket} .*explicit deny"):
        open_store(f"s3://{aws.raw_bucket}").put("key", b"text")
