"""Asking DuckDB in Athena SQL."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pytest
from filelock import FileLock

from spotify_pipeline.query.translator import CONNECTION_SETTINGS, to_duckdb
from spotify_pipeline_tests.query.history import History, make_history

Cases = list[tuple[str, object]]
Ask = Callable[[str], list[tuple[Any, ...]]]

# One row with values, one of nulls, so that nothing is known of the types from the text of a query alone.
DATA = """
CREATE TABLE data AS SELECT * FROM (VALUES
    (1, 7, 2, CAST(2.5 AS DOUBLE), 'Ab', DATE '2024-01-31', TIMESTAMP '2024-01-31 10:20:30', [3, NULL, 1],
     CAST('{"k": ["v"]}' AS JSON), CAST(1.5 AS DECIMAL(5, 2)), true),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
) AS t(id, a, b, x, s, d, ts, l, j, dec, flag)
"""


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with duckdb.connect() as connection:
        for setting in CONNECTION_SETTINGS:
            connection.execute(setting)
        connection.execute("SET threads = 1")
        connection.execute(DATA)
        yield lambda sql: connection.execute(to_duckdb(sql)).fetchall()


@pytest.fixture(scope="module")
def value(ask: Ask) -> Callable[[str], Any]:
    return lambda expression: ask(f"SELECT {expression}")[0][0]


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """The demo's history with fixed dates, made once for all workers."""
    root = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        root = root.parent
    folder, made = root / "history", root / "history.made"
    with FileLock(root / "history.lock"):
        if not made.exists():
            make_history(folder)
            made.touch()
    return History(folder)
