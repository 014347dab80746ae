"""From which day to which one SQL shows rows of each playlist: where it is worth looking for a reading, and where not.

Without that, each new playlist would be looked for on all days before it. A span may be wider than need be, because
days can lose rows again, but is never too narrow: it is widened before a day is published.
"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import NamedTuple

from msgspec import Struct

from spotify_pipeline.storage.objects import SharedStore
from spotify_pipeline.storage.state import SharedState


class Span(NamedTuple):
    """The first and the last day."""

    first: date
    last: date


class _Spans(Struct, frozen=True):
    playlists: dict[str, Span]


class Spans:
    """The spans of all playlists, in one object."""

    def __init__(self, objects: SharedStore) -> None:
        """Keep them in `objects`."""
        self._state = SharedState(objects, "spans", _Spans)

    def load(self) -> dict[str, Span] | None:
        """The span of each playlist that was ever published with rows; None where that was never noted."""
        kept = self._state.load()
        return kept.playlists if kept else None

    def narrow(self, first: date) -> None:
        """Let no span begin before a day, before which nothing is shown any more."""

        def narrowed(current: _Spans | None) -> _Spans:
            spans = current.playlists if current else {}
            return _Spans(
                {id_: Span(max(span.first, first), span.last) for id_, span in spans.items() if span.last >= first}
            )

        if self.load() is not None:
            self._state.change(narrowed)

    def forget(self, playlist_ids: Collection[str]) -> None:
        """Let go the spans of these playlists."""

        def forgotten(current: _Spans | None) -> _Spans:
            spans = current.playlists if current else {}
            return _Spans({id_: span for id_, span in spans.items() if id_ not in playlist_ids})

        if self.load() is not None:
            self._state.change(forgotten)

    def widen(self, wider: Mapping[str, Span]) -> None:
        """Let the spans of these playlists cover these as well."""

        def widened(current: _Spans | None) -> _Spans:
            spans = dict(current.playlists) if current else {}
            for playlist_id, span in wider.items():
                before = spans.get(playlist_id, span)
                spans[playlist_id] = Span(min(before.first, span.first), max(before.last, span.last))
            return _Spans(spans)

        self._state.change(widened)
