"""A floor: the documents decompressed, and nothing else."""

import gzip

from benchmarks.contenders import Given, run


def contend(given: Given) -> None:
    """Read and decompress each document."""
    for path in given.compressed:
        gzip.decompress(path.read_bytes())


if __name__ == "__main__":
    run(contend)
