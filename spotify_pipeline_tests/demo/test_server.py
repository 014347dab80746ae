import base64
import contextlib
import hashlib
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import spotipy
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyOAuth

from spotify_pipeline.demo.catalogue import FIRST_DAY, DemoCatalogue
from spotify_pipeline.demo.model import Playlist, Row, Track
from spotify_pipeline.demo.server import DemoServer

SCOPE = "playlist-read-private playlist-read-collaborative"


@pytest.fixture(scope="module")
def catalogue() -> DemoCatalogue:
    return DemoCatalogue()


@pytest.fixture(scope="module")
def shared_server(catalogue: DemoCatalogue) -> Iterator[DemoServer]:
    with DemoServer(catalogue, day=FIRST_DAY) as server:
        yield server


@pytest.fixture
def server(shared_server: DemoServer) -> DemoServer:
    shared_server.set_day(FIRST_DAY)
    return shared_server


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


class Api:
    """A client that says what it gets."""

    def __init__(self, session: requests.Session, url: str, grant: dict[str, str]) -> None:
        self.session = session
        self.url = f"{url}/v1/"
        answer = session.post(f"{url}/api/token", data=grant, auth=(DemoServer.client_id, DemoServer.client_secret))
        self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def get(self, path: str) -> requests.Response:
        return self.session.get(f"{self.url}{path}", headers=self.headers, timeout=5)

    def document(self, path: str) -> Any:  # any JSON
        response = self.get(path)
        assert response.status_code == 200, response.text
        return response.json()

    def error(self, path: str) -> tuple[int, str]:
        response = self.get(path)
        error = response.json()["error"]
        assert error["status"] == response.status_code
        return response.status_code, error["message"]


@pytest.fixture
def api(server: DemoServer, session: requests.Session) -> Api:
    grant = {"grant_type": "refresh_token", "refresh_token": DemoServer.refresh_token}
    return Api(session, server.url, grant)


@pytest.fixture
def app_api(server: DemoServer, session: requests.Session) -> Api:
    return Api(session, server.url, {"grant_type": "client_credentials"})


@pytest.fixture
def spotify(server: DemoServer) -> Iterator[spotipy.Spotify]:
    cache = MemoryCacheHandler({"refresh_token": server.refresh_token, "expires_at": 0, "scope": SCOPE})
    with requests.Session() as session:
        auth = SpotifyOAuth(
            server.client_id,
            server.client_secret,
            "http://127.0.0.1:9/callback",
            scope=SCOPE,
            cache_handler=cache,
            open_browser=False,
            requests_session=session,
        )
        auth.OAUTH_TOKEN_URL = f"{server.url}/api/token"
        client = spotipy.Spotify(auth_manager=auth, requests_session=session)
        client.prefix = f"{server.url}/v1/"
        yield client


@pytest.fixture
def playlists(catalogue: DemoCatalogue) -> tuple[Playlist, ...]:
    return catalogue.playlists_on(FIRST_DAY)


@pytest.fixture
def long_playlist(playlists: tuple[Playlist, ...]) -> Playlist:
    return max(playlists, key=lambda playlist: len(playlist.rows))


@pytest.fixture
def restricted(catalogue: DemoCatalogue, playlists: tuple[Playlist, ...]) -> Playlist:
    return next(playlist for playlist in playlists if not playlist.is_readable_by(catalogue.listener))


def uri_of(item: dict[str, Any]) -> str | None:
    return str(item["item"]["uri"]) if item["item"] else None


def uri_in(row: Row) -> str | None:
    return row.content.uri if row.content else None


def test_spotipy_lists_the_playlists_with_one_null_among_them(
    spotify: spotipy.Spotify, playlists: tuple[Playlist, ...]
) -> None:
    page = spotify.current_user_playlists(limit=50)
    listed = [playlist for playlist in page["items"] if playlist]
    assert page["total"] == len(page["items"]) == len(listed) + 1 == 13
    assert [(p["id"], p["snapshot_id"], p["items"]["total"]) for p in listed] == [
        (p.id, p.snapshot_id, len(p.rows)) for p in playlists
    ]


def test_spotipy_reads_a_long_playlist_whole_through_its_pages(
    spotify: spotipy.Spotify, long_playlist: Playlist
) -> None:
    page = spotify.playlist(long_playlist.id)["items"]
    read = list(page["items"])
    assert len(read) == 100
    while page["next"]:
        page = spotify.next(page)
        read += page["items"]
    assert [uri_of(item) for item in read] == [uri_in(row) for row in long_playlist.rows]


def test_pages_of_items_join_without_gap(api: Api, long_playlist: Playlist) -> None:
    path = f"playlists/{long_playlist.id}/items?limit=50"
    read = []
    while path:
        page = api.document(path)
        read += page["items"]
        assert page["total"] == len(long_playlist.rows)
        path = (page["next"] or "").removeprefix(api.url)
    assert [uri_of(item) for item in read] == [uri_in(row) for row in long_playlist.rows]


def test_pages_point_back_and_keep_the_fields_asked_for(api: Api, long_playlist: Playlist) -> None:
    page = api.document(f"playlists/{long_playlist.id}/items?fields=next,previous&limit=10&offset=20")
    assert page.keys() == {"next", "previous"}
    assert "offset=10&limit=10&fields=next%2Cprevious" in page["previous"]
    assert "offset=30&limit=10&fields=next%2Cprevious" in page["next"]


def test_playlists_are_paged_too(api: Api) -> None:
    page = api.document("me/playlists?limit=10&offset=10")
    assert (len(page["items"]), page["total"], page["next"]) == (3, 13, None)


def test_a_page_beyond_the_end_is_empty(api: Api, long_playlist: Playlist) -> None:
    page = api.document(f"playlists/{long_playlist.id}/items?offset=5000")
    assert (page["items"], page["next"], page["limit"]) == ([], None, 20)


@pytest.mark.parametrize("limit", ["0", "51", "100", "-1", "many"])
def test_limits_outside_1_to_50_are_refused(api: Api, long_playlist: Playlist, limit: str) -> None:
    assert api.error(f"playlists/{long_playlist.id}/items?limit={limit}") == (400, "Invalid limit")
    assert api.error(f"me/playlists?limit={limit}") == (400, "Invalid limit")


def test_a_playlist_of_somebody_else_shows_its_metadata_only(api: Api, restricted: Playlist) -> None:
    document = api.document(f"playlists/{restricted.id}")
    assert "items" not in document
    assert "tracks" not in document
    assert document["name"] == restricted.name
    assert document["owner"]["id"] != "demo-listener"
    assert document["followers"]["total"] > 0
    assert api.error(f"playlists/{restricted.id}/items") == (403, "Forbidden")


def test_what_the_playlist_consists_of_can_be_chosen(api: Api, long_playlist: Playlist) -> None:
    path = f"playlists/{long_playlist.id}?fields="
    assert api.document(f"{path}name,snapshot_id") == {
        "name": long_playlist.name,
        "snapshot_id": long_playlist.snapshot_id,
    }
    assert "items" in api.document(f"{path}items(total)")


def test_playlists_of_spotify_and_unknown_ones_are_not_found(api: Api) -> None:
    assert api.error("playlists/37i9dQZF1DX00000000000") == (404, "Resource not found")
    assert api.error("playlists/0000000000000000000000/items") == (404, "Resource not found")
    assert api.error("playlists/short") == (400, "Invalid base62 id")
    assert api.error("nothing/here") == (404, "Service not found")


def test_a_slash_at_the_end_of_an_address_makes_no_difference(api: Api) -> None:
    assert api.document("me/") == api.document("me")  # as spotipy asks
    assert api.error("artists/?ids=x") == (403, "Forbidden")


def test_the_old_paths_and_the_batches_are_forbidden(api: Api, long_playlist: Playlist) -> None:
    paths = [f"playlists/{long_playlist.id}/tracks", "tracks?ids=a,b", "albums?ids=a", "artists?ids=a"]
    assert {api.error(path) for path in paths} == {(403, "Forbidden")}


def test_a_track_has_the_fields_of_development_mode(api: Api, catalogue: DemoCatalogue) -> None:
    track = next(track for track in catalogue.music.tracks.values() if len(track.artists) > 1)
    document = api.document(f"tracks/{track.id}")
    assert document["external_ids"] == {"isrc": track.isrc}
    assert [artist["name"] for artist in document["artists"]] == [artist.name for artist in track.artists]
    assert document["album"]["release_date"] == track.album.release_date
    assert [image["width"] for image in document["album"]["images"]] == [640, 300, 64]
    assert document["external_urls"]["spotify"] == f"https://open.spotify.com/track/{track.id}"
    gone = {"popularity", "available_markets", "linked_from"}
    assert not gone & document.keys()
    assert not gone & document["album"].keys()


def test_an_album_lists_its_tracks_and_an_artist_no_genres(api: Api, catalogue: DemoCatalogue) -> None:
    album = next(album for album in catalogue.music.albums.values() if album.album_type == "compilation")
    document = api.document(f"albums/{album.id}")
    assert [track["id"] for track in document["tracks"]["items"]] == [
        track.id for track in catalogue.music.album_tracks[album.id]
    ]
    assert "label" not in document
    artist = api.document(f"artists/{album.artists[0].id}")
    assert artist["name"] == "Various Artists"
    assert not {"genres", "followers", "popularity"} & artist.keys()


def test_rows_are_sent_as_spotify_sends_them(api: Api, playlists: tuple[Playlist, ...]) -> None:
    items = [
        item
        for playlist in playlists
        for item in api.document(f"playlists/{playlist.id}").get("items", {"items": []})["items"]
    ]
    keys = {"added_at", "added_by", "is_local", "primary_color", "video_thumbnail", "item"}
    assert all(item.keys() == keys for item in items)
    local = next(item for item in items if item["is_local"])["item"]
    assert (local["id"], local["type"], local["album"]["id"]) == (None, "track", None)
    assert local["uri"].startswith("spotify:local:")
    episode = next(item["item"] for item in items if item["item"] and item["item"]["type"] == "episode")
    assert episode["show"]["name"]
    assert not {"album", "artists"} & episode.keys()
    assert any(item["item"] is None for item in items)
    undated = next(item for item in items if item["added_at"].startswith("1970"))
    assert undated["added_by"]["id"] == ""


def test_descriptions_are_escaped_and_missing_covers_are_null(api: Api, playlists: tuple[Playlist, ...]) -> None:
    documents = {p.id: api.document(f"playlists/{p.id}?fields=description,images") for p in playlists}
    jonas = next(playlist for playlist in playlists if "&" in playlist.description)
    assert "&amp;" in documents[jonas.id]["description"]
    plain = next(playlist for playlist in playlists if playlist.image is None)
    assert documents[plain.id]["images"] is None


def test_the_day_decides_what_is_sent(server: DemoServer, api: Api, catalogue: DemoCatalogue) -> None:
    later = FIRST_DAY + timedelta(days=12)
    server.set_day(later)
    listed = [p["snapshot_id"] for p in api.document("me/playlists?limit=50")["items"] if p]
    assert listed == [playlist.snapshot_id for playlist in catalogue.playlists_on(later)]


def test_the_listener_is_introduced(api: Api) -> None:
    me = api.document("me")
    assert (me["id"], me["display_name"], me["type"]) == ("demo-listener", "Demo Listener", "user")
    assert not {"email", "country", "product", "followers"} & me.keys()


def test_an_app_without_a_user_sees_metadata_only(app_api: Api, long_playlist: Playlist) -> None:
    assert "items" not in app_api.document(f"playlists/{long_playlist.id}")
    refusal = (401, "Valid user authentication required")
    assert app_api.error(f"playlists/{long_playlist.id}/items") == refusal
    assert app_api.error("me/playlists") == refusal
    assert app_api.error("me") == refusal


@pytest.mark.parametrize(
    ("header", "message"),
    [({}, "No token provided"), ({"Authorization": "Bearer made-up"}, "Invalid access token")],
)
def test_without_a_token_of_ours_nothing_is_told(
    server: DemoServer, session: requests.Session, header: dict[str, str], message: str
) -> None:
    answer = session.get(f"{server.url}/v1/me", headers=header)
    assert (answer.status_code, answer.json()) == (401, {"error": {"status": 401, "message": message}})


def test_refreshing_gives_no_new_refresh_token(server: DemoServer, session: requests.Session) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "any", "client_id": "any"}
    answer = session.post(f"{server.url}/api/token", data=form).json()
    assert answer.keys() == {"access_token", "token_type", "expires_in", "scope"}


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "client_credentials"}, "invalid_client"),
        ({"grant_type": "refresh_token", "client_id": "any"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "made-up", "client_id": "any"}, "invalid_grant"),
        ({"grant_type": "password", "client_id": "any"}, "unsupported_grant_type"),
    ],
)
def test_requests_for_tokens_can_be_wrong(
    server: DemoServer, session: requests.Session, form: dict[str, str], error: str
) -> None:
    answer = session.post(f"{server.url}/api/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize(("verifier", "status"), [("right" * 10, 200), ("wrong" * 10, 400)])
def test_a_login_with_pkce_ends_in_a_token(
    server: DemoServer, session: requests.Session, verifier: str, status: int
) -> None:
    hashed = hashlib.sha256(b"right" * 10).digest()
    query = {
        "client_id": server.client_id,
        "response_type": "code",
        "redirect_uri": "http://127.0.0.1:9/callback?from=test",
        "scope": SCOPE,
        "state": "s/1",
        "code_challenge_method": "S256",
        "code_challenge": base64.urlsafe_b64encode(hashed).decode().rstrip("="),
    }
    consent = session.get(f"{server.url}/authorize", params=query, allow_redirects=False)
    assert consent.status_code == 302
    back = dict(parse_qsl(urlsplit(consent.headers["Location"]).query))
    assert (back["from"], back["state"]) == ("test", "s/1")
    form = {
        "grant_type": "authorization_code",
        "code": back["code"],
        "client_id": server.client_id,
        "code_verifier": verifier,
    }
    answer = session.post(f"{server.url}/api/token", data=form)
    assert answer.status_code == status
    if status == 200:
        assert (answer.json()["scope"], bool(answer.json()["refresh_token"])) == (SCOPE, True)
        assert session.post(f"{server.url}/api/token", data=form).json()["error"] == "invalid_grant"


def test_consent_needs_an_address_to_return_to(server: DemoServer, session: requests.Session) -> None:
    assert session.get(f"{server.url}/authorize").status_code == 400


def test_a_connection_stays_open_between_requests(server: DemoServer) -> None:
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=5)
    with contextlib.closing(connection):
        connection.request("GET", "/v1/me")
        connection.getresponse().read()
        socket = connection.sock
        connection.request("GET", "/v1/me")
        assert connection.getresponse().status == 401
        assert connection.sock is socket


def test_closing_ends_all_threads_even_if_clients_keep_their_connections(catalogue: DemoCatalogue) -> None:
    before = set(threading.enumerate())
    with requests.Session() as session:
        with DemoServer(catalogue, day=FIRST_DAY) as server:
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+", server.url)
            session.get(f"{server.url}/v1/me")
            assert len(set(threading.enumerate()) - before) == 2
        assert set(threading.enumerate()) <= before
        with pytest.raises(requests.ConnectionError):
            session.get(f"{server.url}/v1/me", timeout=1)


def test_a_port_can_be_chosen(catalogue: DemoCatalogue) -> None:
    with DemoServer(catalogue, day=FIRST_DAY) as first:
        port = urlsplit(first.url).port or 0
    with DemoServer(catalogue, day=FIRST_DAY, port=port) as second:
        assert second.url == first.url


def test_unplayable_tracks_say_so(api: Api, catalogue: DemoCatalogue, playlists: tuple[Playlist, ...]) -> None:
    track = next(
        row.content
        for playlist in playlists
        for row in playlist.rows
        if isinstance(row.content, Track) and not row.content.is_playable
    )
    assert catalogue.music.tracks[track.id] is track
    assert api.document(f"tracks/{track.id}")["is_playable"] is False
