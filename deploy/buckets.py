"""What a deployment does with any bucket."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from spotify_pipeline import aws
from spotify_pipeline.errors import StorageError

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef


def exists(name: str) -> bool:
    """Whether there is a bucket of this name.

    Raises:
        StorageError: it is somebody else's, or S3 cannot be asked.
    """
    with aws.explained(f"the bucket {name}", StorageError):
        try:
            aws.client("s3").head_bucket(Bucket=name)
        except ClientError as error:
            if aws.error_code(error) == "404":
                return False
            raise
    return True


def empty(name: str) -> None:
    """Delete all objects in a bucket, old versions of them included.

    Raises:
        StorageError: S3 refuses.
    """
    client = aws.client("s3")
    with aws.explained(f"the bucket {name}", StorageError):
        for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            if found:
                objects: list[ObjectIdentifierTypeDef] = [
                    {"Key": each["Key"], "VersionId": each["VersionId"]} for each in found
                ]
                client.delete_objects(Bucket=name, Delete={"Objects": objects})


def delete(name: str) -> None:
    """Delete a bucket with all that is in it.

    Raises:
        StorageError: S3 refuses.
    """
    empty(name)
    with aws.explained(f"the bucket {name}", StorageError):
        aws.client("s3").delete_bucket(Bucket=name)
