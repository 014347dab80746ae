"""Where messages go: an incoming webhook as Slack has them, and a topic of Amazon SNS.

The address of a webhook is a secret, since whoever knows it can write there: no error and no log has it. So the request
is sent with Python's own client, which logs nothing; urllib3 logs paths.
"""

import json
import ssl
import threading
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from pydantic import SecretStr

from spotify_pipeline import aws
from spotify_pipeline.errors import PipelineError
from spotify_pipeline.settings import WEBHOOK_URL
from spotify_pipeline.spotify.patience import Clock

_PAUSES = (1.0, 4.0)  # seconds before each further attempt
_LONGEST_PAUSE = 10.0  # seconds that are waited where a webhook asks for it; then it is given up
_TIMEOUT = 5.0  # seconds for connecting, and for each answer: a sensor of Dagster has a minute for everything
_LONGEST_SUBJECT = 100  # characters, all of them ASCII: what SNS takes
_IN_SLACK = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})  # what else begins a link, or calls everybody


class NotificationError(PipelineError):
    """A message could not be sent."""


class Message(NamedTuple):
    """A message: its subject, a few words of ASCII on one line, and its text."""

    subject: str
    text: str


class Channel(Protocol):
    """Somewhere to send messages to."""

    def send(self, message: Message) -> None:
        """Send it.

        Raises:
            PipelineError: it could not be sent; the message names no secret.
        """
        ...


class Webhook:
    """A Slack-compatible incoming webhook: it takes `{"text": …}`."""

    def __init__(self, url: SecretStr, clock: Clock) -> None:
        """The webhook at an address, which is checked already: https, or this machine."""
        self._url, self._clock = url, clock

    def send(self, message: Message) -> None:
        """Post it, up to three times where that may help."""
        text = f"{message.subject}\n{message.text}".translate(_IN_SLACK)
        body = json.dumps({"text": text, "mrkdwn": False}).encode()
        for pause in (*_PAUSES, None):
            refusal = self._post(body)
            if refusal is None:
                return
            wait = refusal.retry_after or pause
            if pause is None or wait is None or not refusal.may_pass or wait > _LONGEST_PAUSE:
                raise NotificationError(f"The webhook did not take the message: {refusal.reason}.")
            self._clock.wait(wait, threading.Event())

    def _post(self, body: bytes) -> "_Refusal | None":
        address = urlsplit(self._url.get_secret_value())
        port, host = address.port, address.hostname or ""
        path = f"{address.path or '/'}?{address.query}" if address.query else address.path or "/"
        if address.scheme == "https":
            connection: HTTPConnection = HTTPSConnection(
                host, port, timeout=_TIMEOUT, context=ssl.create_default_context()
            )
        else:
            connection = HTTPConnection(host, port, timeout=_TIMEOUT)
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            if 200 <= answer.status < 300:
                return None
            return _Refusal(
                f"it answered {answer.status}",
                answer.status == 429 or answer.status >= 500,
                _seconds(answer.getheader("Retry-After")),
            )
        except (OSError, HTTPException) as error:  # whose texts may have the address
            return _Refusal(f"no answer ({type(error).__name__})", may_pass=True)
        finally:
            connection.close()


class _Refusal(NamedTuple):
    """Why a message was not taken, whether it may be another time, and the seconds after which it should be tried."""

    reason: str
    may_pass: bool
    retry_after: float | None = None


class Topic:
    """A topic of SNS, which passes messages on to the addresses that have subscribed to it."""

    def __init__(self, arn: str) -> None:
        """The topic with this ARN."""
        self._arn = arn

    def send(self, message: Message) -> None:
        """Publish it; boto3 repeats what was throttled or lost on the way."""
        with aws.explained(f"the topic {self._arn}", NotificationError):
            aws.client("sns").publish(
                TopicArn=self._arn, Subject=message.subject[:_LONGEST_SUBJECT], Message=message.text
            )


def webhook_url(setting: SecretStr) -> SecretStr:
    """The address of a webhook, which the setting may have in a secret of Secrets Manager.

    Raises:
        PipelineError: the secret cannot be read.
    """
    name = setting.get_secret_value()
    if not name.startswith("arn:"):
        return setting
    with aws.explained("the secret with the webhook", NotificationError):
        answer = aws.client("secretsmanager").get_secret_value(SecretId=name)
    url = answer.get("SecretString", "").strip()
    if not WEBHOOK_URL.fullmatch(url):
        raise NotificationError("The secret with the webhook holds no https address: put it there as it is, alone.")
    return SecretStr(url)


def _seconds(header: str | None) -> float | None:
    """The seconds in a Retry-After; a date there is as good as none."""
    return float(header) if header and header.isdecimal() else None
