"""History from files in AWS: the same days as on a laptop, registered in Glue, and nothing new the second time."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.settings import load_settings
from spotify_pipeline.steps.imports import import_history
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.aws.conftest import Aws
from spotify_pipeline_tests.aws.emulator import impatience
from spotify_pipeline_tests.imports.exports import write_csv

DAYS = [date(2026, 3, 1) + timedelta(days=number) for number in range(2)]


@pytest.fixture
def in_aws(aws: Aws, tmp_path: Path) -> Backends:
    """Empty buckets, and no Glue database yet."""
    settings = load_settings(
        SPOTIFY_PIPELINE_TARGET="aws",
        SPOTIFY_PIPELINE_DATA_DIR=str(tmp_path / "aws"),
        SPOTIFY_PIPELINE_RAW_BUCKET=aws.raw_bucket,
        SPOTIFY_PIPELINE_TABLES_BUCKET=aws.tables_bucket,
        SPOTIFY_PIPELINE_GLUE_DATABASE=aws.database,
        SPOTIFY_PIPELINE_ATHENA_WORKGROUP=aws.workgroup,
    )
    return choose_backends(settings, new_patience=impatience)


def test_days_in_aws_are_those_of_a_laptop_and_are_imported_once(in_aws: Backends, tmp_path: Path) -> None:
    for number, day in enumerate(DAYS):
        write_csv(tmp_path / "files" / str(day) / "Mixtape.csv", [1, 2, 3 + number], day)
    local = choose_backends(load_settings(SPOTIFY_PIPELINE_DATA_DIR=str(tmp_path / "local")))
    for backends in (in_aws, local):
        outcome = import_history(backends, tmp_path / "files")
        assert (outcome.written, outcome.made, outcome.failures) == (2, DAYS, [])
    for name in TABLES:
        assert in_aws.catalog.partitions()[name] == set(DAYS)
        for day in DAYS:
            rows = [backends.tables.read_published(name, day) for backends in (in_aws, local)]
            assert rows[0].equals(rows[1])
    again = import_history(in_aws, tmp_path / "files")
    assert (again.written, again.made) == (0, [])
