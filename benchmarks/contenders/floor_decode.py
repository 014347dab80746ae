"""A floor: the typed decode that the transformation uses, of documents that are not compressed, and nothing else."""

from benchmarks.contenders import Given, run
from spotify_pipeline.spotify.documents import Playlist, decode


def contend(given: Given) -> None:
    """Read and decode each document."""
    for path in given.plain:
        decode(path.read_bytes(), Playlist)


if __name__ == "__main__":
    run(contend)
