"""Three weeks of the demo with fixed dates, and with everything that happens to a history, for the named queries.

Two days are not run, a playlist fails on some days, one becomes restricted, one appears and one is gone. Spotify is the
demo's stand-in, made to answer as it answers an app in extended quota mode: with popularity, and details of artists.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.demo.catalogue import FIRST_DAY, DemoCatalogue
from spotify_pipeline.demo.documents import Document, album_document, artist_document
from spotify_pipeline.demo.exchange import Reply, Request
from spotify_pipeline.demo.repeatable import digest
from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline.query.duckdb import DuckDBEngine
from spotify_pipeline.settings import Settings, load_settings
from spotify_pipeline.steps.details import enrich_day
from spotify_pipeline.steps.extract import extract_day
from spotify_pipeline.steps.publish import publish_day
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline.storage.objects import open_store
from spotify_pipeline.storage.tables import TableStore
from spotify_pipeline_tests.spotify.fake_clock import FakeClock

Row = dict[str, Any]

SEED = 2026
DAYS = tuple(FIRST_DAY + timedelta(days=number) for number in range(21) if number not in (6, 13))
FAILED = {("Deep Work (no words)", DAYS[8]), ("Deep Work (no words)", DAYS[-1]), ("On Repeat: Autumn", DAYS[-2])}
RESTRICTED = {("Morning Coffee, No Hurry", day) for day in DAYS if day >= date(2026, 10, 17)}


class History:
    """The tables of the history, and SQL over them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = DuckDBEngine(folder / "catalog.duckdb")
        self._tables = TableStore(open_store(str(folder / "tables")))

    @cache  # noqa: B019  # there is one history in a process
    def rows(self, table: str, day: date) -> list[Row]:
        """The rows of a day, times without zone as in SQL; none for a day that was not run."""
        if day not in DAYS:
            return []
        rows = self._tables.read(table, day).iter_rows(named=True)
        return [{name: _without_zone(value) for name, value in row.items()} for row in rows]


def _without_zone(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def make_history(folder: Path, days: Sequence[date] = DAYS) -> Backends:
    """Run the days into a data folder, all of them or the first ones; give the backends of the last."""
    clock = FakeClock()
    with _spotify() as spotify:
        for day in days:
            spotify.set_day(day)
            backends = choose_backends(_settings(folder, spotify.url, day), new_patience=clock.patience)
            backends.raw.commit(extract_day(backends, day))
            enrich_day(backends, day)
            transform_day(backends, backends.raw.open_day(day))
            publish_day(backends, day)
    return backends


def _settings(folder: Path, url: str, day: date) -> Settings:
    return load_settings(
        SPOTIFY_PIPELINE_DATA_DIR=str(folder),
        SPOTIFY_PIPELINE_API_URL=f"{url}/v1/",
        SPOTIFY_PIPELINE_ACCOUNTS_URL=f"{url}/",
        SPOTIFY_PIPELINE_TODAY=day.isoformat(),
        SPOTIFY_PIPELINE_START_DATE=FIRST_DAY.isoformat(),
        SPOTIFY_PIPELINE_ENRICH="new",
        SPOTIPY_CLIENT_ID="client",
        SPOTIPY_CLIENT_SECRET="app-secret",
        SPOTIFY_REFRESH_TOKEN="refresh-token",
    )


@contextmanager
def _spotify() -> Iterator["_ExtendedMode"]:
    catalogue = DemoCatalogue(SEED, FIRST_DAY)
    with DemoServer(catalogue, day=FIRST_DAY) as server:
        extended = _ExtendedMode(catalogue, server)
        server._server.answer = extended.answer
        yield extended


class _ExtendedMode:
    """What the stand-in answers, with what extended quota mode adds and what the history's faults take away."""

    def __init__(self, catalogue: DemoCatalogue, server: DemoServer) -> None:
        self.url = server.url
        self._catalogue, self._answer, self._set_day = catalogue, server._server.answer, server.set_day
        self._day = FIRST_DAY
        self._genres: dict[str, list[str]] = {}
        for genre, tracks in catalogue.music.genre_tracks.items():
            for artist_id in {artist.id for track in tracks for artist in track.artists}:
                self._genres.setdefault(artist_id, []).append(genre)

    def set_day(self, day: date) -> None:
        self._day = day
        self._set_day(day)

    def answer(self, request: Request) -> Reply:
        several = re.fullmatch("/v1/(artists|albums)/?", request.path)  # spotipy ends some addresses with a slash
        if several:
            describe = {"artists": self._artist, "albums": self._album}[several[1]]
            return Reply({several[1]: [describe(one) for one in request.query["ids"].split(",")]})
        reply = self._answer(request)
        if request.path.startswith("/v1/playlists/") and reply.status == 200:
            playlist = self._playlist(request.path.split("/")[3])
            if (playlist, self._day) in FAILED:
                return Reply({"error": {"status": 502, "message": "Bad gateway."}}, 502)
            if (playlist, self._day) in RESTRICTED:
                return replace(reply, document={key: reply.document[key] for key in reply.document if key != "items"})
            _add_popularity(reply.document)
        return reply

    def _playlist(self, playlist_id: str) -> str:
        """The first name of a playlist."""
        keepers = self._catalogue._keepers
        return next(keeper.plan.names[0] for keeper in keepers if keeper.playlist_id == playlist_id)

    def _artist(self, artist_id: str) -> Document:
        return artist_document(self._catalogue.music.artists[artist_id]) | {
            "genres": sorted(self._genres.get(artist_id, [])),
            "popularity": _popularity(artist_id),
            "followers": {"href": None, "total": _popularity(artist_id) ** 3},
        }

    def _album(self, album_id: str) -> Document:
        music = self._catalogue.music
        label = f"{music.albums[album_id].artists[0].name} Records"
        document = album_document(music.albums[album_id], music.album_tracks[album_id])
        return document | {"label": label, "popularity": _popularity(album_id)}


def _add_popularity(value: Any) -> None:
    """Add it to all tracks in an answer."""
    match value:
        case {"type": "track", "id": str(track_id)}:
            value["popularity"] = _popularity(track_id)
        case dict():
            for part in value.values():
                _add_popularity(part)
        case list():
            for part in value:
                _add_popularity(part)


def _popularity(spotify_id: str) -> int:
    return digest("popularity", spotify_id)[0] % 101
