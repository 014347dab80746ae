"""A process that runs today, or only extracts it: `python -m spotify_pipeline_tests.faults.today run|extract`.

It starts faster than the command line, and says when it has; after an extraction it tells how many kilobytes of memory
it took.
"""

import re
import sys
from pathlib import Path

from spotify_pipeline.backends.choice import choose_backends
from spotify_pipeline.settings import load_settings
from spotify_pipeline.steps.extract import extract_day
from spotify_pipeline_tests.test_replayed_days import run_day


def main() -> None:
    backends = choose_backends(load_settings())
    today = backends.settings.today()
    print("begins", flush=True)  # noqa: T201
    if sys.argv[1] == "run":
        run_day(backends, today)
    else:
        backends.raw.commit(extract_day(backends, today))
        # Not from getrusage, which begins with what the process that started this one had.
        print(*re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii")))  # noqa: T201


if __name__ == "__main__":
    main()
