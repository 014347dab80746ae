"""Asking a catalog."""

from pathlib import Path

import duckdb
import pytest

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.duckdb import DuckDBEngine


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """A catalog with a view over a Parquet file beside it."""
    folder = tmp_path / "it's here"
    folder.mkdir()
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 1 AS n) TO '{tmp_path}/other.parquet'")
    with duckdb.connect(folder / "catalog.duckdb") as connection:
        file = str(folder / "numbers.parquet").replace("'", "''")
        connection.execute(f"COPY (SELECT unnest([3, NULL, 1]) AS n) TO '{file}'")
        connection.execute(f"CREATE VIEW numbers AS SELECT * FROM read_parquet('{file}')")
        connection.execute(f"CREATE VIEW elsewhere AS SELECT * FROM read_parquet('{tmp_path}/other.parquet')")
    return folder / "catalog.duckdb"


def test_answers_have_names_and_values(catalog: Path) -> None:
    answer = DuckDBEngine(catalog).ask("SELECT n, 7 / 2 AS half FROM numbers ORDER BY n")
    assert answer.columns == ["n", "half"]
    assert answer.rows == [(1, 3), (3, 3), (None, 3)]


def test_nulls_are_last_also_in_descending_order(catalog: Path) -> None:
    assert DuckDBEngine(catalog).ask("SELECT n FROM numbers ORDER BY n DESC").rows == [(3,), (1,), (None,)]


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("SELECT m FROM numbers", 'Referenced column "m" not found'),
        ("SELECT * FROM nmbers", "Table with name nmbers does not exist"),
        ("SELECT n / 0 FROM numbers", "Division by zero"),
        ("SELECT CAST('x' AS integer)", "this text cannot be cast to integer"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_line(catalog: Path, sql: str, sentence: str) -> None:
    with pytest.raises(QueryError) as error:
        DuckDBEngine(catalog).ask(sql)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_views_over_other_folders_are_not_read(catalog: Path) -> None:
    with pytest.raises(QueryError, match="disabled"):
        DuckDBEngine(catalog).ask("SELECT * FROM elsewhere")


def test_the_catalog_is_not_changed_and_not_locked(catalog: Path) -> None:
    before = catalog.read_bytes()
    with duckdb.connect(catalog, read_only=True):
        DuckDBEngine(catalog).ask("SELECT 1")
    assert catalog.read_bytes() == before


def test_without_a_catalog_it_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="run `spotify-pipeline run`"):
        DuckDBEngine(tmp_path / "catalog.duckdb").ask("SELECT 1")


def test_a_session_answers_several_statements_and_its_errors_are_sentences_too(catalog: Path) -> None:
    with DuckDBEngine(catalog).session() as session:
        assert [session.ask(f"SELECT {number} AS n").rows for number in (1, 2)] == [[(1,)], [(2,)]]
    with pytest.raises(QueryError, match="The query failed"), DuckDBEngine(catalog).session() as session:
        session.ask("SELECT no_such_column FROM playlists")
