"""What the named queries answer about the demo's history, a CSV file for each: `make golden` writes them.

Tests hold the queries to these files, and docs/athena.md takes its examples from them.
"""

import tempfile
from pathlib import Path

from spotify_pipeline.query.formats import as_csv
from spotify_pipeline.query.named import NamedQuery, named_queries
from spotify_pipeline_tests.query.history import History, make_history

FOLDER = Path(__file__).with_name("golden")


def golden_file(query: NamedQuery) -> Path:
    """Where the answer to a query is kept."""
    return FOLDER / f"{query.name}.csv"


def as_golden(history: History, query: NamedQuery) -> str:
    """What the file must hold: the answer with default parameters."""
    return as_csv(history.engine.ask(query.sql())) + "\n"


def write() -> None:
    """Write all files anew, and remove those of queries that are gone."""
    with tempfile.TemporaryDirectory() as folder:
        make_history(Path(folder))
        history = History(Path(folder))
        FOLDER.mkdir(exist_ok=True)
        for left in FOLDER.iterdir():
            left.unlink()
        for query in named_queries().values():
            golden_file(query).write_text(as_golden(history, query), encoding="utf-8")


if __name__ == "__main__":
    write()
