"""What the shares of a day have in common, merged by Spark, by the rules of `tables/merge.py`.

Spark reads the files that the shares have left, and writes others: sorted by primary key, none overlapping another.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from spotify_pipeline.tables.declarations import ALBUM_ARTISTS, ALBUMS, ARTISTS, TRACK_ARTISTS, TRACKS
from spotify_pipeline.tables.schema import Table
from spotify_pipeline.tables.transform import OBSERVED

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SHARE = "share"
"""A further column of what is read: the number of the share."""

_VERSION = (OBSERVED, SHARE)
_FAITHFUL = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.compression.codec": "zstd",
    # Dates before 1582 are what they are: whoever else writes these files counts days as Spark 3 and newer do.
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
}
SIZES = {
    "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",
    "spark.sql.adaptive.advisoryPartitionSizeInBytes": "128m",
}
"""Options of Spark by which merged files have some 80 MB, a million tracks: so much is left of what it measures.

How many files that are is not known before the rows are merged, so Spark decides it then.
"""


def merge(session: "SparkSession", source: Callable[[Table], str], target: Callable[[Table], str]) -> None:
    """Merge the five tables.

    Args:
        session: Spark; its options that keep values as they are get set.
        source: the folder with a table's files as shares have left them, with the columns `OBSERVED` and `SHARE`.
        target: an empty folder, or none yet, for the merged files of a table, with the same columns.
    """
    for name, value in _FAITHFUL.items():
        session.conf.set(name, value)

    def every(table: Table) -> "DataFrame":
        return session.read.schema(_columns(table)).parquet(source(table))

    def keep(table: Table, rows: "DataFrame") -> "DataFrame":
        """Write the rows and go on with what was written: what is lost with an executor is not computed again."""
        columns = [column.name for column in table.columns]
        rows.select(*columns, *_VERSION).orderBy(*table.primary_key).write.parquet(target(table), mode="overwrite")
        return session.read.schema(_columns(table)).parquet(target(table))

    tracks = keep(TRACKS, _newest(TRACKS, every(TRACKS)))
    albums = keep(ALBUMS, _newest(ALBUMS, every(ALBUMS)).join(tracks, "album_id", "left_semi"))
    track_artists = keep(TRACK_ARTISTS, every(TRACK_ARTISTS).join(tracks, ["track_id", *_VERSION], "left_semi"))
    album_artists = keep(ALBUM_ARTISTS, every(ALBUM_ARTISTS).join(albums, ["album_id", *_VERSION], "left_semi"))
    credited = track_artists.select("artist_id").union(album_artists.select("artist_id"))
    keep(ARTISTS, _newest(ARTISTS, every(ARTISTS)).join(credited, "artist_id", "left_semi"))


def clear(session: "SparkSession", folder: str) -> None:
    """Delete a folder with all that is in it: Spark's own file systems leave more there than they list."""
    context = session.sparkContext
    path = context._jvm.org.apache.hadoop.fs.Path(folder)  # type: ignore[union-attr]  # noqa: SLF001  # no other way
    path.getFileSystem(context._jsc.hadoopConfiguration()).delete(path, True)  # noqa: SLF001  # as well


def _newest(table: Table, rows: "DataFrame") -> "DataFrame":
    """One row for each key: of the newest document, and of the first share that has read it."""
    from pyspark.sql.functions import col, max_by, struct  # noqa: PLC0415  # only where Spark is

    version = struct(col(OBSERVED), -col(SHARE))
    newest = rows.groupBy(*table.primary_key).agg(max_by(struct("*"), version).alias("newest"))
    return newest.select("newest.*")


def _columns(table: Table) -> str:
    """The columns in Spark's words, which are Glue's."""
    declared = [f"`{column.name}` {column.type.value}" for column in table.columns]
    return ", ".join([*declared, *(f"`{name}` int" for name in _VERSION)])
