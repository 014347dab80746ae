"""Which music the playlists hold on a day: recordings, artists, albums."""

from collections import defaultdict
from datetime import date
from itertools import combinations
from typing import Any

from spotify_pipeline_tests.query.history import History
from spotify_pipeline_tests.query.readings.plain import (
    NEWEST,
    artist_names,
    by,
    credits_of,
    grouped,
    null_last,
    percent,
    playlist_names,
    track_items,
)

Rows = list[tuple[Any, ...]]


def album_completeness(history: History, day: date = NEWEST, most: int = 20) -> Rows:
    albums, names = by("album_id", history.rows("albums", day)), playlist_names(history, day)
    artists = artist_names(history, day)
    bands = grouped(
        sorted(history.rows("album_artists", day), key=lambda row: row["artist_position"]), lambda row: row["album_id"]
    )
    held = grouped(track_items(history, day), lambda pair: (pair[0]["playlist_id"], pair[1]["album_id"]))
    answer = []
    for (playlist_id, album_id), pairs in held.items():
        album = albums.get(album_id)
        if album and (album["total_tracks"] or 0) > 1:
            tracks = len({track["track_id"] for _, track in pairs})
            credited = [artists[row["artist_id"]] for row in bands.get(album_id, [])]
            answer.append(
                (
                    album["name"],
                    ", ".join(credited) if credited else None,
                    names[playlist_id],
                    tracks,
                    album["total_tracks"],
                    percent(tracks, album["total_tracks"]),
                    album_id,
                    playlist_id,
                )
            )
    return sorted(answer, key=lambda row: (-row[5], -row[3], row[0], row[6], row[7]))[:most]


def duplicate_recordings(history: History, day: date = NEWEST) -> Rows:
    names = playlist_names(history, day)
    places = grouped(track_items(history, day), lambda pair: (pair[0]["playlist_id"], pair[1]["recording_key"]))
    answer = []
    for (playlist_id, recording_key), pairs in places.items():
        if len(pairs) > 1:
            positions = sorted(item["position"] for item, _ in pairs)
            answer.append(
                (
                    names[playlist_id],
                    max(track["name"] for _, track in pairs),
                    len(pairs),
                    ", ".join(map(str, positions)),
                    len({track["track_id"] for _, track in pairs}),
                    playlist_id,
                    recording_key,
                )
            )
    return sorted(answer, key=lambda row: (row[0], row[1], row[5], row[6]))


def explicit_share(history: History, day: date = NEWEST) -> Rows:
    names = playlist_names(history, day)
    answer = []
    for playlist_id, pairs in grouped(track_items(history, day), lambda pair: pair[0]["playlist_id"]).items():
        explicit = {track["track_id"]: track["explicit"] for _, track in pairs}
        yes, no = (sum(value is wanted for value in explicit.values()) for wanted in (True, False))
        share = percent(yes, yes + no) if yes + no else None
        answer.append((names[playlist_id], len(explicit), yes, share, playlist_id))
    return sorted(answer, key=lambda row: (row[3] is None, -(row[3] or 0), row[0], row[4]))


def genres(history: History, day: date = NEWEST, most: int = 20) -> Rows:
    rows, credits_ = by("artist_id", history.rows("artists", day)), credits_of(history, day)
    found: defaultdict[str, tuple[set[str], set[str], set[str]]] = defaultdict(lambda: (set(), set(), set()))
    for item, track in track_items(history, day):
        for credit in credits_.get(track["track_id"], []):
            for genre in rows[credit["artist_id"]]["genres"] or ():
                ids = (track["track_id"], credit["artist_id"], item["playlist_id"])
                for seen, one in zip(found[genre], ids, strict=True):
                    seen.add(one)
    answer = [(genre, len(tracks), len(artists), len(homes)) for genre, (tracks, artists, homes) in found.items()]
    return sorted(answer, key=lambda row: (-row[1], -row[2], row[0]))[:most]


def most_shared_recordings(history: History, day: date = NEWEST, most: int = 20) -> Rows:
    artists, credits_ = artist_names(history, day), credits_of(history, day)
    answer = []
    for recording_key, pairs in grouped(track_items(history, day), lambda pair: pair[1]["recording_key"]).items():
        mains = {
            artists[credit["artist_id"]]
            for _, track in pairs
            for credit in credits_.get(track["track_id"], [])
            if credit["artist_position"] == 0
        }
        answer.append(
            (
                max(track["name"] for _, track in pairs),
                ", ".join(sorted(mains)) if mains else None,
                len({item["playlist_id"] for item, _ in pairs}),
                len(pairs),
                recording_key,
            )
        )
    return sorted(answer, key=lambda row: (-row[2], -row[3], row[0], row[4]))[:most]


def playlist_overlap(history: History, day: date = NEWEST, at_least: int = 1) -> Rows:
    names = playlist_names(history, day)
    recordings: defaultdict[str, set[str]] = defaultdict(set)
    for item, track in track_items(history, day):
        recordings[item["playlist_id"]].add(track["recording_key"])
    answer = []
    for one, other in combinations(sorted(recordings), 2):
        shared = len(recordings[one] & recordings[other])
        if shared and shared >= at_least:
            share = percent(shared, min(len(recordings[one]), len(recordings[other])))
            answer.append((names[one], names[other], shared, share, one, other))
    return sorted(answer, key=lambda row: (-row[2], -row[3], row[4], row[5]))


def popularity_spread(history: History, day: date = NEWEST) -> Rows:
    def step(track: dict[str, Any]) -> int | None:
        return None if track["popularity"] is None else track["popularity"] // 10 * 10

    pairs = track_items(history, day)
    whole = len({track["track_id"] for _, track in pairs})
    answer = []
    for low, some in grouped(pairs, lambda pair: step(pair[1])).items():
        tracks = len({track["track_id"] for _, track in some})
        answer.append((low, tracks, percent(tracks, whole), len({item["playlist_id"] for item, _ in some})))
    return sorted(answer, key=lambda row: null_last(row[0]))


def release_decades(history: History, day: date = NEWEST) -> Rows:
    albums = by("album_id", history.rows("albums", day))

    def decade(track: dict[str, Any]) -> int | None:
        released = albums[track["album_id"]]["release_day"] if track["album_id"] else None
        return released and released.year // 10 * 10

    tracks = by("track_id", (track for _, track in track_items(history, day)))
    counts = {one: len(some) for one, some in grouped(tracks.values(), decade).items()}
    answer = [(one, count, percent(count, len(tracks))) for one, count in counts.items()]
    return sorted(answer, key=lambda row: null_last(row[0]))


def top_artists(history: History, day: date = NEWEST, most: int = 10) -> Rows:
    names, credits_ = artist_names(history, day), credits_of(history, day)
    found: defaultdict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for item, track in track_items(history, day):
        for credit in credits_.get(track["track_id"], []):
            tracks, playlists = found[credit["artist_id"]]
            tracks.add(track["track_id"])
            playlists.add(item["playlist_id"])
    answer = [(names[one], len(tracks), len(playlists), one) for one, (tracks, playlists) in found.items()]
    return sorted(answer, key=lambda row: (-row[1], -row[2], row[0], row[3]))[:most]


def tracks_of_artist(history: History, artist: str | None = None, day: date = NEWEST) -> Rows:
    if artist is None:
        counts = {one: len(rows) for one, rows in _tracks_by_artist(history, NEWEST).items()}
        artist = artist_names(history, NEWEST)[min(counts, key=lambda one: (-counts[one], one))]
    names, playlists = artist_names(history, day), playlist_names(history, day)
    albums = by("album_id", history.rows("albums", day))
    credits_ = credits_of(history, day)
    answer = set()
    for item, track in track_items(history, day):
        for credit in credits_.get(track["track_id"], []):
            if names[credit["artist_id"]].lower() == artist.lower():
                answer.add(
                    (
                        names[credit["artist_id"]],
                        track["name"],
                        albums[track["album_id"]]["name"] if track["album_id"] else None,
                        "guest" if credit["artist_position"] else "main",
                        playlists[item["playlist_id"]],
                        item["position"],
                        item["added_at"],
                        credit["artist_id"],
                        track["track_id"],
                        item["playlist_id"],
                    )
                )
    return sorted(answer, key=lambda row: (row[0], row[7], row[1], row[8], row[9], row[5], row[3]))


def _tracks_by_artist(history: History, day: date) -> dict[str, list[dict[str, Any]]]:
    return grouped(history.rows("track_artists", day), lambda row: row["artist_id"])
