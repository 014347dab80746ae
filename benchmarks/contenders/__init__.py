"""Ways to make a day's tables from its documents, and what no way can be faster than: each in a process of its own.

    python -m benchmarks.contenders.tutorial --shape old DAY OUTPUT

`DAY` is a data folder that `benchmarks.raw_day` has laid, with the same documents, not compressed, under `plain/`.
Tables go to `OUTPUT` as Parquet files. What is printed is how many seconds passed once everything was imported.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.catalogue import Shape


@dataclass(frozen=True)
class Given:
    """What a contender is to make tables of, and where they go.

    Attributes:
        day: the data folder.
        output: an empty folder.
        shape: of the documents: `old` or `new`.
    """

    day: Path
    output: Path
    shape: Shape

    @property
    def compressed(self) -> list[Path]:
        """The documents as the raw store keeps them."""
        return sorted(self.day.glob("raw/playlists/*/*.json.gz"))

    @property
    def plain(self) -> list[Path]:
        """The documents, not compressed."""
        return sorted(self.day.glob("plain/*.json"))

    @property
    def keys(self) -> tuple[str, str]:
        """What holds the page in a playlist, and the track in an entry."""
        return ("items", "item") if self.shape is Shape.NEW else ("tracks", "track")


def run(contend: Callable[[Given], None]) -> None:
    """Do it for what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", type=Shape, default=Shape.OLD)
    parser.add_argument("day", type=Path)
    parser.add_argument("output", type=Path)
    given = Given(**vars(parser.parse_args()))
    began = time.perf_counter()
    contend(given)
    print(time.perf_counter() - began)
