"""Every table and view of the data model, declared once."""

from importlib import resources

from spotify_pipeline.spotify.manifest import Status
from spotify_pipeline.tables.events import EVENTS
from spotify_pipeline.tables.schema import Column, ColumnType, ForeignKey, Table, View

_STRING, _INTEGER, _BIGINT = ColumnType.STRING, ColumnType.INTEGER, ColumnType.BIGINT
_BOOLEAN, _DATE, _TIMESTAMP, _STRINGS = (
    ColumnType.BOOLEAN,
    ColumnType.DATE,
    ColumnType.TIMESTAMP,
    ColumnType.STRINGS,
)

ITEM_TYPES = ("track", "episode", "local", "unavailable")


def _image(of: str) -> Column:
    return Column("image_url", _STRING, f"Address of the largest picture of the {of}.", nullable=True)


def _url(of: str) -> Column:
    return Column("url", _STRING, f"The {of}'s page on open.spotify.com.", nullable=True)


def _popularity(of: str) -> Column:
    return Column(
        "popularity",
        _INTEGER,
        f"Spotify's score of the {of}, 0 to 100; extended quota mode only.",
        nullable=True,
        at_least=0,
    )


COVERAGE = Table(
    name="coverage",
    description=(
        "One row for each playlist that was asked for, with what came of it: a day on which a playlist has no row "
        "with status `observed`, `unchanged` or `imported` is a gap, not a day without changes."
    ),
    columns=(
        Column(
            "playlist_id",
            _STRING,
            "Spotify's id of the playlist; `imported-` and its name where an imported file does not tell that.",
            not_empty=True,
        ),
        Column(
            "status",
            _STRING,
            "`observed`: read whole. `unchanged`: the same snapshot_id as when last observed, whose rows are repeated. "
            "`restricted`: metadata only. `not_found`: deleted, private or no longer listed. `failed`: given up. "
            "`imported`: from a file of another tool.",
            one_of=tuple(status.value for status in Status),
        ),
        Column("reason", _STRING, "Why there are no rows, or where imported ones come from.", nullable=True),
        Column("observed_date", _DATE, "The day whose content this is.", nullable=True),
        Column("items_total", _INTEGER, "How many items Spotify says there are.", nullable=True, at_least=0),
        Column("items_read", _INTEGER, "How many items were read.", at_least=0),
        Column("requests", _INTEGER, "Web API requests spent on the playlist that day.", at_least=0),
        Column(
            "fetched_at",
            _TIMESTAMP,
            "When the content was fetched from Spotify; of imported content, as its file tells.",
            nullable=True,
        ),
    ),
    primary_key=("playlist_id",),
)

PLAYLISTS = Table(
    name="playlists",
    description="Playlists whose metadata could be read, restricted ones included.",
    columns=(
        Column("playlist_id", _STRING, "Spotify's id of the playlist.", not_empty=True),
        Column("name", _STRING, "The playlist's name; empty where it has none."),
        Column("description", _STRING, "What its owner says of it; may hold HTML entities.", nullable=True),
        Column("owner_id", _STRING, "User id of the owner.", nullable=True),
        Column("owner_name", _STRING, "Display name of the owner.", nullable=True),
        Column("is_public", _BOOLEAN, "Whether it is shown on the owner's profile.", nullable=True),
        Column("is_collaborative", _BOOLEAN, "Whether invited users may change it."),
        Column("snapshot_id", _STRING, "Spotify's version of the playlist: equal means unchanged.", nullable=True),
        Column("items_total", _INTEGER, "How many items Spotify says there are.", nullable=True, at_least=0),
        Column("followers_total", _BIGINT, "How many users follow it.", nullable=True, at_least=0),
        _image("playlist"),
        _url("playlist"),
    ),
    primary_key=("playlist_id",),
    foreign_keys=(ForeignKey("playlist_id", "coverage"),),
)

PLAYLIST_ITEMS = Table(
    name="playlist_items",
    description="What stands at each position of each playlist. The same track may stand at several positions.",
    columns=(
        Column("playlist_id", _STRING, "Spotify's id of the playlist.", not_empty=True),
        Column("position", _INTEGER, "Place in the playlist, from 0.", at_least=0),
        Column(
            "item_type",
            _STRING,
            "`track`, `episode` (of a podcast), `local` (a file of the user's) or `unavailable` (Spotify sent null).",
            one_of=ITEM_TYPES,
        ),
        Column("item_key", _STRING, "The URI; `unavailable:<position>` where there is none.", not_empty=True),
        Column("track_id", _STRING, "Spotify's id; null for all but tracks.", nullable=True, not_empty=True),
        Column("name", _STRING, "Title of the track, episode or file.", nullable=True),
        Column("added_at", _TIMESTAMP, "When it was added; null where Spotify says 1970 or nothing.", nullable=True),
        Column("added_by_id", _STRING, "User id of who added it.", nullable=True, not_empty=True),
        Column("is_playable", _BOOLEAN, "Whether the logged-in user can play it.", nullable=True),
        Column("duration_ms", _BIGINT, "Length in milliseconds.", nullable=True, at_least=0),
    ),
    primary_key=("playlist_id", "position"),
    foreign_keys=(ForeignKey("playlist_id", "playlists"), ForeignKey("track_id", "tracks")),
)

TRACKS = Table(
    name="tracks",
    description="The tracks that stand in the playlists.",
    columns=(
        Column("track_id", _STRING, "Spotify's id of the track.", not_empty=True),
        Column("name", _STRING, "Title; empty where Spotify withholds it."),
        Column("album_id", _STRING, "The album that it is from.", nullable=True, not_empty=True),
        Column("disc_number", _INTEGER, "Disc of the album, from 1.", nullable=True, at_least=0),
        Column("track_number", _INTEGER, "Place on the disc, from 1.", nullable=True, at_least=0),
        Column(
            "duration_ms", _BIGINT, "Length in milliseconds; 0 where an imported file does not tell it.", at_least=0
        ),
        Column("explicit", _BOOLEAN, "Whether it has explicit lyrics.", nullable=True),
        Column("isrc", _STRING, "Code of the recording, in capitals without hyphens.", nullable=True, not_empty=True),
        Column(
            "recording_key",
            _STRING,
            "The ISRC, else the track id: equal for the same recording on several albums.",
            not_empty=True,
        ),
        _popularity("track"),
        _url("track"),
    ),
    primary_key=("track_id",),
    foreign_keys=(ForeignKey("album_id", "albums"),),
)

ALBUMS = Table(
    name="albums",
    description=(
        "The albums that those tracks are from. What only details tell, label and popularity, is as on the day "
        "on which details were read."
    ),
    columns=(
        Column("album_id", _STRING, "Spotify's id of the album.", not_empty=True),
        Column("name", _STRING, "Title; empty where Spotify withholds it."),
        Column("album_type", _STRING, "`album`, `single` or `compilation`.", nullable=True),
        Column("release_date", _STRING, "As Spotify sent it: a day, a month, a year or `0000`.", nullable=True),
        Column("release_date_precision", _STRING, "`day`, `month` or `year`.", nullable=True),
        Column("release_day", _DATE, "The first day that release_date can mean.", nullable=True),
        Column("total_tracks", _INTEGER, "How many tracks it has.", nullable=True, at_least=0),
        Column("label", _STRING, "The record label; extended quota mode only.", nullable=True),
        _popularity("album"),
        _image("album"),
        _url("album"),
    ),
    primary_key=("album_id",),
)

ARTISTS = Table(
    name="artists",
    description=(
        "The artists of those tracks and albums. What only details tell, all but name and address, is as on the day on "
        "which details were read."
    ),
    columns=(
        Column("artist_id", _STRING, "Spotify's id of the artist.", not_empty=True),
        Column("name", _STRING, "Name; empty where Spotify withholds it."),
        Column("genres", _STRINGS, "Genres; extended quota mode only.", nullable=True),
        Column(
            "followers_total",
            _BIGINT,
            "How many users follow the artist; extended quota mode only.",
            nullable=True,
            at_least=0,
        ),
        _popularity("artist"),
        _image("artist"),
        _url("artist"),
    ),
    primary_key=("artist_id",),
)

TRACK_ARTISTS = Table(
    name="track_artists",
    description="Who plays on which track, in the order of the credits.",
    columns=(
        Column("track_id", _STRING, "The track.", not_empty=True),
        Column("artist_position", _INTEGER, "Place in the credits, from 0: the main artist.", at_least=0),
        Column("artist_id", _STRING, "The artist.", not_empty=True),
    ),
    primary_key=("track_id", "artist_position"),
    foreign_keys=(ForeignKey("track_id", "tracks"), ForeignKey("artist_id", "artists")),
)

ALBUM_ARTISTS = Table(
    name="album_artists",
    description="Whose album it is, in the order of the credits.",
    columns=(
        Column("album_id", _STRING, "The album.", not_empty=True),
        Column("artist_position", _INTEGER, "Place in the credits, from 0: the main artist.", at_least=0),
        Column("artist_id", _STRING, "The artist.", not_empty=True),
    ),
    primary_key=("album_id", "artist_position"),
    foreign_keys=(ForeignKey("album_id", "albums"), ForeignKey("artist_id", "artists")),
)

PLAYLIST_EVENTS = Table(
    name="playlist_events",
    description=(
        "What has happened to each playlist since it was last read, which need not have been yesterday. The first day "
        "on which a playlist is read has no events, and neither has a day on which it is not: what is unknown is no "
        "change."
    ),
    columns=(
        Column("playlist_id", _STRING, "Spotify's id of the playlist.", not_empty=True),
        Column("event_number", _INTEGER, "Place among the events of the playlist that day, from 0.", at_least=0),
        Column(
            "event",
            _STRING,
            "`added`, `removed`, `moved` (as few as explain the new order), `replaced` (by the same recording on "
            "another album, at the same place), or of the playlist itself `renamed`, `described`, `owner_changed` or "
            "`visibility_changed`.",
            one_of=EVENTS,
        ),
        Column("item_key", _STRING, "The item, as in `playlist_items`.", nullable=True, not_empty=True),
        Column("previous_item_key", _STRING, "What was replaced.", nullable=True, not_empty=True),
        Column("track_id", _STRING, "Spotify's id, of tracks only.", nullable=True, not_empty=True),
        Column("position", _INTEGER, "Where the item is now, from 0.", nullable=True, at_least=0),
        Column("previous_position", _INTEGER, "Where it was before, from 0.", nullable=True, at_least=0),
        Column("previous_snapshot_date", _DATE, "The day that it is compared with."),
        Column("gap_days", _INTEGER, "How many days before that was; 1 is yesterday.", at_least=1),
        Column("added_at", _TIMESTAMP, "When the item was added, as Spotify says.", nullable=True),
        Column("added_by_id", _STRING, "User id of who added it.", nullable=True, not_empty=True),
        Column("old_value", _STRING, "The name, description, owner or visibility before.", nullable=True),
        Column("new_value", _STRING, "The one since.", nullable=True),
    ),
    primary_key=("playlist_id", "event_number"),
    foreign_keys=(ForeignKey("playlist_id", "playlists"),),
)

TABLES = {
    table.name: table
    for table in (
        COVERAGE,
        PLAYLISTS,
        PLAYLIST_ITEMS,
        TRACKS,
        ALBUMS,
        ARTISTS,
        TRACK_ARTISTS,
        ALBUM_ARTISTS,
        PLAYLIST_EVENTS,
    )
}
"""All tables by name."""

MEMBERSHIPS = View(
    name="memberships",
    description=(
        "One row for each stay of an item in a playlist: what comes back begins a new one. Where days are missing, it "
        "says between which days something went, and how long it can have been there at least and at most. It looks at "
        "the first day of each playlist and at all events, and has no partitions."
    ),
    columns=(
        Column("playlist_id", _STRING, "Spotify's id of the playlist."),
        Column(
            "item_key", _STRING, "The item, as in `playlist_items`; `unavailable` for all that Spotify sent null for."
        ),
        Column(
            "occurrence",
            _INTEGER,
            "Which of its copies, from 1, where it stands there several times; the one that came last goes first.",
        ),
        Column("first_seen", _DATE, "The first day on which it was read there."),
        Column("last_seen", _DATE, "The last day on which it was read there."),
        Column(
            "removed_between_start",
            _DATE,
            "It went after the reading of this day, which is `last_seen`; null while it is there.",
            nullable=True,
        ),
        Column(
            "removed_between_end",
            _DATE,
            "It had gone when the playlist was read on this day; null while it is there.",
            nullable=True,
        ),
        Column(
            "days_min",
            _INTEGER,
            "On how many days it was there for certain: days that were read, or between whose readings nothing has "
            "changed, as Spotify says.",
        ),
        Column(
            "days_max",
            _INTEGER,
            "On how many days it can have been there, days that are missing around its stay included; the same as "
            "`days_min` where none is.",
        ),
        Column(
            "left_censored",
            _BOOLEAN,
            "Whether it was there when the playlist was first read: nobody knows since when.",
        ),
        Column("is_current", _BOOLEAN, "Whether it was there when the playlist was last read."),
    ),
    sql=resources.files("spotify_pipeline.tables").joinpath("views", "memberships.sql").read_text(encoding="utf-8"),
)

VIEWS = {MEMBERSHIPS.name: MEMBERSHIPS}
"""All views by name."""
