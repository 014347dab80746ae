"""Writing the report: where, for whom, and what is left when it cannot be written."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from spotify_pipeline.backends.aws import AwsWarehouse
from spotify_pipeline.backends.local import LocalWarehouse
from spotify_pipeline.errors import QueryError, StorageError
from spotify_pipeline.query.engine import Engine
from spotify_pipeline.settings import Settings
from spotify_pipeline.steps.report import publish_report, save_report
from spotify_pipeline_tests.query.conftest import history  # the same one, made once for all workers
from spotify_pipeline_tests.query.history import History

__all__ = ["history"]


class Asked(LocalWarehouse):
    """A warehouse whose SQL is that of the history."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        super().__init__(settings)
        self._engine = engine

    @property
    def engine(self) -> Engine:
        return self._engine


@pytest.fixture
def local(settings_for: Callable[..., Settings], history: History) -> Asked:
    return Asked(settings_for("http://127.0.0.1:1"), history.engine)


def test_the_report_lies_in_the_data_folder_for_its_owner_alone(local: Asked) -> None:
    written = publish_report(local)
    path = local.settings.data_dir / "report.html"
    assert written.uri == str(path)
    assert path.stat().st_size == written.size
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "<h1>Playlist history</h1>" in path.read_text()
    assert [one.name for one in local.settings.data_dir.iterdir()] == ["report.html"]


def test_a_file_that_is_named_is_written_and_one_that_cannot_be_is_told(local: Asked, tmp_path: Path) -> None:
    file = tmp_path / "new" / "mine.html"
    assert save_report(local, file).uri == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(StorageError, match="new"):
        save_report(local, file.parent)


def test_the_report_that_there_is_stays_if_no_new_one_can_be_made(local: Asked, tmp_path: Path) -> None:
    publish_report(local)
    before = (local.settings.data_dir / "report.html").read_bytes()
    with pytest.raises(QueryError, match="Nothing is published"):
        publish_report(LocalWarehouse(local.settings))
    assert (local.settings.data_dir / "report.html").read_bytes() == before
    del tmp_path


def test_in_aws_it_lies_beside_the_tables_where_no_table_is(
    settings_for: Callable[..., Settings], new_bucket: Callable[[], str], history: History
) -> None:
    settings = settings_for(
        "http://127.0.0.1:1",
        SPOTIFY_PIPELINE_TARGET="aws",
        SPOTIFY_PIPELINE_RAW_BUCKET=new_bucket(),
        SPOTIFY_PIPELINE_TABLES_BUCKET=new_bucket(),
    )

    class Remote(AwsWarehouse):
        engine = history.engine

    backends = Remote(settings)
    written = publish_report(backends)
    assert written.uri == f"s3://{settings.tables_bucket}/_report/report.html"
    assert backends.table_objects.list("") == ["_report/report.html"]
    assert len(backends.table_objects.get("_report/report.html")) == written.size
    assert backends.tables.published_days() == []
