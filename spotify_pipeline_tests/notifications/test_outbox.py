"""What is sent once, what is sent again, and that nothing ever fails because of it."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from spotify_pipeline.errors import PipelineError
from spotify_pipeline.notifications.outbox import Outbox, never_failing, outboxes
from spotify_pipeline.settings import load_settings
from spotify_pipeline.storage.objects import FolderStore
from spotify_pipeline_tests.notifications.conftest import FakeTopic
from spotify_pipeline_tests.notifications.webhook import SECRET_PATH, FakeWebhook
from spotify_pipeline_tests.spotify.fake_clock import FakeClock

DAY = date(2026, 11, 24)
BEFORE = DAY - timedelta(days=1)

Open = Callable[[], Outbox]


@pytest.fixture
def outbox(webhook: FakeWebhook, clock: FakeClock, tmp_path: Path) -> Open:
    """The outbox of the webhook, as another process opens it."""

    def make() -> Outbox:
        settings = load_settings(SPOTIFY_PIPELINE_WEBHOOK_URL=webhook.url)
        (only,) = outboxes(settings, FolderStore(tmp_path), clock.patience().clock)
        return only

    return make


def test_a_digest_is_sent_again_only_if_it_says_something_else(outbox: Open, webhook: FakeWebhook) -> None:
    for text in ("2 playlists changed.", "2 playlists changed.", "3 playlists changed."):
        outbox().digest(DAY, text)
    assert webhook.texts == [f"Spotify playlists on {DAY}\n{number} playlists changed." for number in (2, 3)]


def test_of_a_day_before_one_that_was_told_nobody_is_told(outbox: Open, webhook: FakeWebhook) -> None:
    for day in (BEFORE, DAY, BEFORE):
        outbox().digest(day, f"on {day}")
    assert [text.splitlines()[1] for text in webhook.texts] == [f"on {BEFORE}", f"on {DAY}"]


def test_a_failure_is_told_once_a_day(outbox: Open, webhook: FakeWebhook) -> None:
    outbox().failures(DAY, ["No network.", "No login."])
    outbox().failures(DAY, ["No login.", "No space."])
    outbox().failures(DAY, ["No login."])
    outbox().failures(DAY + timedelta(days=1), ["No login."])
    assert [text.splitlines()[1:] for text in webhook.texts] == [
        ["No network.", "No login."],
        ["No space."],
        ["No login."],
    ]


def test_what_was_not_taken_is_sent_another_time(outbox: Open, webhook: FakeWebhook) -> None:
    ways: list[Callable[[], None]] = [
        lambda: outbox().digest(DAY, "news"),
        lambda: outbox().failures(DAY, ["No login."]),
    ]
    for tell in ways:
        webhook.answers = [(404, {})]
        with pytest.raises(PipelineError):
            tell()
        tell()
        tell()
    assert [text.splitlines()[1] for text in webhook.texts] == ["news", "news", "No login.", "No login."]


def test_nothing_of_what_was_sent_is_kept(outbox: Open, tmp_path: Path) -> None:
    outbox().digest(DAY, "Anna has changed her playlist.")
    outbox().failures(DAY, ["Anna is not there."])
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert str(DAY).encode() in kept
    assert b"Anna" not in kept
    assert SECRET_PATH.encode() not in kept


def test_a_long_text_ends_at_the_end_of_a_line(outbox: Open, webhook: FakeWebhook) -> None:
    outbox().digest(DAY, "\n".join(f"line {number}" for number in range(1_000)))
    (text,) = webhook.texts
    *lines, end = text.splitlines()
    assert (len(text) < 4_000, end) == (True, "…")
    assert lines[-1] == f"line {len(lines) - 2}"
    outbox().failures(DAY, ["x" * 5_000])
    assert webhook.texts[-1].endswith("xxx\n…")


def test_each_channel_gets_what_another_did_not_take(
    webhook: FakeWebhook, topic: FakeTopic, clock: FakeClock, tmp_path: Path
) -> None:
    settings = load_settings(SPOTIFY_PIPELINE_WEBHOOK_URL=webhook.url, SPOTIFY_PIPELINE_NOTIFY_TOPIC=topic.arn)
    webhook.answers = [(404, {})]
    warnings: list[str] = []
    for _ in range(2):
        for outbox in outboxes(settings, FolderStore(tmp_path), clock.patience().clock):
            with never_failing("The digest", warnings.append):
                outbox.digest(DAY, "news")
    assert warnings == ["The digest could not be sent: The webhook did not take the message: it answered 404."]
    assert len(webhook.texts) == 2
    assert [message.text for message in topic.messages()] == ["news"]


def test_without_a_channel_nothing_is_asked_or_kept(tmp_path: Path, clock: FakeClock) -> None:
    assert list(outboxes(load_settings(), FolderStore(tmp_path), clock.patience().clock)) == []


def test_a_bug_is_named_by_its_kind_alone() -> None:
    warnings: list[str] = []
    with never_failing("The digest", warnings.append):
        raise ValueError(SECRET_PATH)
    assert warnings == ["The digest could not be sent: ValueError"]
