"""Dagster Pipes, from Dagster's side: messages that are also told to whoever waits for what sends them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dagster import PipesMessageReader
from dagster._core.pipes.context import PipesMessageHandler

from spotify_pipeline.spotify.patience import Tell

Hear = Callable[[Any], object]


class HeardMessages(PipesMessageReader):
    """The messages of another reader."""

    def __init__(self, reader: PipesMessageReader, tell: Tell, hear: Hear = lambda _: None) -> None:
        """`tell` hears log lines, besides Dagster's log, and `hear` messages of the sender's own."""
        self._reader, self._tell, self._hear = reader, tell, hear

    @property
    def expected_writer_count(self) -> int:
        """As in the class above, where whoever asks is warned that Dagster may change this."""
        return 1

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Iterator[Any]:
        """Read until the context ends."""
        listener: Any = _Listener(handler, self._listen)
        with self._reader.read_messages(listener) as params:
            yield params

    def on_opened(self, opened_payload: Any) -> None:  # noqa: ANN401  # Dagster's
        """The sender is there."""
        self._reader.on_opened(opened_payload)

    def on_launched(self, launched_payload: Any) -> None:  # noqa: ANN401  # Dagster's
        """The sender was started."""
        self._reader.on_launched(launched_payload)

    def no_messages_debug_text(self) -> str:
        """Why there may be none."""
        return self._reader.no_messages_debug_text()

    def _listen(self, message: Mapping[str, Any]) -> None:
        if message["method"] == "log":
            self._tell(message["params"]["message"])
        elif message["method"] == "report_custom_message":
            self._hear(message["params"]["payload"])


class _Listener:
    """Stands between a reader and the handler of its messages, as in Dagster's own reader of several senders."""

    def __init__(self, handler: PipesMessageHandler, listen: Callable[[Mapping[str, Any]], None]) -> None:
        self._handler, self._listen = handler, listen

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever the handler has
        return getattr(self._handler, name)

    def handle_message(self, message: Any) -> None:  # noqa: ANN401  # Dagster's
        """Listen, and hand it on."""
        self._listen(message)
        self._handler.handle_message(message)
