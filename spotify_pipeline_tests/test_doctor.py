"""What the doctor finds, against a replayed Spotify in both modes, and against one that answers as it should not."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.doctor import Examination, Finding, Group, State, examine
from spotify_pipeline.errors import PipelineError
from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.token_store import TokenRecord, record_key
from spotify_pipeline.steps.extract import extract_day
from spotify_pipeline.steps.publish import publish_day
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.conftest import FIRST_ARCHIVE_DAY
from spotify_pipeline_tests.spotify.fake_clock import FakeClock
from spotify_pipeline_tests.spotify.fake_spotify import (
    TOKEN_PATH,
    Answer,
    Request,
    error,
    found,
    playlist_id,
    refused,
    served,
    token,
)
from spotify_pipeline_tests.storage.staging import publish_staged, stage

ME = {"id": "me", "display_name": "Me Myself"}
FRIEND = {"id": "friend", "display_name": "A Friend"}
FORBIDDEN, DOWN = error(403, "Forbidden"), error(503, "Service unavailable")
QUOTA = error(429, "Too many requests", "QUOTA_EXCEEDED", Retry_After="50000")
NO_APP = {"SPOTIPY_CLIENT_ID": "", "SPOTIPY_CLIENT_SECRET": "", "SPOTIFY_REFRESH_TOKEN": ""}


def playlist(number: int, owner: dict[str, str] = ME, *, collaborative: bool = False) -> dict[str, Any]:
    """A playlist as listings show it, and as it is where only its metadata may be read."""
    known = {"id": playlist_id(number), "name": f"Playlist {number}", "snapshot_id": "s"}
    return known | {"owner": owner, "collaborative": collaborative}


def with_contents(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"items": {"items": [], "total": 0}}


class FakeSpotify:
    """Answers by path, and what was asked: at first an app in development mode, whose user owns one playlist."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers = {TOKEN_PATH: token(), "/v1/me": found(ME), "/v1/artists": FORBIDDEN}
        self.list(playlist(1))

    def list(self, *playlists: dict[str, Any] | None) -> None:
        self.answers["/v1/me/playlists"] = found({"items": playlists, "total": len(playlists)})

    def serve(self, *playlists: dict[str, Any]) -> None:
        self.answers |= {f"/v1/playlists/{document['id']}": found(document) for document in playlists}

    def __call__(self, request: Request) -> Answer:
        path = request.path.rstrip("/")
        self.asked.append(path)
        return self.answers.get(path, error(404, "Resource not found"))


class Examined:
    """An examination by subjects; names of playlists may occur more than once."""

    def __init__(self, examination: Examination) -> None:
        self.findings, self.failure = examination.findings, examination.failure

    def __getitem__(self, subject: str) -> Finding:
        return next(finding for finding in self.findings if finding.subject == subject)

    def states(self, group: Group) -> set[State]:
        return {finding.state for finding in self.findings if finding.group is group}

    def statuses(self) -> dict[str, Any]:
        """What was found out about each playlist, by its id."""
        facts = [finding.facts for finding in self.findings if "status" in finding.facts]
        return {str(fact["id"]): fact["status"] for fact in facts}


@pytest.fixture
def fake() -> FakeSpotify:
    return FakeSpotify()


@pytest.fixture
def url(fake: FakeSpotify) -> Iterator[str]:
    with served(fake) as url:
        yield url


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def backends_of(settings_for: Callable[..., Settings], clock: FakeClock) -> Callable[..., Backends]:
    """As `settings_for`, but gives backends on which nobody has to wait."""
    return lambda *args, **variables: choose_backends(settings_for(*args, **variables), new_patience=clock.patience)


@pytest.fixture
def examined(url: str, backends_of: Callable[..., Backends], working_dir: Path) -> Callable[..., Examined]:
    """What is found out about the fake with these settings."""
    return lambda **variables: Examined(examine(backends_of(url, **variables)))


@pytest.fixture(autouse=True)
def roomy_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2**33))


@pytest.fixture
def working_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def names(*numbers: int) -> dict[str, str]:
    return {"SPOTIFY_PIPELINE_PLAYLISTS": ",".join(map(playlist_id, numbers))}


# Playlists


@pytest.mark.parametrize(("mode", "of_others"), [("development", "metadata only"), ("extended", "readable")])
def test_the_listing_tells_what_can_be_read_of_all_my_playlists(
    mode: str, of_others: str, replay: Callable[..., Any], replay_library: Any, backends_of: Callable[..., Backends]
) -> None:
    owned = set(sorted(replay_library.meta)[::3])
    server = replay(mode=mode, owned=owned)
    outcome = Examined(examine(backends_of(server.url)))

    shared = {known for known, document in replay_library.meta.items() if document["collaborative"]}
    expected = {
        known: "owned" if known in owned else "collaborative" if known in shared else of_others
        for known in replay_library.meta
        if replay_library.version(known, server.day)
    }
    hidden = (
        {known for known in expected.keys() - owned if known.startswith("37i9dQ")} if mode == "development" else set()
    )
    assert outcome.statuses() == {known: status for known, status in expected.items() if known not in hidden}
    assert outcome["mine"].facts == {"listed": len(expected) - len(hidden), "hidden": len(hidden)}
    assert outcome["app mode"].facts == {"mode": mode}
    assert outcome.failure is None
    assert server.log()["families"].keys() == {"token", "me", "artists", "my_playlists"}


@pytest.mark.parametrize(("mode", "of_others"), [("development", "metadata only"), ("extended", "readable")])
def test_named_playlists_are_asked_for_once_each(
    mode: str, of_others: str, replay: Callable[..., Any], replay_library: Any, backends_of: Callable[..., Backends]
) -> None:
    mine, other = sorted(
        known
        for known, document in replay_library.meta.items()
        if not known.startswith("37i9dQ")
        and not document["collaborative"]
        and replay_library.version(known, "2021-04-08")
    )[:2]
    server = replay(mode=mode, owned=[mine])
    named = ",".join([mine, other, "x" * 22])
    outcome = Examined(examine(backends_of(server.url, SPOTIFY_PIPELINE_PLAYLISTS=named)))
    assert outcome.statuses() == {mine: "owned", other: of_others, "x" * 22: "not found"}
    assert outcome["x" * 22].state is State.WARNING
    assert outcome["SPOTIFY_PIPELINE_PLAYLISTS"].detail == "2 of 3 were found"
    assert outcome.failure is None
    assert server.log()["families"] == {"token": 1, "me": 1, "artists": 1, "playlist": 3}


def test_playlists_that_are_not_shown_are_counted(fake: FakeSpotify, examined: Callable[..., Examined]) -> None:
    fake.list(playlist(1), None, playlist(2, FRIEND), None)
    outcome = examined()
    assert outcome["mine"].detail == "2 listed; not shown to this app: 2"
    assert outcome["Playlist 2"].detail == f"metadata only, of A Friend ({playlist_id(2)})"


def test_collaborative_playlists_of_others_are_told_as_such(
    fake: FakeSpotify, examined: Callable[..., Examined]
) -> None:
    shared, closed = playlist(2, FRIEND, collaborative=True), playlist(3, FRIEND, collaborative=True)
    fake.list(playlist(1, collaborative=True), shared)
    fake.serve(with_contents(shared), closed)
    assert examined().statuses() == {playlist_id(1): "owned", playlist_id(2): "collaborative"}
    assert examined(**names(2, 3)).statuses() == {playlist_id(2): "collaborative", playlist_id(3): "metadata only"}


@pytest.mark.parametrize("listing", [[], [None]])
def test_a_list_without_playlists_is_a_warning(
    listing: list[None], fake: FakeSpotify, examined: Callable[..., Examined]
) -> None:
    fake.list(*listing)
    assert examined()["mine"].state is State.WARNING


def test_the_list_is_read_to_its_end(fake: FakeSpotify, examined: Callable[..., Examined]) -> None:
    fake.answers["/v1/me/playlists"] = found({"items": [playlist(1)] * 50, "total": 120})
    examined()
    assert fake.asked.count("/v1/me/playlists") == 3


def test_a_list_that_cannot_be_read_would_fail_the_day(fake: FakeSpotify, examined: Callable[..., Examined]) -> None:
    fake.answers["/v1/me/playlists"] = found({"items": 7})
    outcome = examined()
    assert str(outcome.failure).startswith(
        "Spotify's answer is not what it documents: unexpected JSON: Expected `array`"
    )
    assert outcome["quota"].state is State.OK


def test_playlists_none_of_which_exists_would_fail_the_day(examined: Callable[..., Examined]) -> None:
    outcome = examined(**names(7, 8))
    assert outcome.failure == "None of the 2 playlists in SPOTIFY_PIPELINE_PLAYLISTS could be read."


def test_a_playlist_that_is_answered_badly_leaves_the_others_alone(
    fake: FakeSpotify, examined: Callable[..., Examined]
) -> None:
    fake.serve(with_contents(playlist(2)))
    fake.answers |= {
        f"/v1/playlists/{playlist_id(1)}": Answer(b"<html>"),
        f"/v1/playlists/{playlist_id(3)}": FORBIDDEN,
    }
    outcome = examined(**names(1, 2, 3))
    assert outcome[playlist_id(1)].detail == "Spotify's answer is empty, cut off or not a JSON object"
    assert outcome[playlist_id(3)].detail == "Spotify answered 403: Forbidden"
    assert outcome.statuses() == {playlist_id(1): None, playlist_id(2): "owned", playlist_id(3): None}
    assert outcome.failure is None


def test_what_is_no_playlist_is_told(examined: Callable[..., Examined], fake: FakeSpotify) -> None:
    outcome = examined(SPOTIFY_PIPELINE_PLAYLISTS="abc")
    assert str(outcome.failure).startswith("'abc' is not a playlist: give its id")
    assert outcome["account"].state is State.OK


# App, account and token


def test_an_app_without_a_user_sees_metadata_in_development_mode(
    replay: Callable[..., Any], replay_library: Any, backends_of: Callable[..., Backends]
) -> None:
    known = min(known for known in replay_library.meta if not known.startswith("37i9dQ"))
    server = replay(mode="development", owned="all")
    variables = {"SPOTIFY_REFRESH_TOKEN": "", "SPOTIFY_PIPELINE_PLAYLISTS": known}
    outcome = Examined(examine(backends_of(server.url, **variables)))
    assert outcome["account"].detail == "the app itself: no user has logged in"
    assert outcome["app mode"].detail == "development: it may read the contents of no playlist"
    assert outcome.statuses() == {known: "metadata only"}
    assert outcome.failure is None
    assert "me" not in server.log()["families"]


def test_without_a_user_there_is_no_mine(examined: Callable[..., Examined], fake: FakeSpotify) -> None:
    outcome = examined(SPOTIFY_REFRESH_TOKEN="")
    assert str(outcome.failure).startswith("No user has logged in")
    assert outcome["quota"].state is State.OK
    assert fake.asked == [TOKEN_PATH, "/v1/artists"]


def test_without_an_app_the_rest_is_examined(examined: Callable[..., Examined], fake: FakeSpotify) -> None:
    outcome = examined(**NO_APP)
    assert str(outcome.failure).startswith("No Spotify credentials")
    assert outcome["account"].state is State.PROBLEM
    for subject in ("app mode", "quota", "mine"):
        assert (outcome[subject].state, outcome[subject].detail) == (State.NOT_ASKED, "see account")
    assert outcome.states(Group.STORAGE) == outcome.states(Group.CATALOG) == {State.OK}
    assert fake.asked == []


def test_an_ended_login_is_found_out_with_one_request(
    replay: Callable[..., Any], backends_of: Callable[..., Backends]
) -> None:
    server = replay(mode="development")
    outcome = Examined(examine(backends_of(server.url, SPOTIFY_REFRESH_TOKEN="expired-refresh-token")))
    assert str(outcome.failure).startswith("Spotify no longer accepts the refresh token")
    assert outcome["app mode"].detail == outcome["mine"].detail == "see account"
    assert server.log()["families"] == {"token": 1}


def test_a_wrong_secret_is_told_with_the_app(fake: FakeSpotify, examined: Callable[..., Examined]) -> None:
    fake.answers[TOKEN_PATH] = refused("invalid_client")
    outcome = examined(SPOTIFY_REFRESH_TOKEN="", **names(1, 2))
    assert outcome.failure == outcome["app mode"].detail
    assert "Spotify does not accept the app (invalid_client)" in outcome["app mode"].detail
    assert outcome["SPOTIFY_PIPELINE_PLAYLISTS"].detail == "see app mode"
    assert outcome.statuses() == {playlist_id(1): None, playlist_id(2): None}


@pytest.mark.parametrize(
    ("days_ago", "state"), [(100, State.OK), (155, State.WARNING), (178, State.PROBLEM), (200, State.PROBLEM)]
)
def test_the_days_that_are_left_of_a_consent_fail_no_day_as_long_as_it_is_accepted(
    days_ago: int, state: State, url: str, clock: FakeClock, backends_of: Callable[..., Backends]
) -> None:
    backends = backends_of(url, SPOTIFY_REFRESH_TOKEN="")
    given = clock.now() - timedelta(days=days_ago)
    with backends.tokens.locked():
        record = TokenRecord(refresh_token="stored", consented_at=given)
        backends.tokens.save(record_key(f"{url}/", "client", None), record)
    outcome = Examined(examine(backends))
    assert outcome["token"].state is state
    assert isinstance(outcome["token"].facts["days_left"], int)
    assert outcome.failure is None


def test_a_consent_of_which_nobody_knows_is_known_from_its_first_use_on(examined: Callable[..., Examined]) -> None:
    assert "at most 18" in examined()["token"].detail


def test_a_damaged_login_is_named(examined: Callable[..., Examined], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "spotify_token.json").write_text("{")
    outcome = examined()
    assert "spotify_token.json" in str(outcome.failure)
    assert outcome["token"].detail == outcome["account"].detail == outcome.failure


def test_an_account_that_cannot_be_asked_leaves_open_whose_the_playlists_are(
    fake: FakeSpotify, examined: Callable[..., Examined]
) -> None:
    fake.answers["/v1/me"] = error(418, "I'm a teapot")
    outcome = examined()
    assert outcome["account"].detail == "Spotify answered 418: I'm a teapot"
    assert (outcome["Playlist 1"].state, outcome["Playlist 1"].detail) == (State.NOT_ASKED, "see account")
    assert outcome.failure is None


def test_an_app_whose_mode_is_not_known_leaves_open_what_it_may_read_of_others(
    fake: FakeSpotify, examined: Callable[..., Examined]
) -> None:
    fake.answers["/v1/artists"] = DOWN
    fake.list(playlist(1), playlist(2, FRIEND))
    outcome = examined()
    assert outcome["app mode"].state is State.PROBLEM
    assert outcome["Playlist 1"].detail == "owned"
    assert (outcome["Playlist 2"].state, outcome["Playlist 2"].detail) == (State.NOT_ASKED, "see app mode")
    assert outcome.failure is None


# Quota, outages, the clock


def test_an_app_that_spotify_has_blocked_is_not_asked_with(
    replay: Callable[..., Any], clock: FakeClock, backends_of: Callable[..., Backends]
) -> None:
    server = replay(mode="development")
    backends = backends_of(server.url)
    backends.quota(FIRST_ARCHIVE_DAY).block(5 * 3600)
    until = clock.now() + timedelta(hours=5)
    outcome = Examined(examine(backends))
    assert f"may be asked again from {until:%Y-%m-%d %H:%M} UTC" in str(outcome.failure)
    assert outcome["quota"].facts == {"spent": 0, "budget": None, "blocked_until": until.isoformat()}
    assert {outcome[subject].detail for subject in ("account", "app mode", "mine")} == {"see quota"}
    assert server.log()["requests"] == []


def test_a_budget_that_is_used_up_is_not_overdrawn(
    url: str, fake: FakeSpotify, backends_of: Callable[..., Backends]
) -> None:
    backends = backends_of(url, SPOTIFY_PIPELINE_REQUEST_BUDGET="2")
    quota = backends.quota(FIRST_ARCHIVE_DAY)
    for _ in range(2):
        quota.spend()
    quota.save()
    assert str(Examined(examine(backends)).failure).startswith("The budget of 2 requests a day is used up")
    assert fake.asked == []


def test_what_the_doctor_asks_counts(url: str, backends_of: Callable[..., Backends]) -> None:
    variables = {"SPOTIFY_PIPELINE_REQUEST_BUDGET": "7"}
    first = Examined(examine(backends_of(url, **variables)))
    assert first["quota"].detail == "3 of 7 requests spent today"
    second = Examined(examine(backends_of(url, **variables)))
    assert second["quota"].facts == {"spent": 6, "budget": 7, "blocked_until": None}
    assert str(Examined(examine(backends_of(url, **variables))).failure).startswith("The budget of 7 requests")


def test_a_quota_that_ends_on_the_way_ends_the_questions(fake: FakeSpotify, examined: Callable[..., Examined]) -> None:
    fake.serve(with_contents(playlist(1)))
    fake.answers[f"/v1/playlists/{playlist_id(2)}"] = QUOTA
    outcome = examined(**names(1, 2, 3))
    assert str(outcome.failure).startswith("Spotify's quota for this app is used up")
    assert outcome["quota"].facts["blocked_until"]
    assert outcome["Playlist 1"].detail == "owned"
    assert outcome[playlist_id(2)].detail == outcome[playlist_id(3)].detail == "see quota"
    assert fake.asked[-1] == f"/v1/playlists/{playlist_id(2)}"


def test_nobody_waits_for_a_spotify_that_does_not_answer(fake: FakeSpotify, examined: Callable[..., Examined]) -> None:
    down = ("/v1/me", "/v1/artists", *(f"/v1/playlists/{playlist_id(number)}" for number in (1, 2, 3)))
    fake.answers |= dict.fromkeys(down, DOWN)
    outcome = examined(**names(1, 2, 3))
    assert outcome.failure == "Spotify answered 503 again and again; try again later."
    assert outcome[playlist_id(3)].detail == f"see {playlist_id(1)}"
    assert set(fake.asked) == {TOKEN_PATH, "/v1/me", "/v1/artists", f"/v1/playlists/{playlist_id(1)}"}


def test_what_is_waited_for_is_told(url: str, fake: FakeSpotify, backends_of: Callable[..., Backends]) -> None:
    told: list[str] = []
    fake.answers["/v1/me"] = DOWN
    examine(backends_of(url), told.append)
    assert any("waiting" in text for text in told)


def test_a_wrong_clock_would_fail_the_day(examined: Callable[..., Examined]) -> None:
    outcome = examined(SPOTIFY_PIPELINE_TODAY="")  # the fake clock is months behind, and dates the days then
    assert str(outcome.failure).startswith("This machine's clock is ")
    assert outcome["clock"].state is State.PROBLEM
    assert outcome["account"].detail == outcome["mine"].detail == "see clock"


# Storage, catalog, SQL


def test_nothing_is_left_behind_but_what_a_run_leaves_too(
    examined: Callable[..., Examined], tmp_path: Path, working_dir: Path
) -> None:
    assert examined().states(Group.STORAGE) == {State.OK}
    assert not list(working_dir.iterdir())
    left = {path.relative_to(tmp_path / "data").parts[:2] for path in (tmp_path / "data").rglob("*") if path.is_file()}
    assert left <= {("raw", "_state"), ("spotify_token.json",), ("spotify_token.lock",)}


@pytest.mark.parametrize("broken", ["raw", "tables"])
def test_a_store_that_cannot_be_written_would_fail_the_day(
    broken: str, examined: Callable[..., Examined], tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / broken).write_text("a file where a folder should be")
    outcome = examined()
    assert f"Cannot use {tmp_path / 'data' / broken}" in str(outcome.failure)
    sound, unsound = ("tables", "raw documents") if broken == "raw" else ("raw documents", "tables")
    assert (outcome[sound].state, outcome[unsound].state) == (State.OK, State.PROBLEM)


def test_a_disk_that_is_almost_full_is_a_warning(
    examined: Callable[..., Examined], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2**29))
    outcome = examined()
    assert (outcome["disk"].state, outcome["disk"].detail) == (State.WARNING, "0.5 GiB free")
    assert outcome.failure is None


def test_a_disk_that_does_not_tell_its_room_is_a_warning(
    examined: Callable[..., Examined], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(shutil, "disk_usage", refuse)
    assert examined()["disk"].detail == "its free space is not known (Input/output error)"


def test_files_with_secrets_that_others_can_read_are_a_warning(
    examined: Callable[..., Examined], working_dir: Path, tmp_path: Path
) -> None:
    env, login = working_dir / ".env", tmp_path / "data" / "spotify_token.json"
    examined()  # writes the login's file
    env.touch()
    for mode, state in ((0o600, State.OK), (0o644, State.WARNING)):
        env.chmod(mode)
        login.chmod(mode)
        outcome = examined()
        assert outcome[".env"].state is outcome["spotify_token.json"].state is state
        assert outcome.failure is None


def test_before_the_first_day_there_is_no_catalog_and_nothing_wrong(examined: Callable[..., Examined]) -> None:
    outcome = examined()
    assert outcome["catalog"].detail == outcome["SQL"].detail == "nothing is published yet"
    assert outcome.states(Group.CATALOG) == {State.OK}


@pytest.fixture
def published(url: str, backends_of: Callable[..., Backends]) -> Backends:
    """Two empty days."""
    backends = backends_of(url)
    for day in (date(2021, 4, 7), date(2021, 4, 8)):
        stage(backends.tables, day, {name: table.polars_schema().to_frame() for name, table in TABLES.items()})
        publish_staged(backends.tables, day)
    backends.catalog.publish()
    return backends


def test_the_catalog_tells_its_days_and_sql_answers(published: Backends) -> None:
    outcome = Examined(examine(published))
    assert outcome["catalog"].facts == {"days": 2, "newest": "2021-04-08"}
    assert outcome["SQL"].facts == {"coverage_rows": 0}
    assert outcome.states(Group.CATALOG) == {State.OK}


def test_a_catalog_that_is_missing_or_damaged_fails_no_day_because_the_day_makes_it_anew(published: Backends) -> None:
    published.duckdb_file.write_bytes(b"not a catalog")
    damaged = Examined(examine(published))
    assert damaged["catalog"].state is State.PROBLEM
    assert damaged["catalog"].detail.startswith("Cannot read the catalog ")
    published.duckdb_file.unlink()
    missing = Examined(examine(published))
    assert "run `spotify-pipeline run --from publish --date 2021-04-08`" in missing["catalog"].detail
    assert damaged["SQL"].detail == missing["SQL"].detail == "see catalog"
    assert damaged.failure is missing.failure is None


def test_days_that_are_due_are_told_until_they_are_made_again(published: Backends) -> None:
    day = date(2021, 4, 8)
    published.due.add([day], since=date(2021, 4, 6))
    due = Examined(examine(published))["due days"]
    assert (due.state, due.facts) == (State.WARNING, {"days": 1, "oldest": "2021-04-08"})
    published.due.note_made(published.due.load()[day])
    published.due.let_go(published.due.load()[day])
    assert Examined(examine(published)).states(Group.CATALOG) == {State.OK}


# The daily job itself


def run_day(backends: Backends) -> None:
    backends.raw.commit(extract_day(backends, backends.settings.today()))
    transform_day(backends, backends.raw.open_day(backends.settings.today()))
    publish_day(backends, backends.settings.today())


DAYS: dict[str, tuple[dict[str, Answer], dict[str, str]]] = {
    "nothing is wrong": ({}, {}),
    "the account is not told": ({"/v1/me": DOWN}, {}),
    "the app's mode is not told": ({"/v1/artists": DOWN}, {}),
    "neither of the two is told": ({"/v1/me": DOWN, "/v1/artists": DOWN}, {}),
    "there are no playlists": ({"/v1/me/playlists": found({"items": [], "total": 0})}, {}),
    "no playlist is shown": ({"/v1/me/playlists": found({"items": [None], "total": 1})}, {}),
    "the list is not to be had": ({"/v1/me/playlists": DOWN}, {}),
    "the list is refused": ({"/v1/me/playlists": FORBIDDEN}, {}),
    "nobody has logged in": ({}, {"SPOTIFY_REFRESH_TOKEN": ""}),
    "a playlist is there": ({}, names(1)),
    "one of two playlists is there": ({}, names(1, 2)),
    "no playlist is there": ({}, names(2)),
    "there is metadata only": ({f"/v1/playlists/{playlist_id(1)}": found(playlist(1, FRIEND))}, names(1)),
    "a playlist is no playlist": ({f"/v1/playlists/{playlist_id(1)}": Answer(b"<html>")}, names(1)),
    "an id is no id": ({}, {"SPOTIFY_PIPELINE_PLAYLISTS": "abc"}),
    "consent has ended": ({TOKEN_PATH: refused("invalid_grant")}, {}),
    "there are no tokens": ({TOKEN_PATH: DOWN}, {}),
    "the quota is used up": ({"/v1/me": QUOTA, "/v1/me/playlists": QUOTA}, {}),
    "the clock is wrong": ({}, {"SPOTIFY_PIPELINE_TODAY": ""}),
    "there is no app": ({}, NO_APP),
}


@pytest.mark.parametrize(("answers", "variables"), DAYS.values(), ids=DAYS)
def test_the_daily_job_fails_where_the_doctor_says_so(
    answers: dict[str, Answer],
    variables: dict[str, str],
    url: str,
    fake: FakeSpotify,
    backends_of: Callable[..., Backends],
    tmp_path: Path,
) -> None:
    fake.serve(with_contents(playlist(1)))
    fake.answers |= answers
    outcome = Examined(examine(backends_of(url, SPOTIFY_PIPELINE_DATA_DIR=str(tmp_path / "examined"), **variables)))
    failure = None
    try:
        run_day(backends_of(url, **variables))
    except PipelineError as error:
        failure = str(error)
    assert (outcome.failure is None) == (failure is None), (outcome.failure, failure)


def test_no_secret_is_told(examined: Callable[..., Examined], fake: FakeSpotify) -> None:
    outcomes = [examined(), examined(SPOTIFY_REFRESH_TOKEN="")]
    fake.answers[TOKEN_PATH] = refused("invalid_grant")
    outcomes.append(examined())
    told = json.dumps([[finding.detail, dict(finding.facts)] for outcome in outcomes for finding in outcome.findings])
    for secret in ("app-secret", "refresh-token", "access-token"):
        assert secret not in told
