"""A published day is verified: catalog, files and SQL have to tell the same."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.errors import PipelineError
from spotify_pipeline.settings import load_settings
from spotify_pipeline.steps.verification import VERIFICATIONS
from spotify_pipeline.tables.declarations import TABLES, VIEWS
from spotify_pipeline_tests.storage.staging import publish_staged, stage
from spotify_pipeline_tests.tables.builders import sound_day

DAY, NEXT = date(2025, 3, 1), date(2025, 3, 2)


def put(backends: Backends, day: date) -> None:
    stage(backends.tables, day, sound_day("A song"))
    publish_staged(backends.tables, day)


@pytest.fixture
def backends(tmp_path: Path) -> Backends:
    """Two published days on a laptop."""
    backends = choose_backends(load_settings(SPOTIFY_PIPELINE_DATA_DIR=str(tmp_path / "data")))
    put(backends, DAY)
    put(backends, NEXT)
    backends.catalog.publish()
    return backends


def problems(name: str, backends: Backends, day: date = NEXT) -> list[str]:
    (verification,) = [each for each in VERIFICATIONS if each.name == name]
    return list(verification.find_problems(backends, day))


@pytest.mark.parametrize("name", [each.name for each in VERIFICATIONS])
def test_a_published_day_has_no_problems(name: str, backends: Backends) -> None:
    assert problems(name, backends) == []


def test_a_day_that_the_catalog_does_not_show_is_found(backends: Backends) -> None:
    later = date(2025, 3, 3)
    put(backends, later)
    assert problems("partitions", backends) == [
        f"{name} has a file for {later}, which the catalog does not show" for name in TABLES
    ]


def test_a_file_that_is_gone_is_found(backends: Backends) -> None:
    Path(backends.tables.uri("tracks", DAY), "part-0.parquet").unlink()
    assert problems("partitions", backends) == [f"tracks has no file for {DAY}, which the catalog shows"]


@pytest.mark.parametrize(
    ("change", "name", "sentence"),
    [
        ("tracks AS SELECT 1 AS one", "definitions", "tracks has the columns {'one': 'INTEGER'} instead of {"),
        (
            "albums AS SELECT * FROM coverage LIMIT 0",
            "row_counts",
            f"SQL finds 0 rows of albums on {NEXT}, but",
        ),
    ],
)
def test_a_catalog_that_somebody_has_changed_is_found(
    change: str, name: str, sentence: str, backends: Backends
) -> None:
    with duckdb.connect(backends.duckdb_file) as connection:
        connection.execute(f"CREATE OR REPLACE VIEW {change}")
    (told,) = problems(name, backends)
    assert told.startswith(sentence)


def test_without_a_catalog_what_can_be_told_is_told(backends: Backends) -> None:
    backends.duckdb_file.unlink()
    assert len(problems("partitions", backends)) == len(TABLES)
    assert len(problems("definitions", backends)) == len(TABLES | VIEWS)
    with pytest.raises(PipelineError, match="Nothing is published"):
        problems("row_counts", backends)
