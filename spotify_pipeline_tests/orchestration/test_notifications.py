"""What somebody is told of days that Dagster runs, and of those that fail."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from dagster import DagsterInstance, build_sensor_context

from spotify_pipeline.orchestration.sensors import failures_sensor
from spotify_pipeline_tests.fake_backends import FakeBackends
from spotify_pipeline_tests.notifications.conftest import webhook  # noqa: F401  # a fixture
from spotify_pipeline_tests.notifications.webhook import SECRET_PATH, FakeWebhook
from spotify_pipeline_tests.orchestration.conftest import DAY, BackendsOn
from spotify_pipeline_tests.orchestration.test_daily_snapshot import run
from spotify_pipeline_tests.spotify.fake_spotify import FakePlaylist, FakeSpotify, playlist_id

ID = playlist_id(1)
REMOVED = "  \N{MINUS SIGN} removed Song 8"
PAGE = f"https://open.spotify.com/playlist/{ID}"
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def playlist() -> FakePlaylist:
    return FakePlaylist(ID, length=9)


@pytest.fixture
def told_on(
    playlist: FakePlaylist,
    webhook: FakeWebhook,  # noqa: F811  # the fixture
    tmp_path: Path,
) -> Callable[[date], FakeBackends]:
    """The backends of a day, whose settings name the webhook."""
    fake = FakeSpotify([playlist])
    return lambda day: FakeBackends(
        fake,
        tmp_path / "data",
        day,
        SPOTIFY_PIPELINE_PLAYLISTS=ID,
        SPOTIFY_PIPELINE_WEBHOOK_URL=webhook.url,
    )


def test_a_day_is_told_once_and_says_what_has_changed(
    told_on: Callable[[date], FakeBackends],
    playlist: FakePlaylist,
    webhook: FakeWebhook,  # noqa: F811
    instance: DagsterInstance,
) -> None:
    assert run(told_on(DAY), instance, DAY).success
    playlist.length, playlist.snapshot_id = 8, "another"
    for _ in range(2):
        assert run(told_on(NEXT), instance, NEXT).success
    assert run(told_on(NEXT), instance, DAY, selection=["catalog"]).success  # an earlier one: nobody is told anew
    assert webhook.texts == [
        f"Spotify playlists on {DAY}\nNothing could be compared; 1 read for the first time.",
        f"Spotify playlists on {NEXT}\n1 playlist changed.\n\nPlaylist {ID} ({PAGE})\n\n{REMOVED}",
    ]


def test_a_day_that_is_held_back_is_told_once_with_the_reason(
    told_on: Callable[[date], FakeBackends],
    playlist: FakePlaylist,
    webhook: FakeWebhook,  # noqa: F811
    instance: DagsterInstance,
) -> None:
    assert run(told_on(DAY), instance, DAY).success
    since = datetime.now(UTC).isoformat()
    playlist.length, playlist.snapshot_id = 1, "another"
    assert not run(told_on(NEXT), instance, NEXT).success
    for _ in range(2):
        with build_sensor_context(instance=instance, cursor=since, resources={"backends": told_on(NEXT)}) as context:
            failures_sensor.evaluate_tick(context)
    _, text = webhook.texts
    subject, sentence = text.splitlines()
    assert subject == f"Spotify playlists: something is wrong on {NEXT}"
    assert sentence.startswith(f"{NEXT} is not published, because 1 checks failed: playlist_items.no_mass_loss: ")


def test_what_cannot_be_sent_is_a_warning_without_the_address_and_the_run_succeeds(
    told_on: Callable[[date], FakeBackends],
    webhook: FakeWebhook,  # noqa: F811
    instance: DagsterInstance,
) -> None:
    webhook.answers = [(403, {})]
    result = run(told_on(DAY), instance, DAY)
    assert result.success
    logged = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert any(
        f"The digest of {DAY} could not be sent: The webhook did not take the message: it answered 403." in line
        for line in logged
    )
    assert SECRET_PATH not in str(instance.all_logs(result.run_id))


def test_nobody_is_told_of_an_invented_spotify(
    backends_on: BackendsOn,
    webhook: FakeWebhook,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    instance: DagsterInstance,
) -> None:
    monkeypatch.setenv("SPOTIFY_PIPELINE_WEBHOOK_URL", webhook.url)
    backends = backends_on(DAY)
    assert backends.settings.webhook_url
    assert run(backends, instance).success
    assert webhook.bodies == []
