"""A call in a Python process of its own.

As `multiprocessing` makes it, but without importing the main module there: the command line's takes longer than all
that a share needs, and a script would run twice that was not made for it.
"""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import TypeVar, cast

_Outcome = TypeVar("_Outcome")


class ProcessKilledError(Exception):
    """The process ended before its call did."""


def call_in_process(call: Callable[[], _Outcome]) -> _Outcome:
    """Call in another process, and wait for what comes of it.

    Args:
        call: a function of a module, or a `partial` of one; it and what comes of it can be pickled.

    Raises:
        ProcessKilledError: the process was killed, or did not start.
    """
    done = subprocess.run(  # noqa: S603  # this module
        [sys.executable, "-m", __name__],
        input=pickle.dumps(call),
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    if done.returncode:
        raise ProcessKilledError
    outcome = pickle.loads(done.stdout)  # noqa: S301  # this module has written it
    if isinstance(outcome, Exception):
        raise outcome
    return cast("_Outcome", outcome)


def _answer() -> None:
    """Be that process: read the call from standard input, write what comes of it to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # who interrupts the pipeline needs no traceback of each process
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what is printed is no answer
        try:
            outcome = pickle.load(sys.stdin.buffer)()  # noqa: S301  # this module has written it
        except Exception as error:  # noqa: BLE001  # whatever it is, it is raised where the call came from
            outcome = error
        pickle.dump(outcome, answers)
    os._exit(0)  # Python would free one by one what goes with the process


if __name__ == "__main__":
    _answer()
