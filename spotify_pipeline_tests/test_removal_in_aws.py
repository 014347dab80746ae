"""Retention and forgetting in the aws target: the same steps over buckets, the Glue Data Catalog and the secret."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spotify_pipeline import aws
from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.settings import load_settings
from spotify_pipeline.spotify.documents import Account
from spotify_pipeline.spotify.token_store import TokenRecord, record_key
from spotify_pipeline.steps.forget import forget, trace
from spotify_pipeline.steps.retention import hide_days, plan_removal, remove_days
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.searching import found_in
from spotify_pipeline_tests.spotify.fake_clock import FakeClock
from spotify_pipeline_tests.test_forget import ANA, BOBS, DAYS, OF_ANA, TODAY, documents
from spotify_pipeline_tests.test_publication import publish

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SECRET = {"SPOTIPY_CLIENT_ID": "app", "SPOTIPY_CLIENT_SECRET": "secret"}


@pytest.fixture
def backends(
    s3_server: str, new_bucket: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Backends:
    """Three days that are registered, and a login."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    raw, tables = new_bucket(), new_bucket()
    name = f"spotify_{tables.replace('-', '_')}"
    aws.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(_SECRET))
    settings = load_settings(
        SPOTIFY_PIPELINE_TARGET="aws",
        SPOTIFY_PIPELINE_DATA_DIR=str(tmp_path / "data"),
        SPOTIFY_PIPELINE_RAW_BUCKET=raw,
        SPOTIFY_PIPELINE_TABLES_BUCKET=tables,
        SPOTIFY_PIPELINE_GLUE_DATABASE=name,
        SPOTIFY_PIPELINE_SECRET_ID=name,
        SPOTIFY_PIPELINE_API_URL="http://127.0.0.1:1/v1/",
        SPOTIFY_PIPELINE_START_DATE=str(DAYS[0]),
        SPOTIFY_PIPELINE_TODAY=str(TODAY),
    )
    backends = choose_backends(settings, new_patience=FakeClock().patience)
    for number, day in enumerate(DAYS[1:]):
        publish(backends, *documents(number), day=day)
    return backends


def downloaded(backends: Backends, client: "S3Client", folder: Path) -> Path:
    """A folder with all that is in both buckets."""
    for bucket in (backends.settings.raw_bucket, backends.settings.tables_bucket):
        assert bucket
        for found in client.list_objects_v2(Bucket=bucket).get("Contents", []):
            path = folder / bucket / found["Key"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(client.get_object(Bucket=bucket, Key=found["Key"])["Body"].read())
    return folder


def test_older_days_go_from_the_catalog_and_then_from_both_buckets(
    backends: Backends, s3_client: "S3Client", tmp_path: Path
) -> None:
    assert hide_days(backends, keep_days=1) == DAYS[2]  # as where S3 removes the files
    assert backends.catalog.partitions() == {name: set(DAYS[2:]) for name in TABLES}
    assert backends.tables.partitions("tracks") == DAYS[1:]

    removal = plan_removal(backends, keep_days=1)
    assert removal.days == [DAYS[1]]
    remove_days(backends, removal)
    assert backends.catalog.partitions() == {name: set(DAYS[2:]) for name in TABLES}
    assert not any(backends.catalog.differences())
    left = [str(path) for path in downloaded(backends, s3_client, tmp_path / "left").rglob("*.*")]
    assert [path for path in left if f"={DAYS[2]}" in path]
    assert not [path for path in left if f"={DAYS[1]}" in path]


def test_no_byte_of_an_account_is_left(backends: Backends, s3_client: "S3Client", tmp_path: Path) -> None:
    key = record_key(str(backends.settings.accounts_url), "app", None)
    record = TokenRecord(refresh_token="token", account=Account(ANA, "Ana Canary"), consented_at=FakeClock().now())
    backends.logins.save(key, record)
    assert backends.logins.read(key)
    assert found_in(downloaded(backends, s3_client, tmp_path / "before"), [ANA, BOBS])
    assert forget(backends, trace(backends, (), (ANA,)))
    left = downloaded(backends, s3_client, tmp_path / "left")
    assert found_in(left, OF_ANA) == set()
    assert found_in(left, [BOBS])
    assert backends.logins.read(key) is None
    assert backends.app_settings.client_id == "app"
    assert backends.catalog.partitions() == {name: set(DAYS[1:]) for name in TABLES}
    assert trace(backends, (), (ANA,)).is_empty
    assert backends.tables.published_days() == [TODAY - timedelta(days=number) for number in (2, 1, 0)]
