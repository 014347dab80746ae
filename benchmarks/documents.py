"""Invented playlists as the documents that extraction would leave: any number, the same for the same seed.

How long they are and what they hold besides music follows captured playlists: null instead of a track, local files,
episodes, the same track twice, entries of 1970 without a name of who added them.
"""

import random
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from benchmarks.catalogue import Catalogue, Shape

# Of 129 public playlists in 2021: how long they were, as parts of their mean, each as often as the others.
_LENGTHS = (0.2, 0.5, 0.53, 0.55, 0.6, 0.75, 0.85, 1.0, 1.05, 1.1, 1.47, 3.4)

_CONTENT_KEYS = {Shape.OLD: (b"track",), Shape.NEW: (b"item",), Shape.BOTH: (b"track", b"item")}

_PLAYLIST = (
    b'{"collaborative":false,"description":"Number %(number)d","external_urls":{"spotify":'
    b'"https://open.spotify.com/playlist/%(id)s"},"followers":{"href":null,"total":%(followers)d},'
    b'"href":"https://api.spotify.com/v1/playlists/%(id)s","id":"%(id)s","images":%(images)s,'
    b'"name":"Playlist %(number)d","owner":{"display_name":"Somebody","external_urls":{"spotify":"https://open.spotify.com/user/%(owner)s"},'
    b'"href":"https://api.spotify.com/v1/users/%(owner)s","id":"%(owner)s","type":"user",'
    b'"uri":"spotify:user:%(owner)s"},"primary_color":null,"public":true,"snapshot_id":"%(snapshot)s","%(key)s":{"href":'
    b'"https://api.spotify.com/v1/playlists/%(id)s/%(key)s","items":[%(entries)s],"limit":100,"next":null,"offset":0,'
    b'"previous":null,"total":%(total)d},"type":"playlist","uri":"spotify:playlist:%(id)s"}'
)
_ENTRY = (
    b'{"added_at":"%(added_at)s","added_by":{"external_urls":{"spotify":"https://open.spotify.com/user/%(user)s"},'
    b'"href":"https://api.spotify.com/v1/users/%(user)s","id":"%(user)s","type":"user","uri":"spotify:user:%(user)s"},'
    b'"is_local":%(is_local)s,"primary_color":null,%(content)s,"video_thumbnail":{"url":null}}'
)
_EPISODE = (
    b'{"audio_preview_url":null,"description":"About %(number)d.","duration_ms":1800000,"episode":true,'
    b'"explicit":false,"external_urls":{"spotify":"https://open.spotify.com/episode/%(id)s"},"id":"%(id)s","images":[],"name":"%(number)d",'
    b'"release_date":"2024-05-06","release_date_precision":"day","show":{"id":"%(id)s","name":"Talk","type":"show"},'
    b'"track":false,"type":"episode","uri":"spotify:episode:%(id)s"}'
)
_LOCAL_FILE = (
    b'{"album":{"album_type":null,"artists":[],"available_markets":[],"external_urls":{},"href":null,"id":null,"images":[],'
    b'"name":"Tape","release_date":null,"release_date_precision":null,"type":"album","uri":null},"artists":[{'
    b'"external_urls":{},"href":null,"id":null,"name":"Attic","type":"artist","uri":null}],"available_markets":[],'
    b'"disc_number":0,"duration_ms":187000,"explicit":false,"external_ids":{},"external_urls":{},"href":null,"id":null,'
    b'"is_local":true,"name":"Take %(number)d","popularity":0,"preview_url":null,"track_number":0,"type":"track",'
    b'"uri":"spotify:local:Attic:Tape:Take+%(number)d:187"}'
)


@dataclass(frozen=True)
class Document:
    """A playlist's raw JSON, on one line as the raw store keeps it."""

    playlist_id: str
    items: int
    json: bytes


@dataclass(frozen=True)
class Library:
    """Playlists over a catalogue.

    Attributes:
        items: how many items they have together.
        mean_length: items a playlist.
        shape: how the documents look.
        seed: another one gives other playlists and tracks.
    """

    items: int
    mean_length: int = 100
    shape: Shape = Shape.OLD
    seed: int = 2026

    @cached_property
    def lengths(self) -> list[int]:
        """The items of each playlist."""
        playlists = max(1, self.items // self.mean_length)
        parts = [_LENGTHS[number % len(_LENGTHS)] for number in range(playlists)]
        ends = [round(self.items * end / sum(parts)) for end in accumulate(parts)]
        return [end - start for start, end in zip([0, *ends], ends, strict=False)]

    def documents(self, share: int = 0, shares: int = 1) -> Iterator[Document]:
        """The documents of each playlist whose number leaves the rest `share` when divided by `shares`."""
        catalogue = Catalogue(self.seed, self.shape)
        for number in range(share, len(self.lengths), shares):
            yield self._document(catalogue, number)

    def _document(self, catalogue: Catalogue, number: int) -> Document:
        dice = random.Random(self.seed * 1_000_003 + number)  # noqa: S311  # the same each time
        length, id_ = self.lengths[number], catalogue.spotify_id(b"playlist", number)
        entries = b",".join(_entries(catalogue, self.shape, dice, length))
        values = {
            b"number": number,
            b"id": id_,
            b"followers": int(dice.paretovariate(0.5)) % 1_000_000,
            b"images": b"null"
            if dice.random() < 0.02
            else b'[{"height":null,"url":"https://i.scdn.co/image/%s","width":null}]' % id_,
            b"owner": _listener(dice),
            b"snapshot": b64encode(id_),
            b"key": b"tracks" if self.shape is Shape.OLD else b"items",
            b"entries": entries,
            b"total": length,
        }
        return Document(id_.decode(), length, _PLAYLIST % values)


def _entries(catalogue: Catalogue, shape: Shape, dice: random.Random, length: int) -> Iterator[bytes]:
    ranks: list[int] = []
    made_by_spotify = dice.random() < 0.01
    owner = _listener(dice)
    for position in range(length):
        chance = dice.random()
        is_local = False
        if chance < 0.0003:
            content = b"null"
        elif chance < 0.002:
            content, is_local = _LOCAL_FILE % {b"number": dice.randrange(500)}, True
        elif chance < 0.004:
            number = dice.randrange(5000)
            content = _EPISODE % {b"id": catalogue.spotify_id(b"episode", number), b"number": number}
        else:
            ranks.append(dice.choice(ranks) if ranks and chance < 0.007 else catalogue.draw(dice.random()))
            content = catalogue.track(ranks[-1])
        yield _ENTRY % {
            b"added_at": b"1970-01-01T00:00:00Z" if made_by_spotify else _added_at(dice, position),
            b"user": b"" if made_by_spotify else owner,
            b"is_local": b"true" if is_local else b"false",
            b"content": b",".join(b'"%s":%s' % (key, content) for key in _CONTENT_KEYS[shape]),
        }


def _listener(dice: random.Random) -> bytes:
    return b"listener%d" % dice.randrange(20_000)


def _added_at(dice: random.Random, position: int) -> bytes:
    return b"20%02d-%02d-%02dT%02d:%02d:%02dZ" % (
        dice.randrange(10, 26),
        1 + position % 12,
        dice.randrange(1, 29),
        position % 24,
        dice.randrange(60),
        position % 60,
    )
