"""An invented catalogue of two million tracks, each as the bytes that Spotify would send of it.

Fields, their order and their sizes are those of captured answers. How often a track is drawn follows its rank, so that
playlists share tracks: of 67,500 items about 34,900 are distinct, of a million about 234,000. Three tracks in a row of
ranks are one album; artists are drawn as tracks are, so that popular ones have more albums.
"""

import random
from base64 import b64encode
from collections.abc import Sequence
from enum import StrEnum
from functools import cached_property, lru_cache
from hashlib import blake2b

TRACKS = 2_300_000
_STEEPNESS, _FLAT_RANKS = 1.3, 1000  # of Zipf and Mandelbrot's law
_TRACKS_OF_ALBUM, _TRACKS_OF_ARTIST = 3, 8  # in the mean
_TRACKS_AT_HAND = 30_000  # as bytes, 4 to 8 KB each

_SIZES = ((640, b"b273"), (300, b"1e02"), (64, b"4851"))  # of covers, with what their addresses then have

_API, _OPEN, _IMAGES = b"https://api.spotify.com/v1", b"https://open.spotify.com", b"https://i.scdn.co/image"

_COUNTRIES = b"""
AD AE AG AL AM AO AR AT AU AZ BA BB BD BE BF BG BH BI BJ BN BO BR BS BT BW BY BZ CA CD CG CH CI CL CM CO CR CV CW CY CZ
DE DJ DK DM DO DZ EC EE EG ES ET FI FJ FM FR GA GB GD GE GH GM GN GQ GR GT GW GY HK HN HR HT HU ID IE IL IN IQ IS IT JM
JO JP KE KG KH KI KM KN KR KW KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MG MH MK ML MN MO MR MT MU MV MW MX MY MZ
NA NE NG NI NL NO NP NR NZ OM PA PE PG PH PK PL PR PS PT PW PY QA RO RS RW SA SB SC SE SG SI SK SL SM SN SR ST SV SZ TD
TG TH TJ TL TN TO TR TT TV TW TZ UA UG US UY UZ VC VE VN VU WS XK ZA ZM ZW""".split()
_LISTS_OF_MARKETS = ((184, 19), (183, 11), (170, 1), (78, 5), (60, 2), (1, 1))  # markets, and how many such lists
_FIRST_WORDS = b"""
Amber Azure Before Blue Broken Burning Caf\xc3\xa9 Cold Copper Crystal Dancing Dear Distant Drifting \xc3\x89lectrique
Electric Empty Endless Every Falling Fading First Golden Good Half Heavy Hidden Holy Hollow Honey Inner Iron Last Late
Little Lonely Long Lost Lucid Midnight Modern Neon Never Northern Old Only Open Paper Pale Quiet Rising Running Sacred
Second Silent Silver Sleeping Slow Small Soft Some Southern Static Strange Sudden Summer Sweet Tall Tender This Tiny
Under Velvet Violet Wild Winter Young""".split()
_SECOND_WORDS = b"""
Afternoon Air Animals Answer Avenue Bells Birds Bones Bridge Cathedral Cities Coast Coraz\xc3\xb3n Dance Daylight
Desert Diamonds Distance Dreams Echoes Engines Eyes Fever Fields Fire Flowers Forest Garden Ghosts Hands Harbour Heart
Horizon Horses Hours Island Kingdom Language Letters Light Lightning Machine Mirrors Moon Morning Mountain Night Ocean
Parade Pictures Planet Promise Rain Radio River Roads Rooms Sand Satellites Season Shadows Ships Signal Skies Sleep
Smoke Snow Song Stars Stories Streets Sun Teeth Thunder Tides Time Towers Trains Valley Voices Walls Water Wind
Windows Wolves Words Years""".split()
_ENDINGS = (b"", b" - Remastered 2011", b" - Live", b" (feat. Another)", b' - From \\"The Film\\"', b" (Extended Mix)")
_ENDING_WEIGHTS = (80, 6, 3, 7, 2, 2)


class Shape(StrEnum):
    """How an answer names its parts, and which fields it has."""

    OLD = "old"
    """`tracks` and `track`, with markets: an app with extended quota."""
    NEW = "new"
    """`items` and `item`, without markets, popularity and previews: an app in development mode, since 2026."""
    BOTH = "both"
    """Every track twice, under the old key and the new one, with markets: what was sent in between."""

    @property
    def is_reduced(self) -> bool:
        """Whether it lacks what development mode lacks."""
        return self is Shape.NEW


class Catalogue:
    """Tracks by rank, 0 being the most popular one."""

    def __init__(self, seed: int, shape: Shape) -> None:
        """The same one for the same arguments."""
        self._seed, self._shape = seed, shape
        self.track = lru_cache(_TRACKS_AT_HAND)(self._track)
        self._artist = lru_cache(_TRACKS_AT_HAND)(self._new_artist)

    def draw(self, chance: float) -> int:
        """The rank of a track.

        Args:
            chance: evenly distributed in [0, 1).
        """
        exponent = 1 - _STEEPNESS
        low, high = (1 + _FLAT_RANKS) ** exponent, (TRACKS + _FLAT_RANKS) ** exponent
        return int((low + (high - low) * chance) ** (1 / exponent)) - 1 - _FLAT_RANKS

    def spotify_id(self, kind: bytes, number: int) -> bytes:
        """The 22 characters that name an object."""
        digest = blake2b(b"%s %d %d" % (kind, self._seed, number), digest_size=17).digest()
        return b64encode(digest, b"aZ")[:22]

    def _track(self, rank: int) -> bytes:
        """The JSON object of a track, as it stands in a playlist."""
        id_, dice = self.spotify_id(b"track", rank), self._dice(31, rank)
        album = rank // _TRACKS_OF_ALBUM
        markets = self._markets(album)
        reduced = self._shape.is_reduced
        return b"".join(
            (
                b'{"album":%s,' % self._album(album, markets),
                b'"artists":[%s],' % self._credits(album, dice, guests=(70, 23, 5, 2)),
                markets,
                b'"disc_number":1,"duration_ms":%d,"episode":false,' % dice.randrange(90_000, 420_000),
                b'"explicit":%s,' % (b"true" if dice.random() < 0.2 else b"false"),
                b'"external_ids":{"isrc":"%s%010d"},' % (dice.choice(_COUNTRIES), rank),
                _reference(b"track", id_),
                b'"is_local":false,"name":"%s",' % _name(dice),
                b'"is_playable":true,' if reduced else b'"popularity":%d,' % (90 - 90 * rank // TRACKS),
                b'"preview_url":%s,' % (b"null" if reduced else _preview(dice)),
                b'"track":true,"track_number":%d,"type":"track"}' % (1 + rank % _TRACKS_OF_ALBUM),
            )
        )

    def _album(self, number: int, markets: bytes) -> bytes:
        id_, dice = self.spotify_id(b"album", number), self._dice(37, number)
        image = blake2b(id_, digest_size=12).hexdigest().encode()
        kind = (b"single", b"album", b"compilation")[_one_of(dice, (50, 46, 4))]
        return b"".join(
            (
                b'{"album_type":"%s",' % kind,
                b'"artists":[%s],' % self._credits(number, dice, guests=(84, 12, 4, 0)),
                markets,
                b'"images":[%s],' % b",".join(_image(image, *size) for size in _SIZES),
                b'"name":"%s",' % _name(dice),
                _released(dice),
                b'"total_tracks":%d,"type":"album",' % dice.choice((1, 1, 1, 2, 4, 10, 11, 12, 14, 20)),
                _reference(b"album", id_)[:-1],
                b"}",
            )
        )

    def _credits(self, album: int, dice: random.Random, guests: Sequence[int]) -> bytes:
        """The artists of an album, or of a track on it, without the brackets; popular artists have more albums.

        Args:
            album: whose main artist comes first.
            dice: those of the track or album.
            guests: how often there are none, one, two and three besides.
        """
        chances = [album * 2654435761 % 2**32 / 2**32, *(dice.random() for _ in range(_one_of(dice, guests)))]
        return b",".join(self._artist(self.draw(chance) // _TRACKS_OF_ARTIST) for chance in chances)

    def _new_artist(self, number: int) -> bytes:
        id_, dice = self.spotify_id(b"artist", number), self._dice(41, number)
        return b'{%s"name":"%s","type":"artist"}' % (_reference(b"artist", id_), _name(dice, endings=False))

    def _dice(self, kind: int, number: int) -> random.Random:
        return random.Random((self._seed * 1_000_003 + number) * 64 + kind)  # noqa: S311  # the same each time

    def _markets(self, album: int) -> bytes:
        """`available_markets` with a comma, the same list for most albums, as most are sold everywhere."""
        if self._shape.is_reduced:
            return b""
        return self._market_lists[album * 2654435761 % len(self._market_lists)]

    @cached_property
    def _market_lists(self) -> Sequence[bytes]:
        dice = self._dice(0, 0)
        lists = [sorted(dice.sample(_COUNTRIES, size)) for size, lists in _LISTS_OF_MARKETS for _ in range(lists)]
        return [b'"available_markets":[%s],' % b",".join(b'"%s"' % code for code in codes) for codes in lists]


def _image(key: bytes, size: int, code: bytes) -> bytes:
    return b'{"height":%d,"url":"%s/ab67616d0000%s%s","width":%d}' % (size, _IMAGES, code, key, size)


def _reference(kind: bytes, id_: bytes) -> bytes:
    """What all objects have in common, with a comma at the end."""
    return b'"external_urls":{"spotify":"%s/%s/%s"},"href":"%s/%ss/%s","id":"%s","uri":"spotify:%s:%s",' % (
        (_OPEN, kind, id_, _API, kind, id_, id_, kind, id_)
    )


def _one_of(dice: random.Random, weights: Sequence[int]) -> int:
    """An index of `weights`, as often as they say."""
    return dice.choices(range(len(weights)), weights)[0]


def _name(dice: random.Random, *, endings: bool = True) -> bytes:
    words = b"%s %s" % (dice.choice(_FIRST_WORDS), dice.choice(_SECOND_WORDS))
    return words + _ENDINGS[_one_of(dice, _ENDING_WEIGHTS)] if endings else words


def _released(dice: random.Random) -> bytes:
    year, chance = dice.randrange(1960, 2026), dice.random()
    date, precision = (
        (b"%d" % year, b"year")
        if chance < 0.024
        else (b"%d-%02d" % (year, dice.randrange(1, 13)), b"month")
        if chance < 0.026
        else (b"%d-%02d-%02d" % (year, dice.randrange(1, 13), dice.randrange(1, 29)), b"day")
    )
    return b'"release_date":"%s","release_date_precision":"%s",' % (date, precision)


def _preview(dice: random.Random) -> bytes:
    if dice.random() < 0.25:
        return b"null"
    return b'"https://p.scdn.co/mp3-preview/%040x?cid=%032x"' % (dice.getrandbits(160), dice.getrandbits(128))
