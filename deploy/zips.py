"""The bucket from which AWS takes the code. It is there before the stack, and ends after it."""

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from deploy import buckets
from deploy.bundle_spark import FILES as SPARK_FILES
from spotify_pipeline import aws
from spotify_pipeline.errors import SettingsError, StorageError

if TYPE_CHECKING:
    from mypy_boto3_s3.literals import BucketLocationConstraintType

FUNCTIONS = ("extract", "transform")


class CodeBucket:
    """A private bucket with the code of a stack, under keys that change with the content and with nothing else."""

    def __init__(self, name: str, region: str) -> None:
        """The bucket of this name, which need not exist yet."""
        self.name, self._region = name, region
        self._client = aws.client("s3")

    def upload(self, folder: Path, architecture: str) -> dict[str, str]:
        """Upload the functions' zips, as far as they are not there yet.

        Returns:
            The key of each function's zip.

        Raises:
            SettingsError: a zip has not been built.
            StorageError: S3 does not take it.
        """
        zips = {function: folder / f"{function}-{architecture}.zip" for function in FUNCTIONS}
        keys = {function: f"{path.stem}-{_digest([path])}.zip" for function, path in zips.items()}
        self._upload({keys[function]: path for function, path in zips.items()})
        return keys

    def upload_spark(self, folder: Path) -> str:
        """Upload what the Glue job is made of, as far as it is not there yet.

        Returns:
            The folder in the bucket.

        Raises:
            SettingsError: it has not been built.
            StorageError: S3 does not take it.
        """
        paths = {name: folder / "spark" / name for name in SPARK_FILES}
        key = f"spark-{_digest(paths.values())}"
        self._upload({f"{key}/{name}": path for name, path in paths.items()})
        return key

    def _upload(self, files: Mapping[str, Path]) -> None:
        if not buckets.exists(self.name):
            self._make()
        with self._explained():
            there = {item["Key"] for item in self._client.list_objects_v2(Bucket=self.name).get("Contents", [])}
            for key, path in files.items():
                if key not in there:
                    self._client.upload_file(str(path), self.name, key)

    def forget_all_but(self, keys: set[str]) -> None:
        """Delete all but these, and what is in them; not before the stack has them, or it could not be taken back."""
        with self._explained():
            for item in self._client.list_objects_v2(Bucket=self.name).get("Contents", []):
                if item["Key"].partition("/")[0] not in keys:
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


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        if not path.exists():
            raise SettingsError(
                f"There is no {path}: run `make {'spark' if path.parent.name == 'spark' else 'lambda'}`."
            )
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
