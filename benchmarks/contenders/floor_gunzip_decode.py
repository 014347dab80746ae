"""A floor: the documents decompressed and decoded as the transformation does it, and no tables made."""

import gzip

from benchmarks.contenders import Given, run
from spotify_pipeline.spotify.documents import Playlist, decode


def contend(given: Given) -> None:
    """Read, decompress and decode each document."""
    for path in given.compressed:
        decode(gzip.decompress(path.read_bytes()), Playlist)


if __name__ == "__main__":
    run(contend)
