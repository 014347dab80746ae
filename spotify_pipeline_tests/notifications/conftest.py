"""A webhook and a topic that take messages."""

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

import pytest

from spotify_pipeline.notifications.channels import Message
from spotify_pipeline_tests.notifications.webhook import FakeWebhook, fake_webhook

_NUMBERS = count()


class FakeTopic(NamedTuple):
    """A topic of SNS on the emulator in this process."""

    arn: str

    def messages(self) -> list[Message]:
        """What it was sent."""
        from moto.sns.models import sns_backends  # noqa: PLC0415  # takes a while

        *_, region, account, _ = self.arn.split(":")
        sent = sns_backends[account][region].topics[self.arn].sent_notifications
        return [Message(subject or "", text) for _, text, subject, *_ in sent]


@pytest.fixture
def webhook() -> Iterator[FakeWebhook]:
    with fake_webhook() as fake:
        yield fake


@pytest.fixture
def topic(s3: None, s3_server: str, monkeypatch: pytest.MonkeyPatch) -> FakeTopic:
    import boto3  # noqa: PLC0415  # as above

    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", s3_server)  # the emulator knows more than S3
    return FakeTopic(boto3.client("sns").create_topic(Name=f"topic-{next(_NUMBERS)}")["TopicArn"])
