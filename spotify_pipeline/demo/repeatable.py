"""Chance and ids that come out the same in every process and with every Python version.

Of the methods of `random.Random` only `random` keeps its sequence between Python versions; `shuffle` and the
others may change. So every choice of the demo is made here, from `random` alone.
"""

import hashlib
import random
import string
from collections.abc import Sequence
from typing import TypeVar

Option = TypeVar("Option")

_BASE62 = string.digits + string.ascii_lowercase + string.ascii_uppercase


class Dice:
    """A source of chance that is fully decided by its seed.

    Args:
        seed: Any words and numbers; other words give other dice.
    """

    def __init__(self, *seed: str | int) -> None:
        self._roll = random.Random("/".join(map(str, seed))).random  # noqa: S311  # an invented catalogue has no secrets

    def chance(self, probability: float) -> bool:
        """Say yes with this probability."""
        return self._roll() < probability

    def below(self, end: int) -> int:
        """Return a number from 0 to `end` - 1."""
        return int(self._roll() * end)

    def between(self, low: int, high: int) -> int:
        """Return a number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def pick(self, options: Sequence[Option]) -> Option:
        """Return one of the options."""
        return options[self.below(len(options))]

    def sample(self, options: Sequence[Option], count: int) -> list[Option]:
        """Return that many different options (all, if there are fewer) in random order."""
        rest = list(options)
        count = min(count, len(rest))
        for place in range(count):
            other = self.between(place, len(rest) - 1)
            rest[place], rest[other] = rest[other], rest[place]
        return rest[:count]


def digest(*parts: str | int) -> bytes:
    """Return 32 bytes that stand for these words and numbers."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).digest()


def spotify_id(*parts: str | int) -> str:
    """Return an id as Spotify makes them: 128 bits as 22 base62 characters."""
    number = int.from_bytes(digest(*parts)[:16], "big")
    characters = []
    for _ in range(22):
        number, character = divmod(number, 62)
        characters.append(_BASE62[character])
    return "".join(reversed(characters))


def image_key(*parts: str | int) -> str:
    """Return the 24 hexadecimal digits that tell one image from another in an image's address."""
    return digest("image", *parts).hex()[:24]
