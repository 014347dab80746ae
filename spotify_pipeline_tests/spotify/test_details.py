"""Real objects, and what the reader makes of them. What it asks for is tested with the step that uses it."""

import json
from pathlib import Path
from typing import Any

import pytest

from spotify_pipeline.spotify.detail_reader import DetailReader
from spotify_pipeline.spotify.details import ALBUMS, ARTISTS, Kind
from spotify_pipeline.spotify.errors import ClockError, LoginError
from spotify_pipeline_tests.spotify.fake_spotify import Answer, FakeSpotify, error, found

SOME = ["a1", "a2", "a3"]


def captured(captures: Path, kind: Kind[Any]) -> dict[str, bytes]:
    """Real full objects, some of them as apps in development mode get them."""
    bodies = [path.read_bytes() for path in sorted(captures.glob(f"{kind.name}*/*.json"))]
    documents = [(json.loads(body), body) for body in bodies]
    return {
        document["id"]: body
        for document, body in documents
        if isinstance(document, dict) and document.get("type") == kind.name.rstrip("s")
    }


@pytest.mark.parametrize("kind", [ARTISTS, ALBUMS], ids=lambda kind: kind.name)
def test_every_captured_object_is_kept_token_for_token(kind: Kind[Any], captures: Path) -> None:
    objects = captured(captures, kind)
    spotify = FakeSpotify()
    spotify.on(f"/{kind.name}/", lambda _: error(403, "Forbidden"))
    spotify.on(f"/{kind.name}/.*", lambda request: Answer(objects[request.path.split("/")[3]]), times=len(objects))
    with spotify.client() as client:
        reader = DetailReader(client)
        kept = {one: line for details in reader.read(kind, list(objects)) for one, line in details.items()}
    assert reader.problem is None
    assert len(kept) > 10
    for one, line in kept.items():
        assert b"\n" not in line
        assert json.loads(line, parse_float=str) == json.loads(objects[one], parse_float=str)


def test_values_are_kept_as_the_bytes_that_were_sent() -> None:
    sent = b'{"artists" : [ {"id": "a1", "n": 1.10, "x": 1E400, "t": "\\u00e9\\/"}, null,\n {"id": "a3"} ]}'
    spotify = FakeSpotify()
    spotify.on("/artists/", lambda _: Answer(sent))
    with spotify.client() as client:
        (details,) = DetailReader(client).read(ARTISTS, SOME)
    assert details == {
        "a1": b'{"id":"a1","n":1.10,"x":1E400,"t":"\\u00e9\\/"}',
        "a2": b'{"id":"a2","not_found":true}',
        "a3": b'{"id":"a3"}',
    }


def test_objects_are_known_by_their_ids_in_whatever_order_they_come() -> None:
    spotify = FakeSpotify()
    spotify.on("/artists/", lambda _: found({"artists": [{"id": one} for one in reversed(SOME)]}))
    with spotify.client() as client:
        (details,) = DetailReader(client).read(ARTISTS, SOME)
    assert details == {one: f'{{"id":"{one}"}}'.encode() for one in SOME}


def test_one_id_alone_is_asked_for_singly() -> None:
    spotify = FakeSpotify()
    spotify.on("/albums/x", lambda _: found({"id": "x"}))
    with spotify.client() as client:
        assert list(DetailReader(client).read(ALBUMS, ["x"])) == [{"x": b'{"id":"x"}'}]
    assert [request.path for request in spotify.transport.requests if "albums" in request.path] == ["/v1/albums/x"]


def test_credentials_that_are_no_longer_accepted_end_the_reading() -> None:
    spotify = FakeSpotify()
    spotify.on("/artists/.*", lambda _: error(401, "Invalid access token"), times=2)
    with spotify.client() as client:
        reader = DetailReader(client)
        assert list(reader.read(ARTISTS, SOME)) == list(reader.read(ALBUMS, SOME)) == []
        assert isinstance(client.stopped, LoginError)
    assert reader.problem == str(client.stopped)


def test_a_wrong_clock_is_no_reason_to_go_on() -> None:
    spotify = FakeSpotify()
    late = {"Date": "Thu, 01 Jan 2026 00:00:00 GMT"}
    spotify.on("/artists/", lambda _: found({"artists": []})._replace(headers=late))
    with spotify.client() as client, pytest.raises(ClockError):
        list(DetailReader(client).read(ARTISTS, SOME))


def test_no_more_requests_are_sent_than_are_allowed() -> None:
    spotify = FakeSpotify()
    spotify.on("/artists/", lambda _: error(403, "Forbidden"))
    spotify.on("/artists/.*", lambda request: found({"id": request.path.split("/")[3]}), times=3)
    with spotify.client() as client:
        reader = DetailReader(client, most_requests=3)
        read = [one for details in reader.read(ARTISTS, SOME) for one in details]
        assert client.requests_sent == 3  # of which the first one was for all of them
    assert read == SOME[:2]
    assert reader.problem == "3 requests a day are spent on details; the rest is read the next days."
