"""An invented history as tables, day by day: what a year of real playlists leaves behind, without the year.

Ids, codes, addresses and names have the form and the entropy of Spotify's, since files compress as well as their values
allow. Tracks stand in playlists as unevenly as they do there: few in many, most in one.
"""

import random
import string
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from spotify_pipeline.tables.declarations import TABLES

FIRST = date(2025, 1, 1)

_LETTERS = string.digits + string.ascii_letters
_VOCABULARY = (
    "love night river house dance moon fire blue summer gold road heart rain city dream light wild home "
    "black star time song ghost ocean silver morning glass paper winter machine garden mirror shadow "
    "electric velvet thunder "
)
_WORDS = _VOCABULARY.split()
_ENDINGS = ("", "", "", "", "", " - Remastered 2011", " (feat. {})", " - Radio Edit", " - Live", " (Acoustic)")

Row = dict[str, Any]
Day = tuple[date, dict[str, pl.DataFrame]]


class InventedDays:
    """Playlists of which some change each day, and the music that stands in them."""

    def __init__(self, playlists: int, items: int, changing: float, seed: int = 2026) -> None:
        """Fill them.

        Args:
            playlists: how many there are.
            items: how many items each of them has, in the mean.
            changing: the share of playlists that change on a day.
            seed: the same seed gives the same history.
        """
        self._random = random.Random(seed)  # noqa: S311  # the same each time
        self._changing = changing
        self._music = _Music(self._random, tracks=max(500, playlists * items // 2))
        self._people = [f"{word}{number}" for number, word in enumerate(_WORDS)]
        self._items: dict[str, list[Row]] = {}
        self._rows: dict[str, Row] = {}
        began = datetime(2021, 1, 1, tzinfo=UTC)
        for _ in range(playlists):
            playlist_id, owner = self._id(), self._random.choice(self._people)
            length = max(1, round(self._random.lognormvariate(0, 0.8) * items * 0.72))
            moments = sorted(began + timedelta(seconds=self._random.randrange(126_000_000)) for _ in range(length))
            self._items[playlist_id] = [self._item(moment, owner) for moment in moments]
            self._rows[playlist_id] = {
                "playlist_id": playlist_id,
                "name": self._name(),
                "description": self._name() if self._random.random() < 0.4 else "",
                "owner_id": owner,
                "owner_name": owner.title(),
                "is_public": self._random.random() < 0.5,
                "is_collaborative": self._random.random() < 0.05,
                "snapshot_id": self._version(),
                "followers_total": int(self._random.paretovariate(0.7)),
                "image_url": f"https://mosaic.scdn.co/640/ab67616d00001e02{self._random.randbytes(48).hex()}",
                "url": f"https://open.spotify.com/playlist/{playlist_id}",
            }
        self._observed = dict.fromkeys(self._items, FIRST)
        self._fetched = {id_: self._fetch(FIRST) for id_ in self._items}

    def days(self, count: int) -> Iterator[Day]:
        """Each day with its tables by name, the first one without events."""
        for number in range(count):
            day = FIRST + timedelta(days=number)
            yield day, self._tables(day, self._change(day) if number else [])

    def _change(self, day: date) -> list[Row]:
        events = []
        changing = max(1, round(len(self._items) * self._changing))
        for playlist_id in sorted(self._random.sample(sorted(self._items), changing)):
            items, happened = self._items[playlist_id], []
            for _ in range(self._random.choice((1, 1, 1, 2, 3, 8))):
                new = self._item(
                    datetime(day.year, day.month, day.day, 3, tzinfo=UTC), self._random.choice(self._people)
                )
                place = 0 if self._random.random() < 0.3 else len(items)
                items.insert(place, new)
                happened.append({"event": "added", **_of(new), "position": place})
                if len(items) > 1 and self._random.random() < 0.8:
                    place = self._random.randrange(len(items))
                    happened.append({"event": "removed", **_of(items.pop(place)), "previous_position": place})
            if self._random.random() < 0.2 and len(items) > 1:
                old, new_place = self._random.randrange(len(items)), self._random.randrange(len(items))
                items.insert(new_place, items.pop(old))
                moved = {"event": "moved", **_of(items[new_place]), "position": new_place, "previous_position": old}
                happened.append(moved)
            self._rows[playlist_id]["snapshot_id"] = self._version()
            self._observed[playlist_id], self._fetched[playlist_id] = day, self._fetch(day)
            yesterday = {"previous_snapshot_date": day - timedelta(days=1), "gap_days": 1}
            events += [
                {"playlist_id": playlist_id, "event_number": number, **event, **yesterday}
                for number, event in enumerate(happened)
            ]
        for row in self._rows.values():
            row["followers_total"] += self._random.random() < 0.1
        return events

    def _tables(self, day: date, events: list[Row]) -> dict[str, pl.DataFrame]:
        standing = [item for items in self._items.values() for item in items]
        coverage = [
            {
                "playlist_id": id_,
                "status": "observed" if self._observed[id_] == day else "unchanged",
                "observed_date": self._observed[id_],
                "items_total": len(items),
                "items_read": len(items),
                "requests": 1 + len(items) // 100 if self._observed[id_] == day else 0,
                "fetched_at": self._fetched[id_],
            }
            for id_, items in self._items.items()
        ]
        items = pl.DataFrame(
            {
                "playlist_id": [id_ for id_, items in self._items.items() for _ in items],
                "position": [position for items in self._items.values() for position in range(len(items))],
                **{name: [item[name] for item in standing] for name in ("track", "added_at", "added_by_id")},
            }
        )
        playlists = [{**row, "items_total": len(self._items[id_])} for id_, row in self._rows.items()]
        return {
            name: _declared(name, frame)
            for name, frame in {
                "coverage": pl.DataFrame(coverage),
                "playlists": pl.DataFrame(playlists),
                "playlist_events": pl.DataFrame(events, infer_schema_length=None),
                **self._music.tables(items),
            }.items()
        }

    def _item(self, moment: datetime, person: str) -> Row:
        tracks = len(self._music.tracks)
        # Half of them are what everybody knows, the other half what hardly anybody does.
        popular = int(self._random.paretovariate(0.4)) % tracks
        track = popular if self._random.random() < 0.5 else self._random.randrange(tracks)
        return {
            "track": track,
            "track_id": self._music.tracks["track_id"][track],
            "added_at": moment.replace(microsecond=0),
            "added_by_id": person,
        }

    def _fetch(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, 5, tzinfo=UTC) + timedelta(
            microseconds=self._random.randrange(10**9)
        )

    def _id(self) -> str:
        return _id(self._random)

    def _name(self) -> str:
        return _name(self._random)

    def _version(self) -> str:
        return b64encode(self._random.randbytes(24)).decode()


class _Music:
    """Tracks, their albums and artists, of which a day has those that stand in its playlists."""

    def __init__(self, chance: random.Random, tracks: int) -> None:
        artists = [(_id(chance), _name(chance, 3)) for _ in range(tracks // 4)]
        albums: list[Row] = [
            {
                "album_id": (id_ := _id(chance)),
                "name": _name(chance),
                "album_type": chance.choice(("album", "album", "single", "compilation")),
                "release_date": str(released := date(1965, 1, 1) + timedelta(days=chance.randrange(22_000))),
                "release_date_precision": "day",
                "release_day": released,
                "total_tracks": chance.choice((1, 1, 2, 8, 10, 12, 15)),
                "image_url": f"https://i.scdn.co/image/ab67616d0000b273{chance.randbytes(12).hex()}",
                "url": f"https://open.spotify.com/album/{id_}",
                "artist": chance.randrange(len(artists)),
            }
            for _ in range(tracks // 2)
        ]
        rows: list[Row] = []
        credits_: list[Row] = []
        for _ in range(tracks):
            id_, album = _id(chance), chance.choice(albums)
            isrc = f"{chance.choice(('US', 'GB', 'DE', 'QZ'))}{_id(chance)[:3].upper()}{chance.randrange(10**7):07d}"
            rows.append(
                {
                    "track_id": id_,
                    "name": _name(chance) + chance.choice(_ENDINGS).format(chance.choice(artists)[1]),
                    "album_id": album["album_id"],
                    "disc_number": 1,
                    "track_number": chance.randint(1, max(1, album["total_tracks"])),
                    "duration_ms": chance.randint(120_000, 420_000),
                    "explicit": chance.random() < 0.2,
                    "isrc": isrc,
                    "recording_key": isrc,
                    "url": f"https://open.spotify.com/track/{id_}",
                }
            )
            guests = [chance.randrange(len(artists)) for _ in range(chance.choice((0, 0, 0, 1, 2)))]
            credits_ += [
                {"track_id": id_, "artist_position": place, "artist_id": artists[artist][0]}
                for place, artist in enumerate([album["artist"], *guests])
            ]
        self.tracks, self._credits = pl.DataFrame(rows), pl.DataFrame(credits_)
        self._albums = pl.DataFrame(albums)
        self._artists = pl.DataFrame(
            [{"artist_id": id_, "name": name, "url": f"https://open.spotify.com/artist/{id_}"} for id_, name in artists]
        )

    def tables(self, items: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """The tables of a day on which these tracks, by number, stand in playlists."""
        held = self.tracks[items["track"]].select("track_id", "name", "duration_ms")
        tracks = self.tracks[items["track"].unique()]
        albums = self._albums.join(tracks, on="album_id", how="semi")
        credits_ = self._credits.join(tracks, on="track_id", how="semi")
        owners = self._artists["artist_id"][albums["artist"]]
        album_artists = albums.select("album_id", artist_position=pl.lit(0), artist_id=owners)
        artist_ids = pl.concat([credits_["artist_id"], owners]).unique()
        return {
            "playlist_items": items.hstack(held).with_columns(
                item_type=pl.lit("track"), item_key="spotify:track:" + pl.col("track_id")
            ),
            "tracks": tracks,
            "albums": albums,
            "artists": self._artists.filter(pl.col("artist_id").is_in(artist_ids.implode())),
            "track_artists": credits_,
            "album_artists": album_artists,
        }


def _of(item: Row) -> Row:
    return {
        "item_key": f"spotify:track:{item['track_id']}",
        "track_id": item["track_id"],
        "added_at": item["added_at"],
        "added_by_id": item["added_by_id"],
    }


def _declared(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows with the declared columns, those that nobody fills null, as an app in development mode gets them."""
    schema = TABLES[table].polars_schema()
    if frame.is_empty():
        return schema.to_frame()
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(type_).alias(name)
        for name, type_ in schema.items()
    )


def _id(chance: random.Random) -> str:
    return "".join(chance.choices(_LETTERS, k=22))


def _name(chance: random.Random, most: int = 5) -> str:
    return " ".join(chance.choices(_WORDS, k=chance.randint(1, most))).title()
