"""A command in a process of its own: how long it takes, what the processors do for it, how much memory it needs."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_SECONDS_BETWEEN_LOOKS = 0.02
_LONGEST_ERROR = 2000  # characters
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PROCESSES = Path("/proc")
_MOST_OF_MEMORY = 0.8  # more would make the machine useless, and kill others before this one


class TooMuchMemoryError(Exception):
    """A command took more memory than this machine can spare."""


@dataclass(frozen=True)
class Measured:
    """What a command took, from its start to its end, together with the processes that it has started.

    Attributes:
        wall: seconds on the clock.
        cpu: seconds of all processors, the system's included.
        peak_bytes: the most memory at any moment: resident pages of all its processes added up, so that pages which
            several share count several times. Without `/proc`, of the largest process.
        began: seconds of the epoch.
        output: what it printed.
        memory: seconds of the epoch, and the bytes in use then.
    """

    wall: float
    cpu: float
    peak_bytes: int
    began: float
    output: str
    memory: list[tuple[float, int]] = field(default_factory=list, repr=False)


def measure(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Measured:
    """Run it to its end.

    Args:
        command: program and arguments.
        environment: variables besides those of this process, none of which settings of the pipeline reach.

    Raises:
        TooMuchMemoryError: it was ended, because it took most of this machine's memory.
        RuntimeError: it failed; the message has the end of what it wrote to standard error.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SPOTI")}
    began, started = time.time(), time.perf_counter()
    memory: list[tuple[float, int]] = []
    ended = threading.Event()
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(  # noqa: S603  # the benchmark's own commands
            [str(part) for part in command],
            env=inherited | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        watcher = threading.Thread(target=_watch, args=(process, memory, ended), daemon=True)
        watcher.start()
        output = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        ended.set()
        watcher.join()
        errors.seek(0)
        said = errors.read()
    if any(used > _MOST_OF_MEMORY * memory_bytes() for _, used in memory):
        raise TooMuchMemoryError(f"needs more than {_MOST_OF_MEMORY * memory_bytes() / 1e9:.0f} GB of memory")
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} failed: {said[-_LONGEST_ERROR:]}")
    largest = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    peak = max([largest, *(bytes_ for _, bytes_ in memory)])
    return Measured(wall, usage.ru_utime + usage.ru_stime, peak, began, output, memory)


def memory_bytes() -> int:
    """The memory of this machine."""
    return _PAGE * os.sysconf("SC_PHYS_PAGES")


def _watch(process: subprocess.Popen[str], memory: list[tuple[float, int]], ended: threading.Event) -> None:
    """Note the memory in use now and then; end the process where it takes too much."""
    if not _PROCESSES.exists():
        return
    most = _MOST_OF_MEMORY * memory_bytes()
    while not ended.wait(_SECONDS_BETWEEN_LOOKS):
        used = sum(map(_resident, _tree(process.pid)))
        memory.append((time.time(), used))
        if used > most:
            os.kill(process.pid, signal.SIGKILL)
            return


def _tree(pid: int) -> Iterator[int]:
    """A process and all that it has started and that are still there."""
    yield pid
    for children in (_PROCESSES / str(pid) / "task").glob("*/children"):
        with suppress(OSError):  # it ended
            for child in children.read_text().split():
                yield from _tree(int(child))


def _resident(pid: int) -> int:
    with suppress(OSError, IndexError):  # it ended
        return int((_PROCESSES / str(pid) / "statm").read_text().split()[1]) * _PAGE
    return 0
