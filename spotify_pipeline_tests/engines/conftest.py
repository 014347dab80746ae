"""Histories of which engines read the registered tables."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient


@pytest.fixture(scope="session")
def glue_client(s3_server: str) -> "GlueClient":
    """A client of the Glue Data Catalog in the server that has the buckets too."""
    import boto3  # noqa: PLC0415  # takes long, and few tests need it

    return boto3.client(
        "glue",
        endpoint_url=s3_server,
        region_name="us-east-1",
        aws_access_key_id="made-up",
        aws_secret_access_key="made-up",
    )
