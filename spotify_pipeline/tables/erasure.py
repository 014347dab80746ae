"""Taking playlists and users out of the tables of a day: what is left is as if they had never been there."""

from collections.abc import Collection, Mapping

import polars as pl

from spotify_pipeline.tables.declarations import (
    ALBUM_ARTISTS,
    ALBUMS,
    ARTISTS,
    COVERAGE,
    PLAYLIST_EVENTS,
    PLAYLIST_ITEMS,
    PLAYLISTS,
    TABLES,
    TRACK_ARTISTS,
    TRACKS,
)

_OF_PLAYLISTS = (COVERAGE.name, PLAYLISTS.name, PLAYLIST_ITEMS.name, PLAYLIST_EVENTS.name)
_OF_USERS: dict[str, dict[str, tuple[str, ...]]] = {  # the column with a user's id, and those that go with it
    PLAYLISTS.name: {"owner_id": ("owner_id", "owner_name")},
    PLAYLIST_ITEMS.name: {"added_by_id": ("added_by_id",)},
    PLAYLIST_EVENTS.name: {"added_by_id": ("added_by_id",)},
}


def owned_by(playlists: pl.DataFrame, users: Collection[str]) -> dict[str, str]:
    """The names of the playlists that these users own, by id, from the table `playlists`."""
    owned = playlists.filter(pl.col("owner_id").is_in(list(users)))
    return dict(owned.select("playlist_id", "name").iter_rows())


def erase(
    frames: Mapping[str, pl.DataFrame], playlists: Collection[str], users: Collection[str]
) -> dict[str, pl.DataFrame]:
    """The tables of a day without these playlists and users, those that change.

    Tracks, albums and artists go that nothing refers to any more. What is left of them stays as it was told, be it by a
    playlist that goes.

    Args:
        frames: the day's tables by name, as far as it has them, with the declared columns.
        playlists: ids.
        users: ids; where they are the owner, or have added something, there is null.
    """
    erased = {name: _without(name, frame, playlists, users) for name, frame in frames.items()}
    if _differs(erased, frames, PLAYLIST_ITEMS.name):
        _drop_orphans(erased)
    return {name: frame for name, frame in erased.items() if not frame.equals(frames[name])}


def _without(name: str, frame: pl.DataFrame, playlists: Collection[str], users: Collection[str]) -> pl.DataFrame:
    if name in _OF_PLAYLISTS and playlists:
        frame = frame.filter(~pl.col("playlist_id").is_in(list(playlists)))
    if not users:
        return frame
    for column, gone in _OF_USERS.get(name, {}).items():
        is_theirs = pl.col(column).is_in(list(users)).fill_null(value=False)
        frame = frame.with_columns(pl.when(~is_theirs).then(pl.col(each)).alias(each) for each in gone)
    if name == PLAYLIST_EVENTS.name:
        of_owners = pl.col("event") == "owner_changed"
        frame = frame.with_columns(
            pl.when(~(of_owners & pl.col(value).is_in(list(users)).fill_null(value=False)))
            .then(pl.col(value))
            .alias(value)
            for value in ("old_value", "new_value")
        )
    return frame


def _differs(erased: Mapping[str, pl.DataFrame], frames: Mapping[str, pl.DataFrame], name: str) -> bool:
    return name in frames and erased[name].height != frames[name].height


def _drop_orphans(frames: dict[str, pl.DataFrame]) -> None:
    """As `tables/merge.py` leaves out what nothing refers to."""
    for table, column, referring in (
        (TRACKS, "track_id", (PLAYLIST_ITEMS,)),
        (TRACK_ARTISTS, "track_id", (TRACKS,)),
        (ALBUMS, "album_id", (TRACKS,)),
        (ALBUM_ARTISTS, "album_id", (ALBUMS,)),
        (ARTISTS, "artist_id", (TRACK_ARTISTS, ALBUM_ARTISTS)),
    ):
        if table.name in frames:
            named = pl.concat([frames[each.name].select(column) for each in referring if each.name in frames])
            frames[table.name] = frames[table.name].join(named.drop_nulls().unique(), on=column, how="semi")


def declared(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows with all declared columns; those that a file of an earlier version lacks are null."""
    schema = TABLES[name].polars_schema()
    return frame.select(
        pl.col(column) if column in frame.columns else pl.lit(None, type_).alias(column)
        for column, type_ in schema.items()
    )
