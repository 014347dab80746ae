"""AWS's runtime interface client, with a witness of what its process imports, compiles and needs.

    python witness.py REPORT HANDLER

Started by `runtime.py` with the Python that the functions get, so it imports nothing of this repository. When its
standard input ends, it writes the report and ends: the client itself has no end but a signal, which it does not notice
while it waits for an event.
"""

import json
import os
import runpy
import sys
from pathlib import Path
from threading import Thread
from typing import Any


def main() -> None:
    """Call the handler for each event, until the end."""
    report, handler = Path(sys.argv[1]), sys.argv[2]
    sys.path[0] = os.getcwd()  # noqa: PTH109  # instead of this file's folder: as `python -m awslambdaric` has it
    sys.argv[1:] = [handler]
    compiled: list[str] = []

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "compile" and arguments[1]:  # the file; what comes from byte code is not compiled
            compiled.append(os.fsdecode(arguments[1]))

    sys.addaudithook(note)
    Thread(target=_report_at_the_end, args=(report, compiled), daemon=True).start()
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)


def _report_at_the_end(report: Path, compiled: list[str]) -> None:
    sys.stdin.read()
    specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
    modules = {spec.name: spec.origin for spec in specs if spec}
    report.write_text(json.dumps({"modules": modules, "compiled": compiled, "peak_kilobytes": _peak_kilobytes()}))
    os._exit(0)


def _peak_kilobytes() -> int:
    """The most memory that the process has had; of itself alone, unlike what `resource` tells."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1])


if __name__ == "__main__":
    main()
