"""Days that are imported, in each format, are those that were read from Spotify, as far as the format holds them.

The stand-in for Spotify is read on some days. Its documents are written as other tools write them, and imported into
another folder. Where a format leaves entries or codes out, so do the documents with which the import is compared.
"""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.demo.backends import Demo, DemoBackends
from spotify_pipeline.demo.catalogue import FIRST_DAY
from spotify_pipeline.imports.ids import own_id
from spotify_pipeline.settings import load_settings
from spotify_pipeline.spotify.manifest import Coverage, Manifest, Status
from spotify_pipeline.steps.extract import extract_day
from spotify_pipeline.steps.imports import import_history
from spotify_pipeline.steps.publish import put_in_place
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline_tests.imports import writers
from spotify_pipeline_tests.imports.writers import Days, Loss

NUMBER = 3
_ITEM_EVENTS = ("added", "removed", "moved", "replaced")
_PLACES = ("position", "item_type", "item_key", "track_id")
_CHANGES = ("event", "item_key", "previous_item_key", "track_id", "position", "previous_position", "gap_days")


class Format(NamedTuple):
    """A format, what it leaves out, and which columns it holds beside those that all hold."""

    write: writers.Write
    loss: Loss
    has_ids: bool
    items: Sequence[str]
    playlists: Sequence[str]
    tracks: Sequence[str]
    events: Sequence[str] = ()
    tells_absence: bool = True  # of a whole playlist


_ABOUT = ("name", "description", "owner_id", "owner_name", "snapshot_id")
_FORMATS = {
    "Exportify": Format(
        writers.write_exportify,
        Loss(unavailable=True),
        has_ids=True,
        items=("name", "added_at", "added_by_id", "duration_ms"),
        playlists=(),
        tracks=("name", "album_id", "duration_ms", "isrc", "recording_key", "explicit", "disc_number", "track_number"),
        events=("added_at", "added_by_id"),
    ),
    "spotify-backup JSON": Format(
        writers.write_backup_json,
        Loss(),
        has_ids=True,
        items=("name", "added_at", "added_by_id", "duration_ms", "is_playable"),
        playlists=(*_ABOUT, "is_public", "is_collaborative", "items_total", "image_url", "url"),
        tracks=("name", "album_id", "duration_ms", "isrc", "recording_key", "explicit", "popularity", "url"),
        events=("added_at", "added_by_id"),
    ),
    "spotify-backup text": Format(
        writers.write_backup_text,
        Loss(unavailable=True, isrc=True),
        has_ids=False,
        items=("name",),
        playlists=("name",),
        tracks=("name",),
    ),
    "account export": Format(
        writers.write_account_export,
        Loss(isrc=True),
        has_ids=False,
        items=(),
        playlists=("name",),
        tracks=("name",),
    ),
    "archive": Format(
        writers.write_archive,
        Loss(unavailable=True, local=True, isrc=True),
        has_ids=True,
        items=("name", "added_at", "duration_ms"),
        playlists=(*_ABOUT, "url"),
        tracks=("name", "album_id", "duration_ms", "url"),
        events=("added_at",),
        tells_absence=False,
    ),
}


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Days:
    """What Spotify's stand-in sent on some days."""
    settings = load_settings(SPOTIFY_PIPELINE_DATA_DIR=str(tmp_path_factory.mktemp("read") / "data"))
    read: dict[date, list[dict[str, Any]]] = {}
    for day in (FIRST_DAY + timedelta(days=number) for number in range(NUMBER)):
        backends = DemoBackends(settings.model_copy(update={"fixed_today": day}), Demo(FIRST_DAY, seed=2026))
        backends.raw.commit(extract_day(backends, day))
        found = backends.raw.open_day(day)
        whole = [row.playlist_id for row in found.manifest.playlists if row.status.has_rows]
        read[day] = [json.loads(found.document(playlist_id)) for playlist_id in whole]
        assert len(read[day]) > 8
    return read


def _backends(folder: Path) -> Backends:
    return choose_backends(
        load_settings(
            SPOTIFY_PIPELINE_DATA_DIR=str(folder),
            SPOTIFY_PIPELINE_API_URL="http://127.0.0.1:1/v1/",
            SPOTIFY_PIPELINE_TODAY=str(FIRST_DAY + timedelta(days=NUMBER)),
        )
    )


def _observed(backends: Backends, days: Days, loss: Loss) -> None:
    """Make the days as if they had been read from Spotify like this."""
    for day, documents in days.items():
        rows = []
        for document in documents:
            kept = writers.reduced(document, loss)
            length = len(writers.rows_of(kept))
            when = datetime(day.year, day.month, day.day, tzinfo=UTC)
            row = Coverage(document["id"], Status.OBSERVED, None, day, length, length, fetched_at=when)
            backends.raw.stage_document(day, row, json.dumps(kept).encode())
            rows.append(row)
        backends.raw.commit(Manifest(day, sorted(rows, key=lambda row: row.playlist_id)))
        transform_day(backends, backends.raw.open_day(day))
        put_in_place(backends, day)


def _tables(backends: Backends, table: str, days: Days) -> pl.DataFrame:
    frames = [backends.tables.read_published(table, day).with_columns(day=pl.lit(day)) for day in days]
    return pl.concat(frames)


def _there_every_day(days: Days) -> Days:
    """The days without playlists that came or went: the archive keeps the files of those that are gone."""
    every_day = set.intersection(*({document["id"] for document in documents} for documents in days.values()))
    return {day: [document for document in documents if document["id"] in every_day] for day, documents in days.items()}


def _renamed(days: Days) -> set[str]:
    """Playlists that have had several names, and in files without ids are several playlists."""
    names: dict[str, set[str]] = {}
    for document in (document for documents in days.values() for document in documents):
        names.setdefault(document["id"], set()).add(document["name"])
    return {playlist_id for playlist_id, called in names.items() if len(called) > 1}


@pytest.mark.parametrize("name", _FORMATS)
def test_an_import_gives_the_tables_and_events_of_the_days_that_it_holds(name: str, days: Days, tmp_path: Path) -> None:
    form = _FORMATS[name]
    days = days if form.tells_absence else _there_every_day(days)
    observed, imported = _backends(tmp_path / "observed"), _backends(tmp_path / "imported")
    _observed(observed, days, form.loss)
    form.write(tmp_path / "files", days)
    outcome = import_history(imported, tmp_path / "files")
    assert [refusal for file in outcome.files for refusal in file.refused] == []
    assert (outcome.made, outcome.failures) == (list(days), [])

    names = {document["id"]: document["name"] for documents in days.values() for document in documents}
    ids = {playlist_id: playlist_id for playlist_id in names}
    if not form.has_ids:
        ids = {playlist_id: own_id(names[playlist_id]) for playlist_id in names.keys() - _renamed(days)}
    assert len(ids) > 6

    def compare(table: str, columns: Sequence[str], key: Sequence[str], *, where: pl.Expr | None = None) -> int:
        frames = []
        for backends in (observed, imported):
            frame = _tables(backends, table, days)
            if "playlist_id" in frame.columns:
                known = list(ids) if backends is observed else list(ids.values())
                frame = frame.filter(pl.col("playlist_id").is_in(known))
                if backends is observed:
                    frame = frame.with_columns(pl.col("playlist_id").replace_strict(ids))
            if where is not None:
                frame = frame.filter(where)
            frames.append(frame.sort("day", *key).select("day", *key[:1], *columns))
        assert frames[0].rows() == frames[1].rows()
        return frames[0].height

    assert compare("playlist_items", [*_PLACES, *form.items], ["playlist_id", "position"]) > 1000
    assert compare("playlists", form.playlists, ["playlist_id"]) > 6 * len(days)
    assert compare("tracks", form.tracks, ["track_id"]) > 500
    of_items = pl.col("event").is_in(_ITEM_EVENTS)
    changes = compare("playlist_events", [*_CHANGES, *form.events], ["playlist_id", "event_number"], where=of_items)
    assert changes > 20


def test_a_cumulative_file_gives_the_songs_of_its_day(days: Days, tmp_path: Path) -> None:
    """Written as the archive's bot does: day after day, from what it sees and the file of the day before."""
    newest = max(days)
    there = {document["id"]: {entry["item"]["id"] for entry in _kept(document)} for document in days[newest]}
    for playlist_id, content in _cumulative_files(_there_every_day(days)).items():
        file = tmp_path / "files" / f"{playlist_id}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
    backends = _backends(tmp_path / "imported")
    outcome = import_history(backends, tmp_path / "files", day=newest, playlist=None)
    assert (outcome.made, outcome.failures) == ([newest], [])
    told = backends.tables.read_published("playlist_items", newest).group_by("playlist_id").agg("item_key")
    songs = {playlist_id: {key.rpartition(":")[2] for key in keys} for playlist_id, keys in told.iter_rows()}
    assert songs == {playlist_id: there[playlist_id] for playlist_id in songs}
    assert len(songs) > 6


def _kept(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry for entry in writers.rows_of(document) if entry["item"] and entry["item"]["id"]]


def _cumulative_files(days: Days) -> dict[str, dict[str, Any]]:
    files: dict[str, dict[str, Any]] = {}
    for day, documents in days.items():
        for document in documents:
            about = {
                "date_first_scraped": str(day),
                "description": "",
                "name": document["name"],
                "url": f"https://open.spotify.com/playlist/{document['id']}",
                "tracks": {},
            }
            stays = files.setdefault(document["id"], about)["tracks"]
            seen = {entry["item"]["id"]: entry for entry in _kept(document)}
            for song_id, entry in seen.items():
                row = writers.pretty_row(entry)
                added = (row.pop("added_at") or str(day))[:10]
                before = stays.get(song_id, {}).get("date_added", added)
                dates = {"date_added": min(before, added), "date_added_asterisk": False, "date_removed": None}
                stays[song_id] = row | dates
            for song_id in stays.keys() - seen.keys():
                stays[song_id]["date_removed"] = stays[song_id]["date_removed"] or str(day)
    for file in files.values():
        rows = list(file["tracks"].values())
        file["tracks"] = sorted(rows, key=lambda row: (row["name"].lower(), row["duration_ms"], row["url"]))
    return files
