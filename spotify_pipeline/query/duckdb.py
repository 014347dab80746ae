"""Asking the local catalog in Athena SQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.engine import Answer, Session
from spotify_pipeline.query.translator import CONNECTION_SETTINGS, to_duckdb


class DuckDBEngine:
    """Runs Athena SQL on the local catalog, which it opens for reading only and anew for each question."""

    def __init__(self, catalog: Path) -> None:
        """Ask the catalog in `catalog`, whose views are over files in the same folder."""
        self._catalog = catalog

    def ask(self, sql: str) -> Answer:
        """The answer to one statement.

        Raises:
            QueryError: nothing is published, the statement is not understood, or it cannot be executed.
        """
        translated = to_duckdb(sql)
        with self._connected() as connection:
            return _answer(connection, translated)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Answers from the catalog as it is now, whatever is published meanwhile.

        Raises:
            QueryError: as above.
        """
        with self._connected() as connection:
            yield _DuckDBSession(connection)

    @contextmanager
    def _connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if not self._catalog.exists():
            raise QueryError(
                f"Nothing is published in {self._catalog} yet: run `spotify-pipeline run`, or `spotify-pipeline demo`."
            )
        try:
            with duckdb.connect(self._catalog, read_only=True) as connection:
                for setting in (*CONNECTION_SETTINGS, *self._walls()):
                    connection.execute(setting)
                yield connection
        except duckdb.Error as error:
            raise QueryError(f"The query failed: {_explanation(error)}") from None

    def _walls(self) -> tuple[str, ...]:
        """A second wall, behind the translation's lists, against reading other files than those of the tables."""
        folder = str(self._catalog.parent).replace("'", "''")
        return (
            f"SET allowed_directories = ['{folder}/']",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        )


class _DuckDBSession:
    """Over a connection that somebody else closes."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def ask(self, sql: str) -> Answer:
        return _answer(self._connection, to_duckdb(sql))


def _answer(connection: duckdb.DuckDBPyConnection, translated: str) -> Answer:
    cursor = connection.execute(translated)
    return Answer([column[0] for column in cursor.description or ()], cursor.fetchall())


def _explanation(error: duckdb.Error) -> str:
    """DuckDB's explanation, without the copy of the translated statement that it appends."""
    lines = str(error).split("\n\nLINE ")[0].splitlines()
    return " ".join(line.strip() for line in lines if line.strip())
