"""Invented playlists as Spotify would send them, manifests, and a small sound day of tables."""

import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import polars as pl
from hypothesis import strategies as st

from spotify_pipeline.spotify.documents import Playlist, decode
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Status
from spotify_pipeline.tables import transform as shares
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline.tables.merge import merge
from spotify_pipeline.tables.rows import Rows, coverage_row
from spotify_pipeline.tables.schema import Table
from spotify_pipeline.tables.transform import Previous, mark_failed

Json = dict[str, Any]

DAY = date(2025, 3, 2)
FETCHED_AT = datetime(2025, 3, 2, 6, 30, tzinfo=UTC)


def artist(artist_id: str, **fields: Any) -> Json:
    return {"id": artist_id, "name": f"Artist {artist_id}", "type": "artist", **fields}


def album(album_id: str = "album", **fields: Any) -> Json:
    usual = {
        "name": f"Album {album_id}",
        "album_type": "album",
        "release_date": "1999-12-31",
        "release_date_precision": "day",
        "total_tracks": 9,
        "images": [{"url": f"https://i.example/{album_id}", "height": 640, "width": 640}],
        "artists": [artist("singer")],
        "external_urls": {"spotify": f"https://open.example/album/{album_id}"},
    }
    return {"id": album_id, "type": "album", **usual, **fields}


def track(track_id: str = "track", **fields: Any) -> Json:
    usual = {
        "uri": f"spotify:track:{track_id}",
        "name": f"Track {track_id}",
        "duration_ms": 180_000,
        "explicit": False,
        "is_local": False,
        "disc_number": 1,
        "track_number": 4,
        "track": True,  # the boolean that Spotify puts into tracks
        "album": album(),
        "artists": [artist("singer"), artist("guest")],
        "external_ids": {"isrc": f"DEA{track_id}"},
        "external_urls": {"spotify": f"https://open.example/track/{track_id}"},
    }
    return {"id": track_id, "type": "track", **usual, **fields}


def entry(content: Json | None, key: str = "item", **fields: Any) -> Json:
    return {
        "added_at": "2024-05-06T07:08:09Z",
        "added_by": {"id": "ana"},
        "is_local": False,
        key: content,
        **fields,
    }


def playlist(playlist_id: str, entries: Iterable[Json], key: str = "items", **fields: Any) -> Json:
    entries = list(entries)
    usual = {
        "name": f"Playlist {playlist_id}",
        "collaborative": False,
        key: {"items": entries, "total": len(entries), "next": None},
    }
    return {"id": playlist_id, **usual, **fields}


def observed(playlist_id: str, total: int, observed_date: date = DAY) -> Coverage:
    return Coverage(
        playlist_id,
        Status.OBSERVED if observed_date == DAY else Status.UNCHANGED,
        observed_date=observed_date,
        items_total=total,
        items_read=total,
        requests=1,
        fetched_at=FETCHED_AT,
    )


def coverage_of(document: Json, observed_date: date = DAY) -> Coverage:
    """The manifest's row for a document that Spotify sent whole, or as metadata alone."""
    pages = [document.get(key) or {} for key in ("items", "tracks")]
    contents: list[Any] | None = next((page["items"] for page in pages if "items" in page), None)
    if contents is None:
        return Coverage(document["id"], Status.RESTRICTED, "metadata only", requests=1, fetched_at=FETCHED_AT)
    return observed(document["id"], len(contents), observed_date)


def encoded(documents: Iterable[Json]) -> dict[str, bytes]:
    return {document["id"]: json.dumps(document).encode() for document in documents}


class Transformed(NamedTuple):
    """A day's tables by name, and why documents were left out, by playlist id."""

    frames: dict[str, pl.DataFrame]
    rejected: dict[str, str]


def transform(
    manifest: Manifest,
    read_document: Callable[[str], bytes],
    read_previous: Callable[[Coverage], Previous | None] = lambda _: None,
    cuts: Sequence[int] = (),
) -> Transformed:
    """All tables of a day, in memory; the playlists are cut into shares before those with these numbers."""
    rows = sorted(manifest.playlists, key=lambda row: row.playlist_id)
    written = {name: [pl.DataFrame(schema=table.polars_schema())] for name, table in TABLES.items()}

    def write(table: Table, frame: pl.DataFrame) -> None:
        written[table.name].append(frame)

    bounds = [0, *sorted(cuts), len(rows)]
    done = [
        shares.transform(manifest.snapshot_date, rows[start:end], write, read_document, read_previous)
        for start, end in itertools.pairwise(bounds)
    ]
    rejected = {id_: reason for share in done for id_, reason in share.rejected.items()}
    coverage = Rows(TABLES["coverage"].polars_schema())
    for row in sorted(mark_failed(manifest, rejected).playlists, key=lambda row: row.playlist_id):
        coverage.add(coverage_row(row))
    written["coverage"] = [coverage.take()]
    frames = {name: pl.concat(frames) for name, frames in written.items()}
    return Transformed(frames | merge([share.in_common for share in done]), rejected)


def transform_all(
    *documents: Json, observed_dates: Mapping[str, date] | None = None, before: Iterable[Json] = ()
) -> Transformed:
    """The tables of a day with these documents, each observed on the day, or on the dates given.

    Those of `before` were read the day before.
    """
    dates, earlier = observed_dates or {}, encoded(before)
    rows = [coverage_of(document, dates.get(document["id"], DAY)) for document in documents]

    def read_previous(row: Coverage) -> Previous | None:
        document = earlier.get(row.playlist_id)
        return Previous(DAY - timedelta(days=1), decode(document, Playlist)) if document else None

    return transform(Manifest(DAY, rows), encoded(documents).__getitem__, read_previous)


def sound_day(title: str = "Song") -> dict[str, pl.DataFrame]:
    """A day's tables with two or more rows each, which pass the audit."""
    first = track("t1", name=title, album=album("a1", artists=[artist("singer"), artist("guest")]))
    second = track("t2", album=album("a2"))
    return transform_all(
        playlist("p1", [entry(first), entry(second), entry(None)], description="One"),
        playlist("p2", [entry(first)]),
        before=[playlist("p1", [entry(first)], description="None"), playlist("p2", [entry(second)])],
    ).frames


def _sometimes(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | value


_IDS = st.sampled_from(["", "x", "y", "z"])  # few, so that the same ones meet
_NAMES = st.text(max_size=3)
_COUNTS = st.integers(0, 3)


def _objects(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """JSON objects of which any field may be missing or null."""
    return st.fixed_dictionaries({}, optional={name: _sometimes(value) for name, value in fields.items()})


_ARTISTS = st.lists(_objects(id=_IDS, name=_NAMES, images=st.lists(_sometimes(_objects(url=_NAMES)))), max_size=3)
_ALBUMS = _objects(
    id=_IDS,
    name=_NAMES,
    release_date=st.sampled_from(["0000", "1999", "1999-02", "1999-02-03", "soon"]),
    total_tracks=_COUNTS,
    artists=_ARTISTS,
)
_CONTENTS = _objects(
    id=_IDS,
    type=st.sampled_from(["track", "episode"]),
    uri=_IDS,
    name=_NAMES,
    duration_ms=_COUNTS,
    is_local=st.booleans(),
    album=_ALBUMS,
    artists=_ARTISTS,
    external_ids=_objects(isrc=st.sampled_from(["", "-", "us-abc-99-12345"])),
)
_ENTRIES = st.builds(
    lambda content, key, rest: {key: content, **rest},
    _sometimes(_CONTENTS),
    st.sampled_from(["item", "track"]),
    _objects(
        added_at=st.sampled_from(["1970-01-01T00:00:00Z", "2020-02-29T23:59:59Z"]),
        added_by=_objects(id=_IDS),
        is_local=st.booleans(),
    ),
)


@st.composite
def playlists(draw: st.DrawFn) -> list[Json]:
    """Playlists that share tracks, albums and artists of which they say different things."""
    ids = draw(st.lists(st.sampled_from("abcde"), unique=True, max_size=4))
    return [
        playlist(playlist_id, draw(st.lists(_ENTRIES, max_size=4)), key=draw(st.sampled_from(["items", "tracks"])))
        for playlist_id in ids
    ]
