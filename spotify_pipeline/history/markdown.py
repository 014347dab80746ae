"""Other people's text inside Markdown, or inside a text that programs look for links in, as text."""

import re

from spotify_pipeline.history.words import visible

_LONGEST = 200  # characters of one name
_MARKUP = re.compile(r"[\\`*_\[\]<>&~|$]")
# Where GitHub's Markdown would make a link of what is none in CommonMark, escaped or not.
_IN_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)", re.IGNORECASE)


def escaped(text: str) -> str:
    """The text on one line, cut where it is very long, so that nothing in it is markup, HTML or a link."""
    return _MARKUP.sub(r"\\\g<0>", unmarked(text))


def unmarked(text: str) -> str:
    """The text on one line, cut where it is very long, so that nothing in it is taken for a link."""
    shown = visible(text).strip()
    shown = shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
    return _IN_ADDRESS.sub("\N{WORD JOINER}", shown)
