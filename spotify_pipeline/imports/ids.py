"""Ids of playlists: Spotify's, and those for playlists of which a file does not tell Spotify's."""

import hashlib
import re
import unicodedata

from spotify_pipeline.spotify.playlist_ids import OWN

_LONGEST = 60
_SPOTIFYS = re.compile(r"[0-9A-Za-z]{22}", re.ASCII)
_SPOILT = re.compile(r"[^a-z0-9]+")
_FAITHFUL = re.compile(r"[A-Za-z0-9 _-]*")


def is_spotifys(text: object) -> bool:
    """Whether it has the form of Spotify's ids."""
    return isinstance(text, str) and _SPOTIFYS.fullmatch(text) is not None


def own_id(name: str) -> str:
    """The id of the playlist of this name: the same for the same name, and fit for names of files.

    Blanks, hyphens, underlines and capitals make no difference, as file names often lack them; everything else does.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = _SPOILT.sub("-", plain).strip("-")
    if _FAITHFUL.fullmatch(name) and 0 < len(slug) <= _LONGEST:
        return f"{OWN}{slug}"
    digest = hashlib.sha256(unicodedata.normalize("NFC", name).encode()).hexdigest()[:8]
    return f"{OWN}{'-'.join(filter(None, (slug[:_LONGEST].strip('-'), digest)))}"
