"""How many rows the Parquet files under a folder have, by table, as JSON: `python -m benchmarks.rows FOLDER TABLE…`."""

import json
import sys
from pathlib import Path

import polars as pl


def rows(folder: Path, tables: list[str]) -> dict[str, int]:
    """The rows of each table that has a file `<table>.parquet` or files under a folder `<table>/`."""
    counts = {}
    for table in tables:
        files = [*folder.glob(f"{table}.parquet"), *folder.glob(f"tables/**/{table}/**/*.parquet")]
        if files:
            counts[table] = pl.scan_parquet(files, hive_partitioning=False).select(pl.len()).collect().item()
    return counts


if __name__ == "__main__":
    print(json.dumps(rows(Path(sys.argv[1]), sys.argv[2:])))
