"""Webhooks and topics: what they are sent, how often, and what is said where they take nothing."""

import logging
import socket
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from spotify_pipeline.errors import PipelineError, SettingsError
from spotify_pipeline.notifications.channels import Message, NotificationError, Topic, Webhook, webhook_url
from spotify_pipeline.settings import load_settings
from spotify_pipeline_tests.aws import policies
from spotify_pipeline_tests.aws.fake_aws import FakeAws, found, refused
from spotify_pipeline_tests.deploy import permissions
from spotify_pipeline_tests.notifications.conftest import FakeTopic
from spotify_pipeline_tests.notifications.webhook import SECRET_PATH, FakeWebhook
from spotify_pipeline_tests.spotify.fake_clock import FakeClock

HELLO = Message("Spotify playlists on 2026-11-24", "<!channel> Tom & Jerry")
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:webhook-AbCdEf"


def send(url: str, clock: FakeClock) -> None:
    Webhook(SecretStr(url), clock.patience().clock).send(HELLO)


def said(call: Callable[[], object]) -> str:
    with pytest.raises(PipelineError) as caught:
        call()
    return str(caught.value)


def test_a_webhook_gets_a_text_in_which_nothing_means_anything(webhook: FakeWebhook, clock: FakeClock) -> None:
    send(webhook.url, clock)
    text = "Spotify playlists on 2026-11-24\n&lt;!channel&gt; Tom &amp; Jerry"
    assert webhook.bodies == [{"text": text, "mrkdwn": False}]
    assert clock.waits == []


@pytest.mark.parametrize(
    ("answers", "waits"),
    [
        ([(500, {}), (503, {})], [1.0, 4.0]),
        ([(429, {"Retry-After": "7"})], [7.0]),
        ([(503, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"})], [1.0]),
    ],
)
def test_what_may_pass_is_waited_for(
    answers: list[tuple[int, dict[str, str]]], waits: list[float], webhook: FakeWebhook, clock: FakeClock
) -> None:
    webhook.answers = answers
    sent = len(answers) + 1
    send(webhook.url, clock)
    assert (len(webhook.bodies), clock.waits) == (sent, waits)


@pytest.mark.parametrize(
    ("answers", "sent"),
    [
        ([(500, {})] * 3, 3),
        ([(404, {})], 1),
        ([(302, {"Location": "http://127.0.0.1:9/elsewhere"})], 1),
        ([(429, {"Retry-After": "3600"})], 1),
        ([(429, {"Retry-After": "10"})] * 3, 3),
    ],
)
def test_what_does_not_pass_is_given_up_and_the_address_is_not_told(
    answers: list[tuple[int, dict[str, str]]],
    sent: int,
    webhook: FakeWebhook,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    webhook.answers = list(answers)
    sentence = said(lambda: send(webhook.url, clock))
    assert sentence == f"The webhook did not take the message: it answered {answers[0][0]}."
    assert (len(webhook.bodies), sum(clock.waits) <= 20) == (sent, True)
    assert SECRET_PATH not in caplog.text


def test_a_webhook_that_does_not_answer_is_given_up(clock: FakeClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sentence = said(lambda: send(f"http://127.0.0.1:{port}{SECRET_PATH}", clock))
    assert sentence == "The webhook did not take the message: no answer (ConnectionRefusedError)."
    assert clock.waits == [1.0, 4.0]


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/very-secret",
        "http://127.0.0.1@hooks.example.com/very-secret",
        "ftp://127.0.0.1/very-secret",
        "https://",
        "https://hooks.example.com/very secret",
        "very-secret",
        "arn:aws:s3:::very-secret",
    ],
)
def test_messages_are_sent_over_tls_or_within_this_machine_only(url: str) -> None:
    sentence = said(lambda: load_settings(SPOTIFY_PIPELINE_WEBHOOK_URL=url))
    assert "SPOTIFY_PIPELINE_WEBHOOK_URL is neither an address that begins with https://" in sentence
    assert "secret" not in sentence.removesuffix("nor the ARN of a secret.")


def test_a_webhook_does_not_show_in_the_settings() -> None:
    settings = load_settings(SPOTIFY_PIPELINE_WEBHOOK_URL="https://hooks.example.com/very-secret")
    assert settings.webhook_url
    assert "very-secret" not in f"{settings!r} {settings} {settings.model_dump_json()}"


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    """AWS as it is asked by clients that are made from now on."""
    import boto3  # noqa: PLC0415  # takes a while

    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    fake = FakeAws()
    monkeypatch.setattr(boto3, "client", fake.session().client)
    return fake


def test_a_webhook_may_be_in_a_secret(answering: FakeAws, webhook: FakeWebhook) -> None:
    answering.answering = lambda _: found({"SecretString": f"{webhook.url}\n"})
    assert webhook_url(SecretStr(SECRET)).get_secret_value() == webhook.url
    assert [request.body for request in answering.requests] == [{"SecretId": SECRET}]
    answering.answering = lambda _: found({"SecretString": "ftp://very-secret"})
    assert said(lambda: webhook_url(SecretStr(SECRET))) == (
        "The secret with the webhook holds no https address: put it there as it is, alone."
    )
    answering.answering = lambda _: refused("AccessDeniedException", "no")
    assert "AWS denies GetSecretValue on the secret with the webhook" in said(lambda: webhook_url(SecretStr(SECRET)))


def test_a_topic_gets_subject_and_text(topic: FakeTopic) -> None:
    Topic(topic.arn).send(HELLO)
    assert topic.messages() == [HELLO]
    missing = f"{topic.arn}-of-others"
    with pytest.raises(NotificationError, match=f"the topic {missing}"):
        Topic(missing).send(HELLO)


def test_the_documented_policy_is_enough_and_not_too_much(
    topic: FakeTopic, webhook: FakeWebhook, s3_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3  # noqa: PLC0415  # takes a while

    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", s3_server)
    secret = boto3.client("secretsmanager").create_secret(Name="its-webhook", SecretString=webhook.url)["ARN"]
    wanted = permissions.record({})
    try:
        Topic(topic.arn).send(HELLO)
        assert webhook_url(SecretStr(secret)).get_secret_value() == webhook.url
    finally:
        boto3.setup_default_session()  # which notes nothing
    *_, account, name = topic.arn.split(":")
    names = {policies.ACCOUNT: account, "spotify-digest": name, "spotify-webhook": "its-webhook"}
    policy = policies.with_names(policies.read("notify"), names)
    assert (permissions.refused(policy, wanted), permissions.unused(policy, wanted)) == (set(), set())


def test_a_topic_is_an_arn() -> None:
    with pytest.raises(SettingsError, match="SPOTIFY_PIPELINE_NOTIFY_TOPIC"):
        load_settings(SPOTIFY_PIPELINE_NOTIFY_TOPIC="my-topic")
