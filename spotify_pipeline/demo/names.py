"""Names for invented artists, albums and songs, made from a genre's templates and words."""

import re
from collections import defaultdict

from spotify_pipeline.demo.genres import Genre, Templates
from spotify_pipeline.demo.repeatable import Dice


class Namer:
    """Makes names that differ from each other.

    Words are dealt like cards: each comes once before any comes again, which keeps the names apart.

    Args:
        genre: Whose words to use.
        dice: Decides on templates and words.
    """

    def __init__(self, genre: Genre, dice: Dice) -> None:
        self._genre = genre
        self._dice = dice
        self._decks: defaultdict[str, list[str]] = defaultdict(list)
        self._given: set[str] = set()

    def new_name(self, templates: Templates) -> str:
        """Return a name that was not returned before."""
        while (name := self._fill(self._dice.pick(templates))) in self._given:
            pass
        self._given.add(name)
        return name

    def _fill(self, template: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda gap: self._deal(gap[1]), template)

    def _deal(self, kind: str) -> str:
        deck = self._decks[kind]
        if len(deck) < 2:  # the last card stays on top of the new ones, so no word comes twice in a row
            words = [word for word in self._genre.words[kind] if word not in deck]
            deck[:0] = self._dice.sample(words, len(words))
        return deck.pop()
