"""Spark merges what shares have in common as polars does, whatever is in it."""

import random
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from polars.testing import assert_frame_equal

from spotify_pipeline.spark.merge import SHARE, clear, merge
from spotify_pipeline.tables import merge as polars
from spotify_pipeline.tables.declarations import ALBUMS, ARTISTS, TRACKS
from spotify_pipeline.tables.schema import Table
from spotify_pipeline.tables.transform import IN_COMMON, OBSERVED, with_observed
from spotify_pipeline_tests.engines.awkward import AWKWARD

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DAYS = [date(2026, 1, day).toordinal() for day in (1, 2, 3)]
IDS = {name: [f"{name[:2]}{number}é" for number in range(12)] for name in ("track_id", "album_id", "artist_id")}

Share = dict[str, pl.DataFrame]


def shares(dice: random.Random, number: int) -> list[Share]:
    """Shares of which each knows some of a few tracks, in one version or two, and tells other things of them."""
    return [{table.name: frame for table, frame in a_share(dice)} for _ in range(number)]


def a_share(dice: random.Random) -> list[tuple[Table, pl.DataFrame]]:
    rows: dict[str, list[dict[str, Any]]] = {table.name: [] for table in IN_COMMON}
    for observed in sorted(dice.sample(DAYS, 2)):
        for table in (TRACKS, ALBUMS, ARTISTS):
            (key,) = table.primary_key
            for id_ in dice.sample(IDS[key], 7):
                rows[table.name].append(awkward_row(dice, table) | {key: id_, OBSERVED: observed})
        for table, (key, *_) in ((table, table.primary_key) for table in IN_COMMON[3:]):
            owners = rows["tracks" if key == "track_id" else "albums"]
            for id_ in [row[key] for row in owners if row[OBSERVED] == observed]:
                for position in range(dice.randrange(3)):
                    credit = {"artist_position": position, "artist_id": dice.choice(IDS["artist_id"])}
                    rows[table.name].append({key: id_, **credit, OBSERVED: observed})
    return [(table, pl.DataFrame(rows[table.name], schema=with_observed(table))) for table in IN_COMMON]


def awkward_row(dice: random.Random, table: Table) -> dict[str, Any]:
    row = {
        column.name: None if column.nullable and dice.random() < 0.3 else dice.choice(AWKWARD[column.type])
        for column in table.columns
    }
    if "album_id" in row:
        row["album_id"] = dice.choice([None, *IDS["album_id"]])
    return row


def test_both_merge_alike(spark_session: "SparkSession", tmp_path: Path) -> None:
    of_shares = shares(random.Random(5), 4)  # noqa: S311  # the same each time
    for number, share in enumerate(of_shares):
        for name, frame in share.items():
            folder = tmp_path / "shares" / name
            folder.mkdir(parents=True, exist_ok=True)
            frame.with_columns(pl.lit(number, pl.Int32).alias(SHARE)).write_parquet(folder / f"{number}.parquet")
    places = [lambda table, step=step: str(tmp_path / step / table.name) for step in ("shares", "merged")]
    merge(spark_session, *places)
    expected = polars.merge(of_shares)
    for table in IN_COMMON:
        wanted = expected[table.name]
        (file,) = (tmp_path / "merged" / table.name).glob("*.parquet")
        assert_frame_equal(pl.read_parquet(file).select(wanted.columns), wanted)
        everything = pl.concat(share[table.name] for share in of_shares)
        assert 0 < wanted.height < everything.height
    clear(spark_session, str(tmp_path / "merged"))
    assert [path.name for path in tmp_path.iterdir()] == ["shares"]
