"""Reading the details of artists and albums.

Nothing is stored here. Apps with extended quota may ask for several objects at once, others for one: which it is, is
found by asking. There is one request at a time: where they are many, Spotify limits their rate to less than that.
"""

import math
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Raw

from spotify_pipeline.errors import DataError
from spotify_pipeline.spotify.client import SpotifyClient
from spotify_pipeline.spotify.details import ALBUMS, ARTISTS, Detail, Kind
from spotify_pipeline.spotify.documents import decode, on_one_line
from spotify_pipeline.spotify.errors import (
    LoginError,
    MalformedError,
    QuotaError,
    RefusedError,
    UnreachableError,
)

_MOST_FAILURES = 5
"""Requests in a row without a usable answer, after which no more are sent: the next would have none either."""

_ASK = {ARTISTS.name: SpotifyClient.artist, ALBUMS.name: SpotifyClient.album}
_ASK_FOR_SEVERAL = {ARTISTS.name: SpotifyClient.artists, ALBUMS.name: SpotifyClient.albums}


class DetailReader:
    """Reads details until all are read, or nothing more can be asked for.

    Attributes:
        problem: why details are missing; None as long as none are.
    """

    def __init__(self, client: SpotifyClient, most_requests: float = math.inf) -> None:
        """Ask through `client`, with so many requests at most."""
        self.problem: str | None = None
        self._client, self._most_requests = client, most_requests
        self._may_ask_for_several = True
        self._failures = 0  # in a row

    def read(self, kind: Kind[Detail], ids: Sequence[str]) -> Iterator[dict[str, bytes]]:
        """Yield what each answer tells: raw JSON on one line, by id.

        For an id that Spotify does not know it is a remark that says so. What was not answered, or not well, is left
        out.

        Raises:
            ClockError: this machine's clock is wrong.
        """
        start = 0
        while start < len(ids):
            end = start + (kind.most if self._may_ask_for_several else 1)
            yield from self._read_together(kind, ids[start:end])
            start = end

    def _read_together(self, kind: Kind[Detail], ids: Sequence[str]) -> Iterator[dict[str, bytes]]:
        if self._client.stopped or self._failures == _MOST_FAILURES:
            return
        if self._client.requests_sent >= self._most_requests:
            self.problem = f"{self._most_requests} requests a day are spent on details; the rest is read the next days."
            return
        try:
            documents = self._ask(kind, ids)
        except (RefusedError, MalformedError) as error:
            if len(ids) == 1:
                self._fail(error)
                return
            if isinstance(error, RefusedError) and error.status == 403:
                self._may_ask_for_several = False
            for one in ids:  # one of them may have spoiled the answer for all
                yield from self._read_together(kind, [one])
        except (UnreachableError, QuotaError, LoginError) as error:
            self._fail(error)
        else:
            self._failures = 0
            yield documents | {unknown: _remark(unknown) for unknown in ids if unknown not in documents}

    def _fail(self, error: Exception) -> None:
        self._failures += 1
        self.problem = str(error)

    def _ask(self, kind: Kind[Detail], ids: Sequence[str]) -> dict[str, bytes]:
        if len(ids) > 1:
            return _separated(kind, _ASK_FOR_SEVERAL[kind.name](self._client, list(ids)), len(ids))
        try:
            body = _ASK[kind.name](self._client, ids[0])
        except RefusedError as error:
            if error.status in (400, 404):  # 400: there is no id of this form
                return {}
            raise
        return dict([_checked(kind, body)])


def _separated(kind: Kind[Detail], body: bytes, asked_for: int) -> dict[str, bytes]:
    """The objects in an answer for several, by id; null stands for an id that does not exist."""
    try:
        entries = msgspec.json.decode(on_one_line(body), type=dict[str, list[Raw]]).get(kind.name, [])
    except (DataError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _malformed(kind, error, body) from None
    if len(entries) != asked_for:
        raise _malformed(kind, f"{len(entries)} entries for {asked_for} ids", body)
    return dict(_checked(kind, bytes(entry)) for entry in entries if bytes(entry) != b"null")


def _checked(kind: Kind[Detail], document: bytes) -> tuple[str, bytes]:
    """Id and raw JSON on one line: what is kept can be decoded."""
    try:
        spotify_id = decode(document, kind.type).id
        line = on_one_line(document)
    except DataError as error:
        raise _malformed(kind, error, document) from None
    if not spotify_id:
        raise _malformed(kind, "an object without `id`", document)
    return spotify_id, line


def _malformed(kind: Kind[Detail], problem: object, body: bytes) -> MalformedError:
    return MalformedError(f"Spotify's answer about {kind.name} is not what it documents: {problem}", body)


def _remark(spotify_id: str) -> bytes:
    return msgspec.json.encode({"id": spotify_id, "not_found": True})
