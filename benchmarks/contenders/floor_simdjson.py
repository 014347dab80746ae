"""A floor: simdjson parses documents that are not compressed, and no value becomes a Python object."""

import simdjson

from benchmarks.contenders import Given, run


def contend(given: Given) -> None:
    """Read and parse each document."""
    parser = simdjson.Parser()
    for path in given.plain:
        parser.parse(path.read_bytes())


if __name__ == "__main__":
    run(contend)
