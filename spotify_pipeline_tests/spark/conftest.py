"""What tests of Spark jobs share."""

from pathlib import Path

import pytest

from spotify_pipeline_tests.query.history import DAYS, make_history


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of three days of the demo, with details and events; it is not to be changed."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    make_history(folder, DAYS[:3])
    return folder
