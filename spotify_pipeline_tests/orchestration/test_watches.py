"""What Dagster's checks tell of a day that is published all the same."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from dagster import AssetCheckEvaluation, AssetCheckSeverity, AssetKey, DagsterInstance
from pydantic import SecretStr

from spotify_pipeline.backends.choice import Backends, choose_backends
from spotify_pipeline.definitions import build_defs
from spotify_pipeline.orchestration.schedules import DAILY_JOB
from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.token_store import TokenRecord, record_key
from spotify_pipeline_tests.spotify.fake_spotify import FakePlaylist, FakeSpotify, error, playlist_id, served

DAY = date(2026, 1, 2)
QUOTA = error(429, "Too many requests", "QUOTA_EXCEEDED", Retry_After="50000")


@pytest.fixture
def spotify() -> FakeSpotify:
    return FakeSpotify([FakePlaylist(playlist_id(number)) for number in range(1, 9)])


@pytest.fixture
def backends(spotify: FakeSpotify, settings_for: Callable[..., Settings]) -> Iterator[Backends]:
    with served(spotify) as url:
        yield choose_backends(settings_for(url, DAY))


def run(backends: Backends, instance: DagsterInstance) -> dict[str, AssetCheckEvaluation]:
    """Run the day, and give the checks of the raw playlists."""
    result = (
        build_defs(backends)
        .resolve_job_def(DAILY_JOB)
        .execute_in_process(
            partition_key=DAY.isoformat(),
            instance=instance,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    )
    assert result.success
    assert backends.tables.published_days() == [DAY]
    found = [check for check in result.get_asset_check_evaluations() if check.asset_key == AssetKey("raw_playlists")]
    return {check.check_name: check for check in found}


def login(backends: Backends, consented_at: datetime) -> None:
    settings = backends.settings
    key = record_key(str(settings.accounts_url), settings.client_id or "", settings.refresh_token)
    with backends.tokens.locked():
        backends.tokens.save(key, TokenRecord(refresh_token="stored", consented_at=consented_at))


def test_all_is_well(backends: Backends, instance: DagsterInstance) -> None:
    checks = run(backends, instance)
    assert checks["complete"].passed
    assert checks["complete"].partition == "2026-01-02"
    assert checks["consent"].passed
    assert checks["consent"].metadata["days_left"].value in range(179, 185)


def test_a_run_that_spotify_stopped_is_an_error(
    spotify: FakeSpotify, backends: Backends, instance: DagsterInstance
) -> None:
    spotify.on(f"playlists/{playlist_id(8)}", lambda _: QUOTA)
    check = run(backends, instance)["complete"]
    assert not check.passed
    assert check.severity is AssetCheckSeverity.ERROR
    assert "playlists of 2026-01-02 are missing: Spotify's quota for this app is used up" in (check.description or "")


def test_a_playlist_that_failed_by_itself_is_a_warning(
    spotify: FakeSpotify, backends: Backends, instance: DagsterInstance
) -> None:
    spotify.on(f"playlists/{playlist_id(3)}", lambda _: error(418, "I'm a teapot"))
    check = run(backends, instance)["complete"]
    assert (check.passed, check.severity) == (False, AssetCheckSeverity.WARN)
    assert check.description == (
        f"1 playlists of 2026-01-02 failed, such as {playlist_id(3)}: Spotify answered 418: I'm a teapot"
    )
    assert check.metadata["failed"].value == 1


@pytest.mark.parametrize(
    ("days_ago", "severity"), [(100, None), (160, AssetCheckSeverity.WARN), (182, AssetCheckSeverity.ERROR)]
)
def test_consent_that_is_about_to_end_is_told(
    days_ago: int, severity: AssetCheckSeverity | None, backends: Backends, instance: DagsterInstance
) -> None:
    login(backends, datetime.now(UTC) - timedelta(days=days_ago))
    check = run(backends, instance)["consent"]
    assert check.passed is (severity is None)
    assert "until" in (check.description or "")
    if severity:
        assert check.severity is severity
        assert "run `spotify-pipeline login`" in (check.description or "")


def test_the_app_itself_needs_no_consent(backends: Backends, spotify: FakeSpotify, instance: DagsterInstance) -> None:
    named = ",".join(playlist.id for playlist in spotify.playlists)
    settings = backends.settings.model_copy(update={"refresh_token": None, "playlists": named})
    assert isinstance(backends.settings.refresh_token, SecretStr)
    check = run(choose_backends(settings), instance)["consent"]
    assert check.passed
    assert check.description == "It is not known when a user consented."
