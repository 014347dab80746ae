"""What a channel is sent, and what it is not sent again: a digest that says the same, a failure that it was told."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from spotify_pipeline.errors import PipelineError
from spotify_pipeline.notifications.channels import Channel, Message, Topic, Webhook, webhook_url
from spotify_pipeline.settings import Settings
from spotify_pipeline.spotify.patience import Clock
from spotify_pipeline.storage.objects import SharedStore
from spotify_pipeline.storage.state import SharedState

_LONGEST_TEXT = 3_900  # characters: Slack advises against more than 4,000
_MOST_REMEMBERED = 500  # failures


class _Sent(Struct, frozen=True):
    """What was sent: nothing of the texts themselves is kept.

    Attributes:
        day: the newest day of which a digest was sent.
        digest: what tells its text from others.
        failures: what tells failures from others, the newest last.
    """

    day: date | None = None
    digest: str | None = None
    failures: tuple[str, ...] = ()


class Outbox:
    """One channel. What it has taken is noted afterwards: a crash in between sends it twice, and loses nothing."""

    def __init__(self, name: str, open_channel: Callable[[], Channel], objects: SharedStore) -> None:
        """Send to the channel of this name, and remember in `objects` what was sent."""
        self._open, self._state = open_channel, SharedState(objects, f"notified-{name}", _Sent)

    def digest(self, day: date, text: str) -> None:
        """Send a day's digest, unless it was sent already as it is, or that of a later day was.

        Raises:
            PipelineError: it could not be sent, or not be noted.
        """
        sent, mark = self._sent(), _mark(text)
        if sent.day and (sent.day > day or (sent.day, sent.digest) == (day, mark)):
            return
        self._open().send(Message(f"Spotify playlists on {day}", _shortened(text)))
        self._state.change(lambda sent: replace(sent or _Sent(), day=day, digest=mark))

    def failures(self, day: date, sentences: Iterable[str]) -> None:
        """Send what has failed on a day, as far as it was not sent for that day; errors as above."""
        known = set(self._sent().failures)
        new = {mark: text for text in sentences if (mark := _mark(f"{day} {text}")) not in known}
        if not new:
            return
        subject = f"Spotify playlists: something is wrong on {day}"
        self._open().send(Message(subject, _shortened("\n".join(new.values()))))
        self._state.change(
            lambda sent: replace(sent or _Sent(), failures=(*(sent.failures if sent else ()), *new)[-_MOST_REMEMBERED:])
        )

    def _sent(self) -> _Sent:
        return self._state.load() or _Sent()


def outboxes(settings: Settings, objects: SharedStore, clock: Clock) -> Iterator[Outbox]:
    """Those that the settings name, if any. Nothing is asked yet."""
    url, topic = settings.webhook_url, settings.notify_topic
    if url:
        yield Outbox("webhook", lambda: Webhook(webhook_url(url), clock), objects)
    if topic:
        yield Outbox("topic", lambda: Topic(topic), objects)


@contextmanager
def never_failing(what: str, warn: Callable[[str], object]) -> Iterator[None]:
    """Whatever goes wrong with a message is a warning, and no reason for anything else to fail."""
    try:
        yield
    except PipelineError as error:
        warn(f"{what} could not be sent: {error}")
    except Exception as error:  # noqa: BLE001  # a bug, whose text may have a secret in it
        warn(f"{what} could not be sent: {type(error).__name__}")


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _shortened(text: str) -> str:
    """The text up to the end of a line, where it is too long for a chat."""
    if len(text) <= _LONGEST_TEXT:
        return text
    return f"{text[:_LONGEST_TEXT].rpartition(chr(10))[0] or text[:_LONGEST_TEXT]}\n…"
