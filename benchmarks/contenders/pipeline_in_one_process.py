"""This project, as it would do on one core."""

from functools import partial

from benchmarks.contenders import run
from benchmarks.contenders.pipeline import contend

if __name__ == "__main__":
    run(partial(contend, processes=1))
