"""The bucket from which Lambda takes the functions' zips. It is there before the stack, and ends after it."""

import hashlib
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from deploy import buckets
from spotify_pipeline import aws
from spotify_pipeline.errors import SettingsError, StorageError

if TYPE_CHECKING:
    from mypy_boto3_s3.literals import BucketLocationConstraintType

FUNCTIONS = ("extract", "transform")


class CodeBucket:
    """A private bucket with the zips of a stack."""

    def __init__(self, name: str, region: str) -> None:
        """The bucket of this name, which need not exist yet."""
        self.name, self._region = name, region
        self._client = aws.client("s3")

    def upload(self, folder: Path, architecture: str) -> dict[str, str]:
        """Upload the functions' zips, as far as they are not there yet.

        Returns:
            The key of each function's zip. It changes with the content and with nothing else, so that a function is
            only changed by other code.

        Raises:
            SettingsError: a zip has not been built.
            StorageError: S3 does not take it.
        """
        zips = {function: folder / f"{function}-{architecture}.zip" for function in FUNCTIONS}
        for path in zips.values():
            if not path.exists():
                raise SettingsError(f"There is no {path}: run `make lambda`.")
        keys = {}
        if not buckets.exists(self.name):
            self._make()
        with self._explained():
            there = {item["Key"] for item in self._client.list_objects_v2(Bucket=self.name).get("Contents", [])}
            for function, path in zips.items():
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
                keys[function] = f"{path.stem}-{digest}.zip"
                if keys[function] not in there:
                    self._client.upload_file(str(path), self.name, keys[function])
        return keys

    def forget_all_but(self, keys: set[str]) -> None:
        """Delete what no function is made of any more; not earlier, or a failed change could not be taken back."""
        with self._explained():
            for item in self._client.list_objects_v2(Bucket=self.name).get("Contents", []):
                if item["Key"] not in keys:
                    self._client.delete_object(Bucket=self.name, Key=item["Key"])

    def delete(self) -> None:
        """Delete it with all that is in it, if it is there."""
        if buckets.exists(self.name):
            buckets.delete(self.name)

    def _make(self) -> None:
        with self._explained():
            if self._region == "us-east-1":  # the one place that must not be named
                self._client.create_bucket(Bucket=self.name)
            else:
                place: BucketLocationConstraintType = self._region  # type: ignore[assignment]  # whatever AWS has
                self._client.create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": place})
            self._client.put_public_access_block(
                Bucket=self.name,
                PublicAccessBlockConfiguration={
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
            )

    def _explained(self) -> AbstractContextManager[None]:
        return aws.explained(f"the bucket {self.name}", StorageError)
