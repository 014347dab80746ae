"""What a day comes to at other sizes than those that were measured: a table for docs/scale.md.

Everything grows with the number of playlists, of items or of what has changed, so it is reckoned from the largest day
that was measured. A playlist has a hundred items in the mean, and one in twenty changes on a day.
"""

from typing import Any, NamedTuple

from benchmarks.contest import CONTENDERS

SIZES = (100, 10_000, 1_000_000, 100_000_000)
ITEMS = 100

# Dollars, from the public prices of November 2026 for us-east-1.
_WRITE, _READ = 0.005 / 1_000, 0.0004 / 1_000  # requests to S3
_GIGABYTE_MONTH = 0.023  # in S3
_LAMBDA_GIGABYTE_SECOND = 0.0000133334  # on arm64
_PROCESSOR_GIGABYTES = 1.769  # memory with which a function has one processor
_SPARK_PROCESSOR_HOUR = 0.29 / 4  # four to a worker
_MOST_ITEMS_IN_LAMBDA = 5_000_000  # in its 15 minutes and 10 GB, with room to spare
_S3_SECONDS = 0.025  # until an object is read, of which sixteen are at once
_AT_ONCE = 16


class Day(NamedTuple):
    """A day of so many playlists. Dollars are those of one day, but for storage, which counts each month again."""

    playlists: int
    requests: float
    seconds: float
    memory_bytes: float
    raw_bytes: float
    tables_bytes: float
    compute_dollars: float
    s3_dollars: float
    storage_dollars: float


def days(results: dict[str, Any]) -> list[Day]:
    """A day of each of `SIZES`; none where not everything was measured that it takes."""
    day, s3 = results.get("day", {}), results.get("s3")
    ours = [row for row in results.get("transform", ()) if row["contender"] == CONTENDERS[1].module and "work" in row]
    listed = [row for row in results.get("requests", ()) if row["shape"] == "old" and row["items"] == ITEMS]
    if not (ours and listed and s3 and "raw_bytes" in day):
        return []
    largest, requested = max(ours, key=lambda row: row["items"]), max(listed, key=lambda row: row["playlists"])
    return [_day(playlists, largest, requested, day, s3) for playlists in SIZES]


def _day(
    playlists: int, largest: dict[str, Any], requested: dict[str, Any], whole: dict[str, Any], s3: dict[str, Any]
) -> Day:
    items = playlists * ITEMS
    seconds = largest["work"] * items / largest["items"]
    raw, tables = (whole[kind] * items / whole["items"] for kind in ("raw_bytes", "tables_bytes"))
    busy = seconds + playlists * _S3_SECONDS / _AT_ONCE
    in_lambda, in_spark = _LAMBDA_GIGABYTE_SECOND * _PROCESSOR_GIGABYTES, _SPARK_PROCESSOR_HOUR / 3600
    price = in_lambda if items <= _MOST_ITEMS_IN_LAMBDA else in_spark
    return Day(
        playlists=playlists,
        requests=requested["changed"] * playlists / requested["playlists"],
        seconds=seconds,
        memory_bytes=largest["peak_bytes"] * items / largest["items"],
        raw_bytes=raw,
        tables_bytes=tables,
        compute_dollars=busy * price,
        s3_dollars=(s3["writes"] * _WRITE + s3["reads"] * _READ) * playlists / s3["playlists"],
        storage_dollars=(raw + tables) / 1e9 * _GIGABYTE_MONTH,
    )
