"""What a deployment does with any bucket."""

from botocore.exceptions import ClientError

from spotify_pipeline import aws
from spotify_pipeline.errors import StorageError


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
    """Delete all objects in a bucket that has no versions.

    Raises:
        StorageError: S3 refuses.
    """
    client = aws.client("s3")
    with aws.explained(f"the bucket {name}", StorageError):
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=name):
            if found := page.get("Contents"):
                client.delete_objects(Bucket=name, Delete={"Objects": [{"Key": item["Key"]} for item in found]})
