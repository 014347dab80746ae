"""How many requests to S3 a day takes: those of a quiet day are counted, as the stores send them, against moto.

.venv/bin/python -m benchmarks.s3_of_day --playlists 400
"""

import argparse
import json
import os
from collections import Counter
from datetime import date, timedelta

import boto3
from moto import mock_aws

from benchmarks.history import CHANGING, Library, extract
from spotify_pipeline.backends.aws import AwsWarehouse
from spotify_pipeline.settings import load_settings
from spotify_pipeline.spotify.manifest import Manifest
from spotify_pipeline.steps.transform import transform_day

FIRST = date(2026, 1, 1)
_WRITES = ("PutObject", "CopyObject", "ListObjectsV2")  # are billed alike


def count(playlists: int) -> dict[str, int]:
    """The requests of a day on which one playlist in twenty has changed.

    Returns:
        `playlists` and `changed`, `writes` (with copies and listings, as they are billed) and `reads`.
    """
    os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
    with mock_aws():
        for bucket in ("raw", "tables"):
            boto3.client("s3").create_bucket(Bucket=bucket)
        buckets = {"SPOTIFY_PIPELINE_RAW_BUCKET": "raw", "SPOTIFY_PIPELINE_TABLES_BUCKET": "tables"}
        warehouse = AwsWarehouse(load_settings(SPOTIFY_PIPELINE_TARGET="aws", **buckets))
        sent = Counter[str]()
        for store in (warehouse.raw_objects, warehouse.table_objects):
            events = store._client.meta.events  # type: ignore[attr-defined]  # noqa: SLF001  # there they pass
            events.register("before-call.s3.*", lambda model, **_: sent.update([model.name]))
        library, before = Library(playlists), None
        for day, changed in ((FIRST, set(library.items)), (FIRST + timedelta(days=1), library.change())):
            sent.clear()
            before = _make(warehouse, library, day, changed, before)
    return {
        "playlists": playlists,
        "changed": playlists // CHANGING,
        "writes": sum(sent[name] for name in _WRITES),
        "reads": sent["GetObject"],
    }


def _make(warehouse: AwsWarehouse, library: Library, day: date, changed: set[str], before: Manifest | None) -> Manifest:
    extract(warehouse, library, day, changed, before)
    raw_day = warehouse.raw.open_day(day)
    transform_day(warehouse, raw_day, processes=1)
    if staged := warehouse.tables.staged(day):
        warehouse.tables.publish(day, staged)
    return raw_day.manifest


def main() -> None:
    """Count and print, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--playlists", type=int, default=400)
    print(json.dumps(count(parser.parse_args().playlists)))


if __name__ == "__main__":
    main()
