"""Kinds of details: the full objects of artists and albums, of which tracks hold a part only."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from spotify_pipeline.spotify.documents import Album, Artist

Detail = TypeVar("Detail", Artist, Album)


@dataclass(frozen=True)
class Kind(Generic[Detail]):
    """What details there are of.

    Attributes:
        name: as the Web API and the raw store call it.
        type: what is read of an object.
        most: how many may be asked for at once.
    """

    name: str
    type: type[Detail]
    most: int


ARTISTS = Kind("artists", Artist, 50)
ALBUMS = Kind("albums", Album, 20)
