"""`spotify-pipeline run` when Spotify stops it, and when a playlist has lost its rows."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spotify_pipeline_tests.cli.conftest import Run
from spotify_pipeline_tests.spotify.fake_spotify import (
    FakePlaylist,
    FakeSpotify,
    Request,
    error,
    playlist_id,
    served,
)

QUOTA = error(429, "Too many requests", "QUOTA_EXCEEDED", Retry_After="50000")
USED_UP = "Spotify's quota for this app is used up: it may be asked again from "


class Spotify(FakeSpotify):
    """A Spotify of eight playlists that counts what it is asked."""

    def __init__(self) -> None:
        super().__init__([FakePlaylist(playlist_id(number), length=10) for number in range(1, 9)])
        self.paths: list[str] = []

    def __call__(self, request: Request):  # type: ignore[no-untyped-def]  # noqa: ANN204  # as the base
        self.paths.append(request.path)
        return super().__call__(request)


@pytest.fixture
def spotify(name_spotify: Callable[[str, str], None]) -> Iterator[Spotify]:
    """A Spotify that the settings name, with a user who has logged in."""
    spotify = Spotify()
    with served(spotify) as url:
        name_spotify(url, "2026-01-02")
        yield spotify


def test_a_quota_that_is_used_up_keeps_what_is_complete_and_the_next_run_does_not_ask(
    spotify: Spotify, run: Run, data_dir: Path
) -> None:
    spotify.on(f"playlists/{playlist_id(8)}", lambda _: QUOTA)
    outcome = run("run")
    assert outcome.code == 1
    *_, last = outcome.err.splitlines()
    assert last.startswith(f"spotify-pipeline: 2026-01-02 is not complete, what is complete is published: {USED_UP}")
    assert outcome.err.count(USED_UP) == 1
    assert f"Published in {data_dir / 'catalog.duckdb'}" in outcome.out
    count = run("query", "SELECT count(*) FROM playlists", "--format", "csv").out.split()[1]
    assert 4 <= int(count) <= 7

    spotify.paths.clear()
    again = run("run")
    assert (again.code, again.out, spotify.paths) == (1, "", [])
    assert again.err.splitlines()[-1].startswith(f"spotify-pipeline: {USED_UP}")
    assert run("query", "SELECT count(*) FROM playlists", "--format", "csv").out.split()[1] == count


def test_a_budget_that_is_used_up_works_the_same_way(
    spotify: Spotify, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTIFY_PIPELINE_REQUEST_BUDGET", "6")
    outcome = run("run")
    assert outcome.code == 1
    assert "what is complete is published: The budget of 6 requests a day is used up" in outcome.err
    assert "8 playlists (4 observed, 4 failed)" in outcome.out  # one for the listing, one kept for a closing one
    assert sum(path.startswith("/v1/") for path in spotify.paths) == 5
    monkeypatch.setenv("SPOTIFY_PIPELINE_REQUEST_BUDGET", "20")
    outcome = run("run")
    assert outcome.code == 0, outcome.err
    assert "8 playlists (8 observed)" in outcome.out
    assert "5 requests, 4 avoided" in outcome.out


def test_a_playlist_that_lost_most_of_its_rows_holds_the_day_back_until_it_is_accepted(
    spotify: Spotify, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("run").code == 0
    monkeypatch.setenv("SPOTIFY_PIPELINE_TODAY", "2026-01-03")
    emptied = spotify.playlists[2]
    emptied.length, emptied.snapshot_id = 4, "snapshot-2"
    held_back = run("run")
    assert held_back.code == 1
    problem = f"playlist_items.no_mass_loss: {emptied.id} has 4 rows instead of the 10 of 2026-01-02, 60% fewer; "
    assert problem + f"if that is right: spotify-pipeline run --accept {emptied.id}" in held_back.err
    days = ("query", "SELECT DISTINCT snapshot_date FROM coverage ORDER BY 1", "--format", "csv")
    assert run(*days).out.split() == ["snapshot_date", "2026-01-02"]

    refused = run("run", "--accept", playlist_id(99))
    assert refused.code == 1
    assert f"There are no rows of {playlist_id(99)} to accept on 2026-01-03" in refused.err
    accepted = run("run", "--accept", f"spotify:playlist:{emptied.id}")
    assert accepted.code == 0, accepted.err
    assert run(*days).out.split() == ["snapshot_date", "2026-01-02", "2026-01-03"]


def test_a_day_that_was_held_back_is_accepted_later(
    spotify: Spotify, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("run").code == 0
    monkeypatch.setenv("SPOTIFY_PIPELINE_TODAY", "2026-01-03")
    spotify.playlists[2].length, spotify.playlists[2].snapshot_id = 1, "snapshot-2"
    assert run("run").code == 1
    monkeypatch.setenv("SPOTIFY_PIPELINE_TODAY", "2026-01-04")
    assert "has 1 rows instead of the 10 of 2026-01-02" in run("run").err  # the day before was not published
    accept = ("--accept", spotify.playlists[2].id)
    assert run("run", "--from", "publish", "--date", "2026-01-03", *accept).code == 0
    assert run("run").code == 0  # compared with the day before, which is published now
