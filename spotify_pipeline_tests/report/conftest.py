"""Reports of the named queries' history, and of invented facts."""

import pytest

from spotify_pipeline.report.facts import Facts, gather
from spotify_pipeline.report.scopes import Report, make_report
from spotify_pipeline_tests.query.conftest import history  # the same one, made once for all workers
from spotify_pipeline_tests.query.history import History

__all__ = ["history"]


@pytest.fixture(scope="session")
def facts(history: History) -> Facts:
    return gather(history.engine)


@pytest.fixture(scope="session")
def report(facts: Facts) -> Report:
    return make_report(facts)
