"""Days of the demo through Dagster."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from dagster import DagsterInstance

from spotify_pipeline.demo.backends import Demo, DemoBackends
from spotify_pipeline.settings import load_settings

DAY = date(2026, 10, 5)
FIRST_DAY = date(2026, 10, 1)

BackendsOn = Callable[[date], DemoBackends]


@pytest.fixture
def backends_on(tmp_path: Path) -> BackendsOn:
    """The backends of a demo folder on a day."""

    def make(day: date) -> DemoBackends:
        settings = load_settings(SPOTIFY_PIPELINE_DATA_DIR=str(tmp_path / "data"))
        return DemoBackends(settings.model_copy(update={"fixed_today": day}), Demo(FIRST_DAY, seed=7))

    return make


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    """A Dagster instance in memory."""
    with DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral
